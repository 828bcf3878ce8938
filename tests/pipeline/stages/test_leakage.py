from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.errors import CohortError
from models.leakage.limits import Limits
from pipeline.settings.params import Params, Paths
from pipeline.training.leakage_gate import limits_of, require_no_leak
from tests.models.leakage.shipped import simulated_briefly

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.load(ROOT / "params.yaml")


@pytest.fixture
def cohort() -> Cohort:
    """With the heart rate of the scan overwritten by one at the event."""
    subject = simulated_briefly()
    draws = np.random.default_rng(2)
    late = draws.normal(np.where(subject.has_event, 100.0, 70.0), 6.0).round()
    covariates = subject.columns.assign(heart_rate=late)
    return Cohort("mine", covariates, subject.endpoint, subject.site, subject.entry)


@pytest.fixture
def split(cohort: Cohort) -> pd.DataFrame:
    subject = simulated_briefly()
    assert subject.held_out is not None
    part = np.where(subject.held_out, "held_out", "development")
    return pd.DataFrame({"part": part}, index=cohort.covariates.index)


def test_the_run_stops_at_a_leak_and_names_column_measure_and_remedy(
    cohort: Cohort, split: pd.DataFrame, params: Params, tmp_path: Path
) -> None:
    with pytest.raises(CohortError, match=r"heart_rate: .* \d.*\. .*remove it") as refused:
        require_no_leak(cohort, split, params, Paths(tmp_path))
    head, *problems = str(refused.value).splitlines()
    assert head == f"Leakage in mine: {len(problems)} problem{'s' if len(problems) > 1 else ''}"
    assert all('leakage.accepted, "heart_rate.' in problem for problem in problems)
    told = json.loads((Paths(tmp_path).train / "leakage.json").read_text())
    assert told["passed"] is False
    assert {leak["column"] for leak in told["leaks"]} == {"heart_rate"}


def test_a_written_reason_lets_it_pass_and_stays_on_record(
    cohort: Cohort, split: pd.DataFrame, params: Params, tmp_path: Path
) -> None:
    why = "planted on purpose by this very test"
    reason = {"heart_rate.event": why, "heart_rate.too_good": why}
    accepting = replace(params, leakage=replace(params.leakage, accepted=reason))
    require_no_leak(cohort, split, accepting, Paths(tmp_path))
    told = json.loads((Paths(tmp_path).train / "leakage.json").read_text())
    assert told["passed"] is True
    assert {leak["accepted"] for leak in told["leaks"]} == {why}


def test_a_variable_that_the_model_may_not_see_cannot_leak(
    cohort: Cohort, split: pd.DataFrame, params: Params, tmp_path: Path
) -> None:
    blind = replace(params, featurize=replace(params.featurize, exclude=("heart_rate",)))
    require_no_leak(cohort, split, blind, Paths(tmp_path))


def test_a_column_of_the_file_named_like_an_outcome_is_seen_through_the_map(
    cohort: Cohort, split: pd.DataFrame, params: Params, tmp_path: Path
) -> None:
    named = replace(cohort, about={"columns": {"cac_agatston": ["cac_last_visit"]}})
    with pytest.raises(CohortError, match="cac_agatston: is read from cac_last_visit"):
        require_no_leak(named, split, params, Paths(tmp_path))


def test_the_params_file_that_ships_sets_the_limits_that_are_documented(params: Params) -> None:
    assert limits_of(params.leakage) == Limits()
    assert params.leakage.accepted == {}
