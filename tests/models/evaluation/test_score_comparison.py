from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.evaluation.comparisons.score_comparison import (
    MIN_EVENTS,
    compare_scores,
    describe_coverage,
    score_risks,
)
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.reference_scores.registry import REFERENCE_SCORES
from tests.models.metrics.simulated import Simulated, simulate


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(300, seed=41)


def test_model_and_score_are_compared_on_the_patients_whom_the_score_covers(
    cohort: Simulated,
) -> None:
    score = np.where(np.arange(300) < 200, cohort.risk(8) ** 2, np.nan)
    table = compare_scores(cohort.endpoint, cohort.risk(8), {"half": score}, 8, 1, 10)
    row = table[table["metric"] == "c_index"].iloc[0]
    covered = FollowUp.of(cohort.endpoint.take(np.arange(200)))
    assert row["estimate"] == pytest.approx(harrell_c(covered, score[:200], 8), abs=5e-5)
    assert row["model_estimate"] == row["estimate"]
    assert (row["n"], row["coverage"]) == (200, 200 / 300)


def test_the_difference_is_the_model_less_the_score_and_paired(cohort: Simulated) -> None:
    worse = {"worse": np.random.default_rng(1).permutation(cohort.risk(8))}
    table = compare_scores(cohort.endpoint, cohort.risk(8), worse, 8, 1, 50)
    row = table[table["metric"] == "c_index"].iloc[0]
    assert row["difference"] == pytest.approx(row["model_estimate"] - row["estimate"])
    assert row["difference_lower"] > 0


def test_a_score_that_covers_too_few_events_is_not_compared(cohort: Simulated) -> None:
    few = np.full(300, np.nan)
    few[np.flatnonzero(cohort.endpoint.event == 1)[: MIN_EVENTS - 1]] = 0.1
    assert compare_scores(cohort.endpoint, cohort.risk(8), {"few": few}, 8, 1, 2).empty


@pytest.fixture
def covariates() -> pd.DataFrame:
    n = 104
    frame = pd.DataFrame(
        {
            "age": 55.0,
            "sex": "male",
            "total_cholesterol": 213.0,
            "hdl_cholesterol": 50.0,
            "systolic_bp": 120.0,
            "bp_treated": 0.0,
            "smoking_status": "never",
            "diabetes": 0.0,
        },
        index=pd.Index([f"p{i}" for i in range(n)], name="patient_id"),
    )
    frame.loc[["p0", "p1", "p2", "p3"], "total_cholesterol"] = np.nan
    return frame


def test_only_scores_published_for_the_horizon_that_cover_someone_have_risks(
    covariates: pd.DataFrame,
) -> None:
    risks = score_risks(covariates, REFERENCE_SCORES, 10)
    assert "framingham_cvd_lipid" in risks
    assert "pce" not in risks  # no ethnicity
    assert np.isfinite(risks["framingham_cvd_lipid"]).sum() == 100
    assert not score_risks(covariates, REFERENCE_SCORES, 5)


def test_coverage_says_why_and_shows_no_small_cell(covariates: pd.DataFrame) -> None:
    table = describe_coverage(covariates, REFERENCE_SCORES)
    own = table[table["score"] == "framingham_cvd_lipid"]
    computed = own[own["status"] == "computed"].iloc[0]
    absent = own[own["variable"] == "total_cholesterol"].iloc[0]
    assert (computed["patients"], computed["share"]) == ("100", pytest.approx(100 / 100))
    assert absent["patients"] == "<10"
    assert np.isnan(absent["share"])
    assert own["outcome"].str.len().gt(0).all()
    assert own["valid_range"].str.contains("age 30 to").all()
