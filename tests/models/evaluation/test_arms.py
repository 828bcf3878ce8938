from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.comparisons.paired_risks import Arm, all_rows, difference, measure_arms
from models.evaluation.performance import evaluate_predictions
from tests.models.metrics.simulated import Simulated, endpoint_of, simulate


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(300, seed=31)


def test_an_arm_of_everyone_is_measured_as_models_are(cohort: Simulated) -> None:
    risk = cohort.risk(8)
    arm = measure_arms(cohort.endpoint, {"all": Arm(risk, all_rows(300))}, 8, 5, 20)["all"]
    result = evaluate_predictions(cohort.endpoint, {"m": risk[:, None]}, [8], 5, 20)
    row = result.metrics[result.metrics["metric"] == "brier"].iloc[0]
    assert arm.estimate("brier") == row["estimate"]
    assert arm.interval("brier") == (row["lower"], row["upper"])
    assert (arm.n, arm.events) == (row["n"], row["events"])


def test_the_same_risk_in_two_arms_differs_by_nothing_in_any_resample(cohort: Simulated) -> None:
    arm = Arm(cohort.risk(8), cohort.margin > 0)
    measured = measure_arms(cohort.endpoint, {"a": arm, "b": arm}, 8, 1, 10)
    assert difference(measured["a"], measured["b"], "c_index") == (0, 0, 0)


def test_arms_without_patients_or_follow_up_are_undefined_and_not_an_error() -> None:
    endpoint = endpoint_of([1, 2, 9, 9], [1, 1, 0, 0])
    early = np.array([True, True, False, False])
    arms = {"none": Arm(np.ones(4), np.zeros(4, dtype=bool)), "early": Arm(np.full(4, 0.1), early)}
    measured = measure_arms(endpoint, arms, 5, 1, 4)
    assert np.isnan(measured["none"].estimate("c_index"))
    assert np.isnan(measured["early"].estimate("c_index"))
    assert (measured["none"].n, measured["none"].events) == (0, 0)
    assert measured["early"].events == 2
