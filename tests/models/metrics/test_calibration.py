from __future__ import annotations

import numpy as np
import pytest

from models.metrics.aalen_johansen import observed_risk
from models.metrics.calibration.level_and_slope import (
    calibration_by_group,
    calibration_in_the_large,
    calibration_slope,
    join_sparse_groups,
    observed_over_expected,
    risk_groups,
)
from models.metrics.follow_up import FollowUp
from tests.models.metrics.simulated import Simulated, endpoint_of, simulate


@pytest.fixture(scope="module")
def large_cohort() -> Simulated:
    return simulate(20_000, seed=13, competing=0, censoring=0.1)


def test_true_risks_are_calibrated(large_cohort: Simulated) -> None:
    follow_up, risk = FollowUp.of(large_cohort.endpoint), large_cohort.risk(8)
    assert observed_over_expected(follow_up, risk, 8) == pytest.approx(1, abs=0.04)
    assert calibration_in_the_large(follow_up, risk, 8) == pytest.approx(0, abs=0.04)
    assert calibration_slope(follow_up, risk, 8) == pytest.approx(1, abs=0.06)


def test_doubled_hazards_show_as_an_intercept_of_minus_log_two(large_cohort: Simulated) -> None:
    follow_up = FollowUp.of(large_cohort.endpoint)
    doubled = 1 - (1 - large_cohort.risk(8)) ** 2
    intercept = calibration_in_the_large(follow_up, doubled, 8)
    assert intercept == pytest.approx(-np.log(2), abs=0.04)
    assert observed_over_expected(follow_up, doubled, 8) < 0.7


def test_margins_twice_too_wide_show_as_a_slope_of_one_half(large_cohort: Simulated) -> None:
    follow_up = FollowUp.of(large_cohort.endpoint)
    wide = -np.expm1(-np.exp(2 * np.log(-np.log1p(-large_cohort.risk(8)))))
    assert calibration_slope(follow_up, wide, 8) == pytest.approx(0.5, abs=0.03)


def test_with_competing_events_observed_is_aalen_johansen(competing_cohort: Simulated) -> None:
    follow_up = FollowUp.of(competing_cohort.endpoint)
    ratio = observed_over_expected(follow_up, np.full(500, 0.2), 8)
    assert ratio == pytest.approx(observed_risk(follow_up, 8) / 0.2)


def test_yes_or_no_at_a_fixed_horizon_is_regressed_on_the_logit() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    risk = rng.uniform(0.05, 0.9, 400)
    outcome = rng.uniform(size=400) < risk
    logit = np.log(risk / (1 - risk))[:, None]
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(logit, outcome).coef_[0, 0]
    follow_up = FollowUp.of(endpoint_of(np.full(400, 10.0), outcome, horizon=10))
    assert calibration_slope(follow_up, risk, 10) == pytest.approx(theirs, abs=1e-6)
    expected = outcome.mean() / risk.mean()
    assert observed_over_expected(follow_up, risk, 10) == pytest.approx(expected)


def test_equal_risks_have_no_slope(competing_cohort: Simulated) -> None:
    follow_up = FollowUp.of(competing_cohort.endpoint)
    assert np.isnan(calibration_slope(follow_up, np.full(500, 0.2), 8))


def test_groups_are_equal_in_size_and_keep_equal_risks_together() -> None:
    assert risk_groups([0.1, 0.2, 0.3, 0.4], 2).tolist() == [0, 0, 1, 1]
    assert risk_groups([0.1, 0.1, 0.1, 0.4], 2).tolist() == [0, 0, 0, 1]
    assert risk_groups([0.1, 0.1], 10).tolist() == [0, 0]
    assert np.bincount(risk_groups(np.arange(1000), 10)).tolist() == [100] * 10


def test_each_group_shows_its_own_aalen_johansen_risk(competing_cohort: Simulated) -> None:
    endpoint, risk = competing_cohort.endpoint, competing_cohort.risk(5)
    table = calibration_by_group(FollowUp.of(endpoint), risk, 5, n_groups=5)
    first = risk <= np.sort(risk)[99]
    assert table["n"].tolist() == [100] * 5
    assert table["events"].sum() == ((endpoint.event == 1) & (endpoint.time <= 5)).sum()
    expected = observed_risk(FollowUp.of(endpoint.take(first)), 5)
    assert table["observed"][0] == pytest.approx(expected)
    assert (table["lower"] < table["observed"]).all()
    assert (table["observed"] < table["upper"]).all()


def test_a_group_followed_for_too_short_a_time_shows_no_observed_risk() -> None:
    follow_up = FollowUp.of(endpoint_of([1, 2, 9, 9], [1, 0, 1, 0]))
    table = calibration_by_group(follow_up, [0.1, 0.1, 0.6, 0.6], 5, n_groups=2)
    assert np.isnan(table["observed"]).tolist() == [True, False]


def test_sparse_groups_are_joined_from_the_lowest_and_what_is_left_joins_the_last() -> None:
    label = np.repeat(np.arange(5), 10)
    event = np.zeros(50, dtype=bool)
    # 0, 3, 1, 5 and 2 events: 0 + 3, 1 + 5 and the 2 that are left
    for group, n_events in enumerate([0, 3, 1, 5, 2]):
        event[10 * group : 10 * group + n_events] = True
    joined = join_sparse_groups(label, event, 3)
    assert joined[::10].tolist() == [0, 0, 1, 1, 1]
    assert join_sparse_groups(label, event, 0)[::10].tolist() == [0, 1, 2, 3, 4]
    assert set(join_sparse_groups(label, event, 100)) == {0}


def test_a_group_without_event_has_the_exact_upper_limit() -> None:
    follow_up = FollowUp.of(endpoint_of(np.full(40, 10.0), [0] * 20 + [1] * 20, horizon=10))
    table = calibration_by_group(follow_up, np.repeat([0.1, 0.9], 20), 10, n_groups=2)
    assert (table["observed"][0], table["lower"][0]) == (0, 0)
    # (1 - upper)^20 = 0.025
    assert (1 - table["upper"][0]) ** 20 == pytest.approx(0.025)
