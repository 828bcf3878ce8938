from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.evaluation.comparisons.subgroups import GapLimits, find_groups, measure_groups
from tests.models.metrics.simulated import Simulated, simulate

LIMITS = GapLimits(min_events=20, max_c_index_gap=0.05, max_calibration_gap=0.25)


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(1500, seed=51)


def test_groups_are_those_of_the_patients_and_missing_calcium_is_one() -> None:
    covariates = pd.DataFrame(
        {
            "age": [50.0, 60, 70, 80],
            "sex": ["female", "male", "male", None],
            "cac_agatston": [0.0, 50, 400, np.nan],
            "statin_intensity": ["none", "high", None, "low"],
        }
    )
    groups = {key: np.flatnonzero(rows).tolist() for key, rows in find_groups(covariates).items()}
    assert groups == {
        ("sex", "female"): [0],
        ("sex", "male"): [1, 2],
        ("age_band", "below 55"): [0],
        ("age_band", "55 to 64"): [1],
        ("age_band", "65 to 74"): [2],
        ("age_band", "75 or above"): [3],
        ("statin", "yes"): [1, 3],
        ("statin", "no"): [0],
        ("cac_group", "0"): [0],
        ("cac_group", "1 to 99"): [1],
        ("cac_group", "300 or above"): [2],
        ("cac_group", "missing"): [3],
    }


def test_a_group_of_everyone_is_none() -> None:
    assert not find_groups(pd.DataFrame({"sex": ["male", "male"]}))


def _judge(
    endpoint: Endpoint, risk: FloatArray, n_small: int = 700
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = np.arange(len(risk)) < n_small
    groups = {("sex", "female"): rows, ("sex", "male"): ~rows}
    return measure_groups(endpoint, risk, groups, 8, 1, 40, LIMITS)


def test_a_planted_miscalibration_of_one_group_is_a_finding(cohort: Simulated) -> None:
    risk = cohort.risk(8)
    risk[:700] *= 0.5
    _, gaps = _judge(cohort.endpoint, risk)
    found = gaps[gaps["finding"] != ""]
    assert "sex: female: at 8 years risks are too low" in found["finding"].iloc[0]
    assert set(found["metric"]) == {"observed_over_expected"}


def test_a_planted_loss_of_ranking_in_one_group_is_a_finding(cohort: Simulated) -> None:
    risk = cohort.risk(8)
    risk[:700] = np.random.default_rng(2).permutation(risk[:700])
    _, gaps = _judge(cohort.endpoint, risk)
    c_index = gaps[(gaps["metric"] == "c_index") & (gaps["level"] == "female")].iloc[0]
    assert "patients are ranked worse" in c_index["finding"]
    assert c_index["upper"] < 0


def test_a_model_that_is_right_gives_no_finding(cohort: Simulated) -> None:
    _, gaps = _judge(cohort.endpoint, cohort.risk(8))
    assert gaps["finding"].eq("").all()


def test_a_small_group_is_shown_and_marked_and_no_gap_in_it_is_a_finding(
    cohort: Simulated,
) -> None:
    risk = cohort.risk(8)
    risk[:30] *= 0.2
    figures, gaps = _judge(cohort.endpoint, risk, n_small=30)
    female = figures[figures["level"] == "female"]
    assert female["small"].all()
    assert (female["n"] == "30").all()
    assert gaps.loc[gaps["level"] == "female", "finding"].eq("").all()


def test_a_group_of_few_events_keeps_its_row_and_tells_no_figure_and_no_count(
    cohort: Simulated,
) -> None:
    seen = np.flatnonzero((cohort.endpoint.event == 1) & (cohort.endpoint.time <= 8))
    quiet = np.setdiff1d(np.arange(1500), seen)[:50]
    groups = {("sex", "female"): np.isin(np.arange(1500), np.r_[seen[:9], quiet])}
    figures, gaps = measure_groups(cohort.endpoint, cohort.risk(8), groups, 8, 1, 5, LIMITS)
    assert set(figures["events"]) == {"<10"}
    assert set(figures["n"]) == {"60"}  # 59, told in tens
    assert figures["small"].all()
    assert figures[["estimate", "lower", "upper"]].isna().all(axis=None)
    assert gaps[["estimate", "gap", "lower", "upper"]].isna().all(axis=None)


def test_a_ratio_is_tested_on_the_log_scale_and_shares_chance_with_every_table() -> None:
    """26 events where 43 were expected: 3.3 standard errors on the plain scale, 2.6 on the log."""
    n, small = 4300, 430
    event = np.zeros(n, dtype=np.int8)
    event[:26] = 1
    event[small : small + 387 + 17] = 1
    endpoint = Endpoint(np.full(n, 10.0), event, 10.0)
    groups = {("sex", "female"): np.arange(n) < small}
    risk = np.full(n, 0.1)
    found = {
        tables: measure_groups(
            endpoint, risk, groups, 10, 1, 200, replace(LIMITS, n_tables=tables)
        )[1]["finding"]
        .ne("")
        .any()
        for tables in (1, 20)
    }
    assert found == {1: True, 20: False}


def test_a_lower_c_index_within_ages_is_no_finding(cohort: Simulated) -> None:
    groups = {("age_band", "below 55"): cohort.margin < 0}
    _, gaps = measure_groups(cohort.endpoint, cohort.risk(8), groups, 8, 1, 30, LIMITS)
    c_index = gaps[gaps["metric"] == "c_index"].iloc[0]
    assert c_index["gap"] < -LIMITS.max_c_index_gap
    assert c_index["finding"] == ""
