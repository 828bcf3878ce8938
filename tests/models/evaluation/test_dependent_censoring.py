from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.endpoint import Endpoint
from models.evaluation.dependent_censoring import (
    StratifiedFollowUp,
    expect_follow_up,
    measure_dependence,
)
from models.metrics.follow_up import FollowUp

N = 6000


def _draw(dependence: float) -> tuple[pd.DataFrame, Endpoint, np.ndarray]:
    """Risks that are right; a high ``x`` has more events and, by ``dependence``, leaves earlier."""
    draws = np.random.default_rng(11)
    x = draws.normal(size=N)
    rate = 0.04 * np.exp(0.8 * x)
    event = draws.exponential(1 / rate)
    leaving = draws.exponential(12 * np.exp(-dependence * x))
    time = np.minimum(np.minimum(event, leaving), 15.0)
    code = ((event <= leaving) & (event < 15)).astype(np.int8)
    noise = pd.DataFrame(draws.normal(size=(N, 2)), columns=["b", "c"])
    features = noise.assign(x=x)
    features.loc[::9, "b"] = np.nan
    return features, Endpoint(time, code), -np.expm1(-5 * rate)


def _figures(dependence: float) -> pd.DataFrame:
    table = measure_dependence(*_draw(dependence), 5.0)
    return table.set_index("metric")


def test_where_the_sick_leave_early_strata_find_the_ratio_that_one_curve_misses() -> None:
    ratio = _figures(0.9).loc["observed_over_expected"]
    # the risks are true, so that the ratio is 1; one curve weighs the sick too little
    assert ratio["one_curve"] < 0.93
    assert abs(ratio["by_covariates"] - 1) < abs(ratio["one_curve"] - 1) / 2
    assert ratio["follow_up_c"] > 0.65


def test_where_censoring_tells_nothing_both_agree() -> None:
    table = _figures(0.0)
    assert table["follow_up_c"].iloc[0] == pytest.approx(0.5, abs=0.02)
    assert table["by_covariates"].to_numpy() == pytest.approx(table["one_curve"], abs=0.03)


def test_one_stratum_is_the_curve_of_all() -> None:
    _, endpoint, _ = _draw(0.5)
    follow_up = FollowUp.of(endpoint)
    one = StratifiedFollowUp.divide(follow_up, np.zeros(N, dtype=np.intp))
    weights = one.known_state_weights(5.0)
    np.testing.assert_allclose(weights, follow_up.known_state_weights(5.0))


def test_the_score_of_follow_up_stands_columns_that_are_all_missing_or_constant() -> None:
    features, endpoint, _ = _draw(0.9)
    score = expect_follow_up(features.assign(empty=np.nan, constant=1.0), endpoint)
    assert np.corrcoef(score, features["x"])[0, 1] < -0.9


def test_where_hardly_anyone_is_lost_there_is_nothing_to_say() -> None:
    features, endpoint, risk = _draw(0.0)
    late = Endpoint(np.full(N, 20.0), endpoint.event)
    assert measure_dependence(features, late, risk, 5.0).empty
