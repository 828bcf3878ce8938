"""Risk of patients who are event-free later, beside integrals taken in small steps."""

from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import AGE, Endpoint
from features.errors import HorizonError, TooFewEventsError
from features.sample.survey import Survey
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink, link_from_dict
from models.risk.baseline import FEWEST_AT_RISK, Baseline, fit_baseline
from models.risk.conditional_risk import incidence_from

KNOTS = np.array([40.0, 50.0, 65.0, 80.0, 95.0])
CUMULATIVE = np.array([[0.0, 0.02, 0.15, 0.6, 1.1], [0.0, 0.01, 0.08, 0.7, 2.0]])
BASELINE = Baseline(KNOTS, CUMULATIVE)
MARGINS = np.array([[0.4, -0.2], [0.0, 0.0], [-1.0, 0.5]])
START = np.array([52.5, 40.0, 71.0])


def _by_steps(margin: np.ndarray, start: float, end: float) -> tuple[float, float, float]:
    """Incidence of both causes and years free of them, in steps of a ten-thousandth of the way."""
    times = np.linspace(start, end, 10_001)
    jumps = np.diff(BASELINE.at(times), axis=1).T * np.exp(margin)
    survival = np.exp(-np.concatenate([[0.0], jumps.sum(axis=1).cumsum()]))
    middle = (survival[1:] + survival[:-1]) / 2
    first, second = (jumps * middle[:, None]).sum(axis=0)
    return first, second, float((middle * np.diff(times)).sum())


def test_incidence_and_years_free_are_the_integrals() -> None:
    ends = START[:, None] + np.array([[3.0, 10.0, 24.0]])
    incidence, free = incidence_from(BASELINE, MARGINS, START, ends)
    for i in range(3):
        for j in range(3):
            first, second, years = _by_steps(MARGINS[i], START[i], ends[i, j])
            assert incidence[i, j] == pytest.approx([first, second], abs=1e-7)
            assert free[i, j] == pytest.approx(years, abs=1e-6)


def test_from_the_origin_the_conditional_risk_is_the_risk() -> None:
    link = CompetingRisksLink(Baseline(KNOTS - 40, CUMULATIVE))
    times = [5.0, 30.0, 41.5]
    plain = link.cumulative_incidence(MARGINS, times)
    assert link.cumulative_incidence(MARGINS, times, np.zeros(3)) == pytest.approx(plain, abs=1e-14)


def test_risk_is_the_one_given_that_the_patient_is_event_free() -> None:
    link = CompetingRisksLink(Baseline(KNOTS - 40, CUMULATIVE))
    whole = link.cumulative_incidence(MARGINS, [12.5, 22.5])
    survival = 1 - whole[:, 0].sum(axis=1)
    expected = (whole[:, 1, 0] - whole[:, 0, 0]) / survival
    given = link.risk(MARGINS, [10.0], np.full(3, 12.5))[:, 0]
    assert given == pytest.approx(expected, abs=1e-12)


def test_what_lies_outside_the_known_time_is_unknown() -> None:
    start = np.array([39.0, 90.0, 60.0])
    risk = CompetingRisksLink(BASELINE, AGE).risk(MARGINS, [10.0], start)[:, 0]
    assert np.isnan(risk).tolist() == [True, True, False]


def test_a_risk_by_age_needs_the_age_and_one_of_late_entry_what_is_known() -> None:
    with pytest.raises(HorizonError, match="time scale of this model is age"):
        CompetingRisksLink(BASELINE, AGE).risk(MARGINS, [10.0])
    with pytest.raises(HorizonError, match="hazards are known from 40 years on"):
        CompetingRisksLink(BASELINE).risk_gradient(MARGINS, 10.0)
    with pytest.raises(HorizonError, match="fixed horizon"):
        FixedHorizonLink(10.0, 0.0).risk(MARGINS[:, :1], [10.0], START)


def test_the_time_scale_is_kept_with_the_model() -> None:
    link = CompetingRisksLink(BASELINE, AGE)
    again = link_from_dict(link.to_dict())
    assert (again.risk(MARGINS, [5.0], START) == link.risk(MARGINS, [5.0], START)).all()
    assert again.to_dict() == link.to_dict()
    with pytest.raises(ValueError, match="no such time scale"):
        link_from_dict({**link.to_dict(), "time_scale": "moon"})


def test_a_baseline_begins_where_enough_patients_were_under_observation() -> None:
    draws = np.random.default_rng(1)
    start = np.concatenate([[1.5] * (FEWEST_AT_RISK - 1), draws.uniform(6, 30, 400)])
    stop = start + draws.uniform(1, 20, len(start))
    event = (draws.random(len(start)) < 0.5).astype(np.int8)
    endpoint = Endpoint.between(start, stop, event)
    baseline = fit_baseline(endpoint, np.zeros((len(start), 1)), 100)
    at_risk = (start <= baseline.begin) & (stop > baseline.begin)
    assert 6.0 <= baseline.begin < 8.0
    assert at_risk.sum() >= FEWEST_AT_RISK
    with pytest.raises(TooFewEventsError, match="fewer than 20 patients are under observation"):
        fit_baseline(endpoint.take(np.arange(15)), np.zeros((15, 1)), 100)


def test_the_first_days_of_the_clock_are_like_what_follows() -> None:
    draws = np.random.default_rng(2)
    start = draws.uniform(0.02, 8, 4_000)
    stop = start + draws.exponential(10, 4_000)
    event = np.ones(4_000, np.int8)
    baseline = fit_baseline(Endpoint.between(start, stop, event), np.zeros((4_000, 1)), 100)
    assert baseline.begin == 0.0
    assert baseline.at(np.array([0.5, 5.0, 10.0]))[0] == pytest.approx([0.05, 0.5, 1.0], rel=0.15)


def test_the_weighted_baseline_is_the_one_of_replicated_patients() -> None:
    draws = np.random.default_rng(3)
    time = draws.uniform(0.1, 9, 1_500)
    event = draws.integers(0, 3, 1_500).astype(np.int8)
    margins, times = draws.normal(size=(1_500, 2)) / 2, draws.integers(1, 4, 1_500)
    again = np.repeat(np.arange(1_500), times)
    weighted = Endpoint(time, event, survey=Survey(times.astype(float)))
    # whole years are the knots of both
    ours = fit_baseline(weighted, margins, 9)
    theirs = fit_baseline(Endpoint(time[again], event[again]), margins[again], 9)
    whole = np.array([1.0, 2.0, 3.0, 5.0, 7.0])
    assert ours.at(whole) == pytest.approx(theirs.at(whole), rel=1e-9)
