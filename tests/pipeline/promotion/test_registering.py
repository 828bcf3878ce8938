"""Registering and promoting on one registry: at once, and killed at any change of the database.

The law: no run is left RUNNING and no logged model unfinished, each trained model is registered
once, its files are those that were trained, and the aliases stand for what was done last.

All changes, not some: KILLS=9999 pytest -m slow -n0 with the path of this file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.storage.model_folder import read_about, seal_model_folder, verify_model_folder
from pipeline.locating import load_model_folder
from pipeline.settings.params import Params
from pipeline.tracking import Tracking
from tests.asked_process import AskedProcess
from tests.pipeline.promotion.passing import write_project

ROOT = Path(__file__).parents[3]
N_KILLS = int(os.environ.get("KILLS", "6"))

pytestmark = pytest.mark.slow


class Registry:
    """A registry and two projects, whose models differ, that register there."""

    def __init__(self, template: Path) -> None:
        self.template, self.root = template, template
        self.params = Params.load(ROOT / "params.yaml")
        self.process = AskedProcess("tests.pipeline.promotion.registering")

    def fresh(self, begun: Path | None = None) -> Path:
        """A copy of the template, or of what was begun; elsewhere: MLflow keeps files open."""
        self.root = Path(tempfile.mkdtemp(dir=self.template.parent))
        return Path(shutil.copytree(begun or self.template, self.root, dirs_exist_ok=True))

    def run(self, *jobs: tuple[str, str, int]) -> list[Any]:
        """All at once, each as project, what, commit to be killed at; ``[code, commits, told]``."""
        begin = [dict(zip(("project", "what", "kill_at"), job, strict=True)) for job in jobs]
        ended: list[Any] = self.process.ask({"root": str(self.root), "begin": begin})
        assert not any("Traceback" in told for _, _, told in ended), ended
        return ended

    def digest(self, project: str) -> str:
        return read_about(self.root / project / "outputs" / "train" / "model").digest

    def tracking(self) -> Tracking:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{self.root}/mlflow.db"
        return Tracking(self.root)

    def digests(self) -> list[str]:
        """Of the versions, in their order; requires all else of the law."""
        from mlflow import MlflowClient

        tracking, client = self.tracking(), MlflowClient()
        experiment = client.get_experiment_by_name(self.params.register.experiment)
        runs = client.search_runs([experiment.experiment_id])
        assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
        models = client.search_logged_models([experiment.experiment_id])
        assert {str(model.status) for model in models} <= {"READY", "FAILED"}
        finished = {run.info.run_id for run in runs if run.info.status == "FINISHED"}
        name = self.params.register.model_name
        found = sorted(
            client.search_model_versions(f"name = '{name}'"), key=lambda one: int(one.version)
        )
        for one in found:
            assert one.run_id in finished
            assert tracking.read_run_file(one.run_id, "evaluate/metrics.json") is not None
            folder = load_model_folder(f"models:/{name}/{one.version}", self.root)
            assert verify_model_folder(folder).digest == one.tags["digest"]
        return [one.tags["digest"] for one in found]

    def alias(self, alias: str) -> str | None:
        """The digest of the model under it."""
        found = self.tracking().find_version(self.params.register.model_name, alias)
        return None if found is None else found.digest


@pytest.fixture(scope="module")
def registry(
    tmp_path_factory: pytest.TempPathFactory, model_folder: Path, drawn_covariates: pd.DataFrame
) -> Iterator[Registry]:
    place = tmp_path_factory.mktemp("registry")
    template = place / "template"
    for name in ("a", "b"):
        paths = write_project(template / name, model_folder, drawn_covariates)
        about = replace(read_about(paths.model), code_version=name)
        seal_model_folder(paths.model, about)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{template}/mlflow.db")
        Tracking(template).find_version("none", "1")  # makes the database, which takes seconds
        found = Registry(template)
        yield found
        found.process.close()


def choose(n_commits: int) -> list[int]:
    """Commits at which to be killed, the last ones among them: there versions and aliases are."""
    n = min(N_KILLS, n_commits)
    spread = {1 + round(i * (n_commits - 1) / max(n - 1, 1)) for i in range(n)}
    return sorted(spread | set(range(max(1, n_commits - 3), n_commits + 1)))


def test_registering_that_was_killed_at_any_change_is_made_good_by_the_next(
    registry: Registry,
) -> None:
    registry.fresh()
    ((code, n_commits, _),) = registry.run(("a", "register", 0))
    assert code == 0
    for at in choose(n_commits):
        registry.fresh()
        assert registry.run(("a", "register", at))[0][0] == -9
        assert registry.run(("a", "register", 0))[0][0] == 0, at
        assert registry.digests() == [registry.digest("a")], at
        assert registry.alias("challenger") == registry.digest("a"), at


def test_one_of_two_that_register_at_once_may_be_killed_at_any_change(registry: Registry) -> None:
    registry.fresh()
    both = registry.run(("a", "register", 0), ("a", "register", 0))
    assert [code for code, _, _ in both] == [0, 0]
    assert registry.digests() == [registry.digest("a")]
    ((_, n_commits, _),) = registry.run(("b", "register", 0))
    n_killed = 0
    for at in choose(n_commits)[::2]:
        registry.fresh()
        first, whole = registry.run(("a", "register", at), ("b", "register", 0))
        # behind the other one it has less to do, and may be through before it is killed
        assert first[0] in (-9, 0) and whole[0] == 0, at
        n_killed += first[0] == -9
        assert registry.run(("b", "register", 0))[0][0] == 0
        found = registry.digests()
        assert sorted(found) == sorted(set(found)), at
        assert registry.alias("challenger") == registry.digest("b")
    assert n_killed


def test_a_promotion_that_was_killed_at_any_change_left_the_alias_where_it_was_or_is_to_be(
    registry: Registry,
) -> None:
    registry.fresh()
    registry.run(("a", "register", 0))
    ((code, n_commits, told),) = registry.run(("a", "promote", 0))
    assert code == 0, told
    registry.run(("b", "register", 0))
    begun = registry.root
    for at in choose(n_commits):
        registry.fresh(begun)
        assert registry.run(("b", "promote", at))[0][0] == -9
        moved = registry.alias("champion")
        assert moved in (registry.digest("a"), registry.digest("b"))
        if moved == registry.digest("b"):
            version = registry.tracking().find_version("calcirisk", "champion")
            assert version is not None
            from mlflow import MlflowClient

            assert MlflowClient().list_artifacts(version.run_id, "promotion")
        assert registry.run(("b", "promote", 0))[0][0] == 0
        assert registry.alias("champion") == registry.digest("b")
        registry.digests()


def test_registering_and_promoting_at_once_are_as_one_after_the_other(registry: Registry) -> None:
    registry.fresh()
    registry.run(("a", "register", 0))
    registered, promoted = registry.run(("b", "register", 0), ("a", "promote", 0))
    assert (registered[0], promoted[0]) == (0, 0)
    assert registry.digests() == [registry.digest("a"), registry.digest("b")]
    assert registry.alias("challenger") == registry.digest("b")
    assert registry.alias("champion") in (registry.digest("a"), registry.digest("b"))
