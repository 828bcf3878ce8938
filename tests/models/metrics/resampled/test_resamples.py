"""Resamples measured side by side give what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.evaluation.metric import METRICS
from models.evaluation.prediction import PreparedRisk
from models.metrics.aalen_johansen import observed_risk
from models.metrics.auc import auc
from models.metrics.bootstrap import resample_counts
from models.metrics.brier import brier_score, index_of_prediction_accuracy, null_brier_score
from models.metrics.calibration.binomial_regression import fit_binomial
from models.metrics.calibration.calibration_curve import CalibrationCurve, CurveBasis
from models.metrics.calibration.level_and_slope import (
    calibration_in_the_large,
    calibration_slope,
    mean_risk,
    observed_over_expected,
)
from models.metrics.concordance import harrell_c, uno_c
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples
from tests.models.metrics.simulated import simulate


def measure_alone(
    sample: FollowUp, risk: FloatArray, horizon: float, everyone: FollowUp
) -> dict[str, float]:
    basis = CurveBasis.of(everyone, risk)
    origin = basis.smooth(basis.fit(everyone, horizon))
    distances = basis.distances(sample, fit_curve_alone(sample, risk, horizon, everyone), origin)
    return {
        "c_index": harrell_c(sample, risk, horizon),
        "uno_c": uno_c(sample, risk, horizon),
        "auc": auc(sample, risk, horizon),
        "brier": brier_score(sample, risk, horizon),
        "null_brier": null_brier_score(sample, horizon),
        "ipa": index_of_prediction_accuracy(sample, risk, horizon),
        "mean_risk": mean_risk(sample, risk),
        "observed_risk": observed_risk(sample, horizon),
        "observed_over_expected": observed_over_expected(sample, risk, horizon),
        "calibration_in_the_large": calibration_in_the_large(sample, risk, horizon),
        "calibration_slope": calibration_slope(sample, risk, horizon),
        "ici": distances.ici,
        "e50": distances.e50,
        "e90": distances.e90,
    }


def fit_curve_alone(
    sample: FollowUp, risk: FloatArray, horizon: float, everyone: FollowUp
) -> CalibrationCurve:
    """Looked for where the curve of everyone is: from far away not every curve is found."""
    basis = CurveBasis.of(everyone, risk)
    start = basis.fit(everyone, horizon).coefficients
    weight, happened = sample.known_state_weights(horizon), sample.has_event_by(horizon)
    found = fit_binomial(basis.design, happened, weight, basis.link, start=start)
    return CalibrationCurve(basis.link, basis.knots, found)


def draw(kind: str) -> tuple[Endpoint, FloatArray, float]:
    """Endpoint, risks and horizon of a cohort of 300 or so."""
    drawn = simulate(300, seed=5, competing=0 if kind == "one cause" else 0.04)
    endpoint, risk = drawn.endpoint, -np.expm1(-0.15 * np.exp(drawn.margin))
    if kind == "whole years":
        return Endpoint(np.ceil(endpoint.time), endpoint.event), risk.round(2), 5.0
    if kind == "yes or no":
        happened = (endpoint.event == 1) & (endpoint.time <= 5)
        return Endpoint(np.full(300, 5.0), happened.astype(np.int8), 5.0), risk, 5.0
    if kind == "few events":
        few = np.cumsum(endpoint.event == 1) <= 5
        return Endpoint(endpoint.time, np.where(few, endpoint.event, 0).astype(np.int8)), risk, 5.0
    if kind == "one risk":
        return endpoint, np.full(300, 0.2), 5.0
    if kind == "two risks":
        return endpoint, np.where(risk > 0.2, 0.3, 0.1), 5.0
    if kind == "risks near 0 and 1":
        return endpoint, np.where(np.arange(300) % 50 == 0, 1.0, risk * (risk > 0.05)), 5.0
    if kind == "wild risks":
        return endpoint, -np.expm1(-0.3 * np.exp(4 * drawn.margin)), 8.0
    return endpoint, risk, 8.0


@pytest.mark.parametrize(
    "kind",
    [
        *("two causes", "one cause", "whole years", "yes or no", "few events", "one risk"),
        *("two risks", "risks near 0 and 1", "wild risks"),
    ],
)
def test_resamples_side_by_side_give_what_each_gives_alone(kind: str) -> None:
    endpoint, risk, horizon = draw(kind)
    everyone = FollowUp.of(endpoint)
    weights = np.random.default_rng(1).exponential(size=300)
    counts = [*resample_counts(endpoint, 20, 3), weights]
    prepared = PreparedRisk.of(everyone, risk, horizon)
    figures, curves = prepared.measure_resamples(Resamples.of(everyone, counts))
    for own, curve, one in zip(figures, curves, counts, strict=True):
        sample = everyone.resample(one)
        alone = measure_alone(sample, risk, horizon, everyone)
        for metric, value in zip(METRICS, own, strict=True):
            assert value == pytest.approx(alone[metric.name], rel=1e-9, abs=1e-11, nan_ok=True), (
                metric.name
            )
        drawn = fit_curve_alone(sample, risk, horizon, everyone).at(prepared.curve_points)
        assert curve == pytest.approx(drawn, rel=1e-9, abs=1e-11, nan_ok=True)


def test_nothing_is_measured_where_nobody_is_followed_to_the_horizon() -> None:
    drawn = simulate(200, seed=6)
    everyone = FollowUp.of(drawn.endpoint)
    risk = -np.expm1(-0.1 * np.exp(drawn.margin))
    early = (everyone.time < 8).astype(float)
    prepared = PreparedRisk.of(everyone, risk, 8.0)
    figures, _ = prepared.measure_resamples(Resamples.of(everyone, [early, np.ones(200)]))
    assert np.isnan(figures[0]).all()
    assert np.isfinite(figures[1]).all()


def test_a_resample_of_nobody_has_no_figures_and_no_warning() -> None:
    # of a small subgroup a resample may hold nobody; warnings are errors here
    drawn = simulate(200, seed=6)
    everyone = FollowUp.of(drawn.endpoint)
    risk = -np.expm1(-0.1 * np.exp(drawn.margin))
    resamples = Resamples.of(everyone, [np.zeros(200), np.ones(200)])
    figures, _ = PreparedRisk.of(everyone, risk, 5.0).measure_resamples(resamples)
    assert np.isnan(figures[0]).all()
    assert np.isfinite(figures[1]).all()
    assert np.isnan(resamples.per_patient(np.ones((3, 2)))[:, 0]).all()


def test_all_resamples_are_dealt_once_in_their_order() -> None:
    counts = [np.full(3, float(k)) for k in range(37)]
    dealt = [one for some in Resamples.deal(counts) for one in some]
    assert [one[0] for one in dealt] == list(range(37))
