from __future__ import annotations

import numpy as np
import pytest

from models.metrics.calibration.calibration_curve import (
    CurveBasis,
    calibration_curve,
    calibration_distances,
)
from models.metrics.follow_up import FollowUp
from tests.models.metrics.simulated import Simulated, endpoint_of, rounded, simulate


@pytest.fixture(scope="module")
def large_cohort() -> Simulated:
    return simulate(30_000, seed=17, censoring=0.08)


def test_the_curve_of_true_risks_is_the_diagonal(large_cohort: Simulated) -> None:
    follow_up, risk = FollowUp.of(large_cohort.endpoint), large_cohort.risk(8)
    grid = np.quantile(risk, [0.05, 0.5, 0.95])
    assert calibration_curve(follow_up, risk, 8).at(grid) == pytest.approx(grid, abs=0.02)
    assert calibration_distances(follow_up, risk, 8).ici < 0.01


def test_the_curve_finds_the_distortion_of_the_risks(large_cohort: Simulated) -> None:
    follow_up, truth = FollowUp.of(large_cohort.endpoint), large_cohort.risk(8)
    distorted = np.clip(truth**1.5, 0, 1)
    grid = np.quantile(truth, [0.1, 0.5, 0.9])
    curve = calibration_curve(follow_up, distorted, 8)
    assert curve.at(grid**1.5) == pytest.approx(grid, abs=0.025)
    distances = calibration_distances(follow_up, distorted, 8)
    gap = np.abs(distorted - truth)
    assert distances.ici == pytest.approx(gap.mean(), abs=0.01)
    assert distances.e50 == pytest.approx(np.median(gap), abs=0.01)
    assert distances.e90 == pytest.approx(np.quantile(gap, 0.9), abs=0.02)


def test_a_resample_equals_repeated_patients(competing_cohort: Simulated) -> None:
    endpoint, risk = rounded(competing_cohort.endpoint), np.round(competing_cohort.risk(8), 2)
    counts = np.bincount(np.random.default_rng(0).integers(0, 500, 500), minlength=500)
    rows = np.repeat(np.arange(500), counts)
    follow_up = FollowUp.of(endpoint)
    basis = CurveBasis.of(follow_up, risk)
    resample = follow_up.resample(counts)
    ours = basis.distances(resample, basis.fit(resample, 8))
    repeated = CurveBasis(risk[rows], basis.link, basis.knots, basis.design[rows])
    sample = FollowUp.of(endpoint.take(rows))
    again = repeated.distances(sample, repeated.fit(sample, 8))
    assert (ours.ici, ours.e50, ours.e90) == pytest.approx((again.ici, again.e50, again.e90))


def test_equal_risks_give_one_observed_risk_and_their_distance_to_it() -> None:
    endpoint = endpoint_of(np.full(10, 10.0), [1] * 3 + [0] * 7, horizon=10)
    distances = calibration_distances(FollowUp.of(endpoint), np.full(10, 0.2), 10)
    assert distances.ici == pytest.approx(0.3 - 0.2)


def test_without_events_there_is_no_curve() -> None:
    endpoint = endpoint_of(np.full(10, 10.0), np.zeros(10), horizon=10)
    risk = np.linspace(0.1, 0.5, 10)
    assert np.isnan(calibration_distances(FollowUp.of(endpoint), risk, 10).ici)
