from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from features.errors import ConfigError, ModelError
from models.storage.model_folder import read_about, seal_model_folder
from pipeline.commands import cli
from pipeline.commands.promote import PromoteRequest, promote
from pipeline.settings.params import Params, Paths
from pipeline.stages import register
from pipeline.tracking import Tracking, Version
from tests.pipeline.promotion.passing import write_metrics, write_project

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def params(request: pytest.FixtureRequest) -> Params:
    """The project's parameters, registering under a name of this test alone."""
    params = Params.load(REPOSITORY / "params.yaml")
    name = "calcirisk-" + request.node.name[:40]
    return replace(params, register=replace(params.register, model_name=name))


@pytest.fixture
def paths(
    tmp_path: Path, tracking_root: Path, model_folder: Path, drawn_covariates: pd.DataFrame
) -> Paths:
    """The outputs of a run whose model passes every gate."""
    return write_project(tmp_path, model_folder, drawn_covariates)


def register_anew(params: Params, paths: Paths, digest_of: str = "") -> None:
    """The next version; ``digest_of`` sets apart a model that is otherwise the same."""
    if digest_of:
        seal_model_folder(paths.model, replace(read_about(paths.model), code_version=digest_of))
    register.run(params, paths)


def find(params: Params, paths: Paths, which: str) -> Version:
    version = Tracking(paths.root).find_version(params.register.model_name, which)
    assert version is not None
    return version


def test_a_model_that_passes_becomes_champion_and_the_decision_is_kept(
    params: Params, paths: Paths
) -> None:
    register_anew(params, paths)
    decision = promote(params, paths)
    assert decision.exit_code == 0, decision.describe()
    champion = find(params, paths, "champion")
    assert champion.tags["promotion"] == "promoted"
    assert "not for care" in champion.tags["promotion.demonstration"]
    record = f"promotion/{decision.time.replace(':', '-')}.json"
    kept = Tracking(paths.root).read_run_file(champion.run_id, record)
    assert kept == decision.to_json()


def test_what_fails_is_refused_then_forced_loudly_and_every_decision_stays(
    params: Params, paths: Paths
) -> None:
    register_anew(params, paths)
    promote(params, paths)
    write_metrics(paths, 1.5)
    register_anew(params, paths, digest_of="later")
    refused = promote(params, paths)
    assert refused.exit_code == 1
    assert find(params, paths, "champion").number == 1
    tags = find(params, paths, "2").tags
    assert tags["promotion"] == "refused"
    assert tags["promotion.failed_gates"].startswith("observed over expected, 5 years")
    # the same predictor, scored on the patients that lie here
    assert "paired: both scored on the 800 patients" in tags["promotion.gates"]

    forced = promote(params, paths, PromoteRequest(force_reason="version 1 failed in the clinic"))
    assert forced.exit_code == 0
    champion = find(params, paths, "champion")
    assert (champion.number, champion.tags["promotion"]) == (2, "FORCED")
    assert champion.tags["promotion.forced_because"] == "version 1 failed in the clinic"
    for decision in (refused, forced):
        record = f"promotion/{decision.time.replace(':', '-')}.json"
        assert Tracking(paths.root).read_run_file(champion.run_id, record) == decision.to_json()


def test_nobody_can_force_a_leak(params: Params, paths: Paths) -> None:
    leak = {"column": "heart_rate", "measured": "has a C-index of 0.97", "accepted": None}
    (paths.train / "leakage.json").write_text(json.dumps({"passed": False, "leaks": [leak]}))
    register_anew(params, paths)
    decision = promote(params, paths, PromoteRequest(force_reason="we want it all the same"))
    assert decision.exit_code == 1
    assert "Nobody may force: leakage" in decision.describe()
    assert Tracking(paths.root).find_version(params.register.model_name, "champion") is None


def test_promoting_what_is_not_registered_says_what_is(params: Params, paths: Paths) -> None:
    with pytest.raises(ModelError, match="Registered here"):
        promote(params, paths, PromoteRequest("77"))


def test_force_needs_a_reason_of_some_length(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="--reason with 15 characters"):
        PromoteRequest(force_reason="because")
    assert cli.main(["promote", "--force"]) == 2
    assert cli.main(["promote", "--reason", "one that is long enough"]) == 2
    assert "--reason needs --force" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_that_promote_at_once_leave_one_champion_and_two_whole_records(
    params: Params, paths: Paths
) -> None:
    register_anew(params, paths)
    register_anew(params, paths, digest_of="later")
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    content["register"]["model_name"] = params.register.model_name
    file = paths.root / "params.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    code = "import sys; from pipeline.commands.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "promote", "--params", str(file), "--version"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    running = [
        subprocess.Popen([*command, number], env=environment, stdout=subprocess.PIPE, text=True)
        for number in ("1", "2")
    ]
    told = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    judged = {number: find(params, paths, number) for number in ("1", "2")}
    before = {n: version.tags["promotion.champion_before"] for n, version in judged.items()}
    # One found none and the other found the first: they were judged one after the other.
    first = next(number for number, champion in before.items() if champion == "none")
    last = "2" if first == "1" else "1"
    assert before[last] == first
    assert find(params, paths, "champion").number == int(last)
    for version in judged.values():
        assert json.loads(version.tags["promotion.thresholds"])["alias"] == "champion"
        assert "trained on" in version.tags["promotion.gates"]
