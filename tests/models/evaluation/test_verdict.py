from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.array_types import FloatArray
from models.evaluation.performance import EvaluationResult, evaluate_predictions
from models.evaluation.verdict import compare_models, judge_calibration
from tests.models.metrics.simulated import Simulated, simulate

LABELS = {"ridge_cox": "ridge Cox alone"}


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(800, seed=51)


def judge(
    cohort: Simulated, model: FloatArray, other: FloatArray, n_bootstrap: int = 60
) -> EvaluationResult:
    risks = {"calcirisk": model[:, None], "ridge_cox": other[:, None]}
    return evaluate_predictions(cohort.endpoint, risks, (8,), 1, n_bootstrap, "calcirisk")


def blur(risk: FloatArray, spread: float) -> FloatArray:
    noise = np.random.default_rng(0).normal(size=len(risk))
    return np.asarray(np.clip(risk * np.exp(spread * noise), 0, 0.99))


def test_a_comparator_that_is_surely_better_beats_the_model(cohort: Simulated) -> None:
    result = judge(cohort, blur(cohort.risk(8), 1.0), cohort.risk(8))
    (sentence,) = compare_models(result, "calcirisk", 8, LABELS)
    assert sentence.startswith("Ridge Cox alone beats the model (C-index 0.")
    assert "800 patients" in sentence


def test_a_comparator_that_is_better_by_chance_is_still_said_to_be_better(
    cohort: Simulated,
) -> None:
    result = judge(cohort, blur(cohort.risk(8), 0.05), cohort.risk(8))
    if result.differences["difference"].iloc[0] <= 0:
        result = judge(cohort, cohort.risk(8), blur(cohort.risk(8), 0.05))
    (sentence,) = compare_models(result, "calcirisk", 8, LABELS)
    assert sentence.startswith("Ridge Cox alone ranks patients better than the model, by less")


def test_a_model_that_is_surely_better_beats_the_comparator(cohort: Simulated) -> None:
    result = judge(cohort, cohort.risk(8), blur(cohort.risk(8), 1.0))
    (sentence,) = compare_models(result, "calcirisk", 8, LABELS)
    assert sentence.startswith("The model beats ridge Cox alone (")


def test_equal_models_are_not_shown_to_differ(cohort: Simulated) -> None:
    (sentence,) = compare_models(
        judge(cohort, cohort.risk(8), cohort.risk(8)), "calcirisk", 8, LABELS
    )
    assert sentence.startswith("The model is not shown to beat ridge Cox alone")


def test_without_intervals_nothing_is_beaten(cohort: Simulated) -> None:
    result = judge(cohort, cohort.risk(8), blur(cohort.risk(8), 1.0), n_bootstrap=0)
    (sentence,) = compare_models(result, "calcirisk", 8, LABELS)
    assert "not shown to beat" in sentence
    assert "nan" not in sentence


def test_alone_on_its_patients_a_model_proves_nothing(cohort: Simulated) -> None:
    alone = {"calcirisk": cohort.risk(8)[:, None]}
    result = evaluate_predictions(cohort.endpoint, alone, (8,), 1, 0)
    assert "nothing is known" in compare_models(result, "calcirisk", 8)[0]


def test_a_difference_that_no_digit_shows_is_no_difference(cohort: Simulated) -> None:
    risk = cohort.risk(8)
    swapped = risk.copy()
    # two patients next to each other in risk change places: one pair in 320,000 or none
    first, second = np.argsort(risk)[400:402]
    swapped[[first, second]] = risk[[second, first]]
    for model, other in ((risk, swapped), (swapped, risk)):
        (sentence,) = compare_models(judge(cohort, model, other), "calcirisk", 8, LABELS)
        assert "not shown to beat" in sentence
        assert "difference 0.0000" in sentence
        assert "-0.0000" not in sentence


def test_calibration_is_said_as_it_is(cohort: Simulated) -> None:
    result = judge(cohort, cohort.risk(8), np.clip(2.5 * cohort.risk(8), 0, 0.99))
    within = judge_calibration(result, "calcirisk", 8)
    assert within.startswith("Calibration in the large is within")
    assert ", 95 % interval 0." in within
    # some 200 events cannot tell a tenth
    assert within.endswith("A larger error is not excluded.")
    said = judge_calibration(result, "ridge_cox", 8)
    assert said.startswith("Predicted risks are too high: at 8 years the mean predicted risk is ")
    assert said.endswith("no better than giving everyone the average risk.")


def test_what_could_not_be_measured_is_not_called_too_high(cohort: Simulated) -> None:
    result = judge(cohort, cohort.risk(8), cohort.risk(8))
    unknown = result.metrics.assign(estimate=float("nan"))
    said = judge_calibration(replace(result, metrics=unknown), "calcirisk", 8)
    assert said == "Calibration at 8 years could not be measured."
