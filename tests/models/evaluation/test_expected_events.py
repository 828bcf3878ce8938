from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import CENSORED, COMPETING, EVENT, Endpoint
from features.sample.case_cohort import CaseCohort
from features.sample.survey import Survey
from models.evaluation.comparisons.expected_events import (
    deviate_ratio,
    expect_events,
    expect_in_group,
    level_with_all,
)
from models.evaluation.comparisons.paired_risks import Arm, all_rows, measure_arms
from tests.models.metrics.simulated import simulate


def test_of_yes_or_no_a_patient_is_expected_to_have_as_many_events_as_the_risk_says() -> None:
    risk = np.array([0.1, 0.4])
    endpoint = Endpoint(np.full(2, 10.0), np.array([EVENT, CENSORED], dtype=np.int8), 10.0)
    assert expect_events(endpoint, risk, 10.0) == pytest.approx(risk)


def test_risks_that_are_right_expect_as_many_events_as_are_seen_in_spite_of_censoring() -> None:
    cohort = simulate(6000, seed=7)
    seen = ((cohort.endpoint.event == EVENT) & (cohort.endpoint.time <= 8)).sum()
    assert expect_events(cohort.endpoint, cohort.risk(8), 8).sum() == pytest.approx(seen, rel=0.06)


def test_who_was_hardly_followed_is_expected_to_show_hardly_an_event() -> None:
    time = np.r_[np.linspace(1, 12, 400), np.full(100, 0.5)]
    event = np.r_[np.tile([EVENT, CENSORED], 200), np.zeros(100)].astype(np.int8)
    late = np.arange(500) >= 400
    assert expect_events(Endpoint(time, event), np.full(500, 0.4), 10)[late].sum() < 1


def test_nobody_without_follow_up_is_expected_to_show_an_event_after_a_competing_one() -> None:
    time, event = np.array([1.0, 2, 3, 12]), np.array([COMPETING, EVENT, CENSORED, CENSORED])
    each = expect_events(Endpoint(time, event.astype(np.int8)), np.full(4, 0.3), 10)
    # out of reach of the event, as in the subdistribution: still followed
    assert each[0] == each[3]


def test_without_any_event_the_risk_is_spread_over_the_years() -> None:
    endpoint = Endpoint(np.array([5.0, 12.0]), np.zeros(2, dtype=np.int8))
    each = expect_events(endpoint, np.full(2, 1 - np.exp(-1)), 10)
    assert each == pytest.approx([0.5, 1.0])


def test_gaps_of_a_model_that_is_right_are_as_rarely_far_off_as_chance_makes_them() -> None:
    """Of 250 deals of events to a group of 30 expected, some 12 lie 1.96 standard errors off."""
    far, n, draws = 0, 1200, np.random.default_rng(3)
    rows, risk = np.arange(n) < 300, np.full(n, 0.1)
    for _ in range(250):
        event = (draws.random(n) < risk).astype(np.int8)
        endpoint = Endpoint(np.full(n, 10.0), event, 10.0)
        arms = {"all": Arm(risk, all_rows(n)), "own": Arm(risk, rows)}
        measured = measure_arms(endpoint, arms, 10, 1, 60)
        expected = level_with_all(endpoint, risk, measured["all"], 10)[rows].sum()
        far += abs(deviate_ratio(measured["own"], measured["all"], expected)) > 1.96
    assert 3 <= far <= 24


@pytest.mark.parametrize("weight", [1.0, 3.0, 30.0])
def test_weights_of_other_patients_do_not_change_what_a_group_should_show(weight: float) -> None:
    n, draws = 2000, np.random.default_rng(5)
    rows, risk = np.arange(n) < 500, np.full(n, 0.1)
    event = (draws.random(n) < np.where(rows, 0.2, risk)).astype(np.int8)
    survey = Survey(np.where(rows, 1.0, weight))
    endpoint = Endpoint(np.full(n, 10.0), event, 10.0, survey=survey)
    measured = measure_arms(
        endpoint, {"all": Arm(risk, all_rows(n)), "own": Arm(risk, rows)}, 10, 1, 60
    )
    expected = level_with_all(endpoint, risk, measured["all"], 10)[rows].sum()
    assert expected == pytest.approx(50)
    assert deviate_ratio(measured["own"], measured["all"], expected) > 3


def test_a_case_cohort_sample_is_expected_to_show_the_events_of_the_whole_cohort() -> None:
    """All events of the cohort are in the sample, a tenth of those without: ratios are alike."""
    n, draws = 20_000, np.random.default_rng(8)
    first, risk = np.arange(n) < 8_000, np.full(n, 0.1)
    event = (draws.random(n) < risk).astype(np.int8)
    drawn = draws.random(n) < 0.1
    kept = drawn | (event == EVENT)
    survey = Survey.of_case_cohort(CaseCohort(drawn[kept], np.full(kept.sum(), 0.1)), event[kept])
    sample = Endpoint(np.full(kept.sum(), 10.0), event[kept], survey=survey)
    own, rows = risk[kept], first[kept]
    measured = measure_arms(sample, {"all": Arm(own, all_rows(kept.sum()))}, 10, 1, 0)
    each = level_with_all(sample, expect_events(sample, own, 10), measured["all"], 10)
    seen = int((event[first] == EVENT).sum())
    assert each[rows].sum() == pytest.approx(seen, rel=0.1)


def test_weights_that_depend_on_the_outcome_leave_expected_beside_observed() -> None:
    """All with the event and half of the others were sampled: right risks expect what is seen."""
    n, draws = 20_000, np.random.default_rng(9)
    first, risk = np.arange(n) < 8_000, np.full(n, 0.2)
    event = (draws.random(n) < risk).astype(np.int8)
    kept = (event == EVENT) | (draws.random(n) < 0.5)
    weight = np.where(event == EVENT, 1.0, 2.0)[kept]
    sample = Endpoint(np.full(kept.sum(), 10.0), event[kept], 10.0, survey=Survey(weight))
    own, rows = risk[kept], first[kept]
    measured = measure_arms(sample, {"all": Arm(own, all_rows(kept.sum()))}, 10, 1, 0)
    each = level_with_all(sample, expect_events(sample, own, 10), measured["all"], 10)
    seen = int((event[first] == EVENT).sum())
    assert expect_in_group(sample, each, rows, 10) == pytest.approx(seen, rel=0.05)
    # weights that do not depend on it change nothing
    alike = Endpoint(sample.time, sample.event, 10.0, survey=Survey(np.full(len(own), 3.0)))
    each = level_with_all(alike, own, measured["all"], 10)
    assert expect_in_group(alike, each, rows, 10) == pytest.approx(each[rows].sum())
