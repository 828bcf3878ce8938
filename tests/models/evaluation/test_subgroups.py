from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.array_types import FloatArray
from features.cohort_map.own_variables import read_own_variables
from features.dictionary.dictionary import Dictionary
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


def test_every_yes_and_every_level_of_ones_own_variables_is_a_group() -> None:
    entries = {
        "gout": {"label": "Gout", "kind": "boolean"},
        "referral": {"label": "Referral", "kind": "category", "codes": ["ward", "clinic", "other"]},
        "troponin": {"label": "Troponin", "unit": "ng/L", "range": ["0", "9000"]},
    }
    dictionary = Dictionary.load().extended(read_own_variables("clinic.yaml", entries))
    covariates = pd.DataFrame(
        {
            "gout": [1.0, 0.0, np.nan] + 97 * [0.0],
            "referral": 60 * ["ward"] + 39 * ["clinic"] + ["other"],
            "troponin": 5.0,
        }
    )
    covariates.loc[:1, "gout"] = 1.0
    found = {key: int(rows.sum()) for key, rows in find_groups(covariates, dictionary).items()}
    # of "other" there are too few, of no variable of one's own is a number or a no a group
    assert found == {
        ("gout", "yes"): 2,
        ("referral", "ward"): 60,
        ("referral", "clinic"): 39,
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
    assert "Sex: female: at 8 years risks are too low" in found["finding"].iloc[0]
    assert set(found["metric"]) == {"observed_over_expected"}


def test_a_finding_names_the_group_by_the_label_of_its_variable(cohort: Simulated) -> None:
    own = {"gicht_j_n": {"label": "Gicht (j/n)", "kind": "boolean"}}
    known = Dictionary.load().extended(read_own_variables("klinik.yaml", own))
    risk, rows = cohort.risk(8), np.arange(1500) < 700
    risk[rows] *= 0.5
    for subgroup, name in (("gicht_j_n", "Gicht (j/n)"), ("prior_cad", known["prior_cad"].label)):
        groups = {(subgroup, "yes"): rows, (subgroup, "no"): ~rows}
        _, gaps = measure_groups(cohort.endpoint, risk, groups, 8, 1, 40, LIMITS, known)
        assert gaps.loc[gaps["finding"] != "", "finding"].iloc[0].startswith(f"{name}: yes: at")


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


def _of_yes_or_no(events: int, patients: int, others: int = 4000) -> pd.Series:
    """The gap in calibration of a group of whom a tenth should have the event, as of all others."""
    event = np.zeros(patients + others, dtype=np.int8)
    event[:events] = 1
    event[patients : patients + others // 10] = 1
    n = len(event)
    groups = {("sex", "female"): np.arange(n) < patients}
    endpoint, limits = Endpoint(np.full(n, 10.0), event, 10.0), replace(LIMITS, n_tables=20)
    gaps = measure_groups(endpoint, np.full(n, 0.1), groups, 10, 1, 200, limits)[1]
    return gaps[gaps["metric"] == "observed_over_expected"].iloc[0]


@pytest.mark.parametrize("events", [0, 1, 5, 9, 12])
def test_far_too_few_events_are_a_finding_however_few_they_are(events: int) -> None:
    gap = _of_yes_or_no(events, patients=450)
    assert "Sex: female: at 10 years risks are too high beside those of all" in gap["finding"]
    assert f"{gap['events']} events where about 50 were expected" in gap["finding"]
    assert gap["chance"] == "beyond chance after all looks"
    assert not gap["small"]


def test_a_finding_of_few_events_tells_no_figure_that_counts_them() -> None:
    gap = _of_yes_or_no(5, patients=450)
    assert gap[["estimate", "gap", "lower", "upper"]].isna().all()
    assert gap["finding"].endswith("(about 450 patients, <10 events where about 50 were expected).")


def test_far_too_many_events_are_a_finding_however_few_were_expected() -> None:
    gap = _of_yes_or_no(30, patients=60)
    assert "risks are too low beside those of all" in gap["finding"]
    assert "30 events where <10 were expected" in gap["finding"]


def test_few_events_of_few_expected_are_not_tested_and_that_is_told() -> None:
    gap = _of_yes_or_no(5, patients=100)
    assert gap["small"]
    assert gap["not_tested"] == "too few events"
    assert gap["finding"] == ""


def test_gaps_share_chance_with_every_table() -> None:
    """26 events where 43 were expected: 3.1 standard errors, enough for one look, not for 20."""
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
        for tables in (1, 40)
    }
    assert found == {1: True, 40: False}


def test_only_c_indices_of_ages_are_not_tested_as_lower_by_nature(cohort: Simulated) -> None:
    groups = {("age_band", "below 55"): cohort.margin < 0}
    _, gaps = measure_groups(cohort.endpoint, cohort.risk(8), groups, 8, 1, 30, LIMITS)
    assert dict(zip(gaps["metric"], gaps["not_tested"], strict=True)) == {
        "c_index": "lower by nature",
        "observed_over_expected": "",
    }


def test_a_lower_c_index_within_ages_is_no_finding(cohort: Simulated) -> None:
    groups = {("age_band", "below 55"): cohort.margin < 0}
    _, gaps = measure_groups(cohort.endpoint, cohort.risk(8), groups, 8, 1, 30, LIMITS)
    c_index = gaps[gaps["metric"] == "c_index"].iloc[0]
    assert c_index["gap"] < -LIMITS.max_c_index_gap
    assert c_index["finding"] == ""


def test_the_observed_risk_of_one_group_does_not_give_the_events_of_the_other() -> None:
    """Of a yes or no it is events over patients: to six digits it gave both numbers exactly."""
    event = np.r_[np.tile([1, 0, 0, 0, 0], 180), np.ones(3), np.zeros(97)].astype(np.int8)
    risk, rows = np.full(1000, 0.18), np.arange(1000) < 900
    endpoint = Endpoint(np.full(1000, 5.0), event, 5.0)
    groups = {("sex", "female"): rows, ("sex", "male"): ~rows}
    figures, _ = measure_groups(endpoint, risk, groups, 5, 1, 20, LIMITS)
    own = figures[(figures["level"] == "female") & (figures["metric"] == "observed_risk")].iloc[0]
    fitting = {k for n in range(895, 905) for k in range(n) if abs(k / n - own["estimate"]) < 0.005}
    assert own["estimate"] == pytest.approx(0.2, abs=0.01)
    assert len(fitting) >= 9
