from __future__ import annotations

import warnings

import numpy as np
import pytest

from features.endpoint import Endpoint
from features.errors import HorizonError
from features.sample.survey import Survey
from models.metrics.aalen_johansen import (
    aalen_johansen,
    incidence_on_clock,
    observed_risk,
)
from models.metrics.follow_up import FollowUp
from tests.models.metrics.simulated import Simulated, endpoint_of, rounded, simulate


def test_a_small_cohort_by_hand() -> None:
    endpoint = endpoint_of([1, 2, 2, 3, 4, 5], [1, 2, 0, 1, 0, 1])
    incidence = aalen_johansen(FollowUp.of(endpoint))
    after_one, after_two = 5 / 6, 5 / 6 * (1 - 1 / 5)
    expected = [0, 1 / 6, 1 / 6, 1 / 6 + after_two / 3, 1 / 6 + after_two / 3]
    assert incidence.at([0.5, 1, 2.5, 3, 4.9]) == pytest.approx(expected)
    assert aalen_johansen(FollowUp.of(endpoint), cause=2).at(2) == pytest.approx(after_one / 5)


def test_without_competing_events_it_is_one_minus_kaplan_meier(plain_cohort: Simulated) -> None:
    from sksurv.nonparametric import kaplan_meier_estimator

    endpoint = rounded(plain_cohort.endpoint)
    times, survival = kaplan_meier_estimator(endpoint.event == 1, endpoint.time)
    incidence = aalen_johansen(FollowUp.of(endpoint))
    assert incidence.at(times) == pytest.approx(1 - survival, abs=1e-12)


def test_risk_and_interval_equal_lifelines(competing_cohort: Simulated) -> None:
    from lifelines import AalenJohansenFitter

    endpoint = competing_cohort.endpoint
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = AalenJohansenFitter().fit(endpoint.time, endpoint.event, event_of_interest=1)
    incidence = aalen_johansen(FollowUp.of(endpoint))
    theirs = fitted.cumulative_density_.iloc[1:, 0]
    assert incidence.at(theirs.index) == pytest.approx(theirs.to_numpy(), abs=1e-12)
    spread = fitted.variance_.iloc[1:]
    inside = slice(20, -20)
    assert incidence.variance[inside] == pytest.approx(spread.to_numpy()[inside], rel=1e-6)
    limits = fitted.confidence_interval_.iloc[1:]
    lower, upper = incidence.interval(theirs.index)
    assert lower[inside] == pytest.approx(limits.iloc[inside, 0].to_numpy(), rel=1e-6)
    assert upper[inside] == pytest.approx(limits.iloc[inside, 1].to_numpy(), rel=1e-6)


def test_both_risks_and_event_free_survival_add_up_to_one(competing_cohort: Simulated) -> None:
    endpoint = rounded(competing_cohort.endpoint)
    follow_up = FollowUp.of(endpoint)
    both = endpoint_of(endpoint.time, (endpoint.event > 0).astype(int))
    total = observed_risk(follow_up, 9, 1) + observed_risk(follow_up, 9, 2)
    assert total == pytest.approx(observed_risk(FollowUp.of(both), 9), abs=1e-12)


def test_weighted_for_censoring_the_share_of_events_is_the_same_estimate(
    competing_cohort: Simulated,
) -> None:
    # Satten and Datta 2001, Am Stat 55:207.
    follow_up = FollowUp.of(rounded(competing_cohort.endpoint))
    share = (follow_up.known_state_weights(8) * follow_up.has_event_by(8)).sum() / follow_up.size
    assert share == pytest.approx(observed_risk(follow_up, 8), abs=1e-12)


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    inside = []
    for seed in range(200):
        cohort = simulate(300, seed=seed + 100)
        lower, upper = aalen_johansen(FollowUp.of(cohort.endpoint)).interval(6)
        inside.append(lower <= 0.1946 <= upper)  # mean of risk(6) over 10 million patients
    assert np.mean(inside) == pytest.approx(0.95, abs=0.05)


def test_a_resample_equals_repeated_patients(competing_cohort: Simulated) -> None:
    endpoint = rounded(competing_cohort.endpoint)
    counts = np.bincount(np.random.default_rng(0).integers(0, 500, 500), minlength=500)
    repeated = FollowUp.of(endpoint.take(np.repeat(np.arange(500), counts)))
    resample = FollowUp.of(endpoint).resample(counts)
    assert observed_risk(resample, 7) == pytest.approx(observed_risk(repeated, 7), abs=1e-12)


def test_nobody_with_the_event_means_no_risk_and_no_interval() -> None:
    incidence = aalen_johansen(FollowUp.of(endpoint_of([1, 2], [0, 0])))
    assert incidence.at(2) == 0
    assert np.isnan(incidence.interval(2)).all()


def test_beyond_follow_up_is_refused() -> None:
    with pytest.raises(HorizonError):
        observed_risk(FollowUp.of(endpoint_of([1, 2], [1, 0])), 3)


def test_incidence_on_a_clock_with_late_entries_is_that_of_lifelines() -> None:
    from lifelines import KaplanMeierFitter

    draws = np.random.default_rng(3)
    start, weight = draws.uniform(0, 6, 500), draws.uniform(0.5, 4, 500)
    stop, event = start + draws.exponential(6, 500), draws.integers(0, 2, 500).astype(np.int8)
    at = [3.0, 7.0, 12.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # weights that are no whole numbers
        theirs = KaplanMeierFitter().fit(stop, event, entry=start, weights=weight)
    endpoint = Endpoint.between(start, stop, event, survey=Survey(weight))
    ours = incidence_on_clock(endpoint)
    assert ours.at(at) == pytest.approx(1 - theirs.survival_function_at_times(at), abs=1e-9)
    assert np.isnan(ours.interval(7.0)[0])


def test_who_is_event_free_later_has_the_incidence_of_those_still_there() -> None:
    draws = np.random.default_rng(4)
    start = draws.uniform(0, 6, 500)
    stop, event = start + draws.exponential(6, 500), draws.integers(0, 3, 500).astype(np.int8)
    endpoint = Endpoint.between(start, stop, event)
    later = incidence_on_clock(endpoint, since=4.0)
    still = stop > 4
    moved = Endpoint.between(np.maximum(start, 4)[still] - 4, stop[still] - 4, event[still])
    assert later.at(9.0) == pytest.approx(incidence_on_clock(moved).at(5.0), abs=1e-12)
    with pytest.raises(HorizonError, match="nobody was followed beyond 500 years"):
        incidence_on_clock(endpoint, since=500.0)


def test_without_late_entries_the_clock_is_the_follow_up() -> None:
    draws = np.random.default_rng(5)
    time, event = draws.exponential(6, 300), draws.integers(0, 3, 300).astype(np.int8)
    endpoint = Endpoint(time, event)
    theirs, ours = aalen_johansen(FollowUp.of(endpoint)), incidence_on_clock(endpoint)
    assert ours.risk == pytest.approx(theirs.risk, abs=1e-14)
    assert ours.variance == pytest.approx(theirs.variance, abs=1e-14)
