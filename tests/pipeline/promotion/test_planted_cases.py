"""What a reviewer would plant to see whether the gates name it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.errors import CohortError
from pipeline.commands.promote import PromoteRequest, promote
from pipeline.promotion.decision import Decision
from pipeline.settings.params import Params, Paths
from pipeline.stages import evaluate, featurize, ingest, register, report, simulate, source, train

ROOT = Path(__file__).parents[3]
GROUP = "black"


@pytest.fixture(scope="module")
def params() -> Params:
    """Soon computed, on a model that may not see what the planted group is told by."""
    given = Params.load(ROOT / "params.yaml")
    boosted = replace(given.train.boosted, max_rounds=20, learning_rate=0.2)
    linear = replace(given.train.linear, means=(1.0,), widths=(0.5,), penalties=())
    measured = replace(given.evaluate, n_folds=0, n_bootstrap=40, incremental=False)
    return replace(
        given,
        horizons=(10.0,),
        simulate=replace(given.simulate, n_patients=2400),
        featurize=replace(given.featurize, exclude=("ethnicity", "lpa_mass")),
        train=replace(given.train, n_folds=3, boosted=boosted, linear=linear),
        evaluate=measured,
        register=replace(given.register, model_name="calcirisk-planted"),
    )


@pytest.fixture(scope="module")
def paths(params: Params, tmp_path_factory: pytest.TempPathFactory, tracking_root: Path) -> Paths:
    """All stages on a cohort one group of which has events that nothing foretells."""
    paths = Paths(ROOT, tmp_path_factory.mktemp("planted"))
    for stage in (source, simulate, ingest):
        stage.run(params, paths)
    plant_events(Cohort.read(paths.ingest)).write(paths.ingest)
    for stage in (featurize, train, evaluate, register):
        stage.run(params, paths)
    return paths


def plant_events(cohort: Cohort) -> Cohort:
    assert cohort.endpoint is not None
    rng = np.random.default_rng(3)
    time, event = cohort.endpoint.time.copy(), cohort.endpoint.event.copy()
    group = cohort.covariates["ethnicity"].eq(GROUP).to_numpy(dtype=bool)
    struck = group & (event != 1) & (rng.random(len(time)) < 0.3)
    time[struck] *= rng.uniform(0.1, 1.0, int(struck.sum()))
    event[struck] = 1
    return replace(cohort, endpoint=Endpoint(time, event))


def plant_leak(cohort: Cohort) -> Cohort:
    assert cohort.endpoint is not None
    rng = np.random.default_rng(2)
    late = rng.normal(np.where(cohort.endpoint.event == 1, 100.0, 70.0), 6.0).round()
    return replace(cohort, covariates=cohort.covariates.assign(heart_rate=late))


def write_report(params: Params, paths: Paths) -> str:
    """The first section of the report: what a reader sees at once."""
    report.run(params, paths)
    page = (paths.report / "report.html").read_text(encoding="utf-8")
    return page[page.index('aria-labelledby="summary"') : page.index('aria-label="Contents"')]


def failed(decision: Decision) -> dict[str, str]:
    return {gate.name: gate.found for gate in decision.gates if not gate.passed}


@pytest.mark.slow
def test_report_and_gates_name_a_planted_subgroup_and_then_a_planted_leak(
    params: Params, paths: Paths
) -> None:
    decision = promote(params, paths)
    assert decision.exit_code == 1
    told = failed(decision)
    assert "risks are too low" in told[f"subgroup ethnicity {GROUP}"]
    assert "leakage" not in told
    label = Dictionary.load()["ethnicity"].label
    assert f"{label}: {GROUP}: at 10 years risks are too low" in write_report(params, paths)

    plant_leak(Cohort.read(paths.ingest)).write(paths.ingest)
    with pytest.raises(CohortError, match="heart_rate"):
        train.run(params, paths)
    first_page = write_report(params, paths)
    assert "Unexplained leakage:</strong> Resting heart rate: " in first_page
    # Someone registers what an earlier training left behind.
    register.run(params, paths)
    leaking = promote(params, paths, PromoteRequest(force_reason="we want it all the same"))
    assert leaking.exit_code == 1
    assert "heart_rate" in failed(leaking)["leakage"]
    assert "Nobody may force: leakage" in leaking.describe()
