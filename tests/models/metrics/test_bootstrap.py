from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import Endpoint
from models.metrics.bootstrap import distance_interval, percentile_interval, resample_counts


def _patients(n: int) -> Endpoint:
    return Endpoint(np.ones(n), np.zeros(n, np.int8))


def test_every_resample_has_as_many_patients_as_the_sample() -> None:
    draws = list(resample_counts(_patients(50), 3, seed=1))
    assert [draw.sum() for draw in draws] == [50, 50, 50]


def test_a_resample_depends_on_seed_and_number_alone() -> None:
    short, long = (
        list(resample_counts(_patients(50), 2, seed=1)),
        list(resample_counts(_patients(50), 5, seed=1)),
    )
    assert (short[1] == long[1]).all()
    assert (short[0] != short[1]).any()
    assert (next(resample_counts(_patients(50), 1, seed=2)) != short[0]).any()


def test_limits_are_percentiles_of_the_draws() -> None:
    lower, upper = percentile_interval(np.arange(1001.0))
    assert (float(lower), float(upper)) == pytest.approx((25, 975))


def test_undefined_draws_are_left_out_until_they_are_too_many() -> None:
    draws = np.arange(100.0)
    draws[:5] = np.nan
    assert percentile_interval(draws)[0] == pytest.approx(5 + 94 * 0.025)
    draws[:20] = np.nan
    assert np.isnan(percentile_interval(draws)).all()


def test_no_draw_means_no_limits() -> None:
    lower, upper = percentile_interval(np.empty((0, 3)))
    assert lower.shape == upper.shape == (3,)
    assert np.isnan(lower).all()


def test_the_interval_of_a_mean_has_the_width_that_theory_says() -> None:
    x = np.random.default_rng(4).normal(size=400)
    means = [
        np.average(x, weights=counts) for counts in resample_counts(_patients(400), 500, seed=0)
    ]
    lower, upper = percentile_interval(means)
    assert upper - lower == pytest.approx(2 * 1.96 * x.std() / np.sqrt(400), rel=0.1)


def test_limits_of_a_distance_lie_as_far_off_as_resamples_wander_and_never_below_zero() -> None:
    wandered = np.linspace(0.0, 0.02, 1001)
    lower, upper = distance_interval([0.03, 0.01], np.column_stack([wandered, wandered]))
    assert lower == pytest.approx([0.03 - 0.95 * 0.02, 0.0])
    assert upper == pytest.approx([0.03 + 0.95 * 0.02, 0.01 + 0.95 * 0.02])


def test_the_interval_of_a_distance_reaches_zero_where_there_is_none() -> None:
    draws, held = np.random.default_rng(8), 0
    for _ in range(200):
        sample = draws.normal(size=100)
        wandered = np.abs(sample[draws.integers(0, 100, (200, 100))].mean(axis=1) - sample.mean())
        held += distance_interval(abs(sample.mean()), wandered)[0] == 0
    # percentiles of the distance itself reach 0 in none
    assert held / 200 == pytest.approx(0.95, abs=0.04)


def test_a_distance_that_was_never_redrawn_has_no_limits() -> None:
    assert np.isnan(distance_interval(0.1, [])).all()
