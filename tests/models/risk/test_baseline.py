"""Baseline hazards at round times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from features.array_types import FloatArray
from features.disclosure import SMALLEST_COUNT
from features.endpoint import Endpoint
from models.learners.partial_likelihood import RiskSets
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.baseline import Baseline, fit_baseline

N = 5_000


@pytest.fixture(scope="module")
def followed() -> tuple[FloatArray, npt.NDArray[np.int8], FloatArray]:
    draws = np.random.default_rng(4)
    time = draws.uniform(0.003, 15.04, N)
    event = draws.choice(np.array([0, 1, 2], dtype=np.int8), N, p=[0.7, 0.15, 0.15])
    return time, event, draws.normal(0, 0.5, (N, 2))


def _step_function(time: FloatArray, event: npt.NDArray[np.int8], margins: FloatArray) -> Baseline:
    """Breslow's estimate at every event time."""
    moments = np.unique(np.concatenate([[0.0], time[event > 0], [time.max()]]))
    rows = []
    for cause in (1, 2):
        sets = RiskSets(time, event == cause)
        steps = np.cumsum(sets.baseline_increments(margins[:, cause - 1])[::-1])
        position = np.searchsorted(sets.event_times[::-1], moments, side="right")
        rows.append(np.concatenate([[0.0], steps])[position])
    return Baseline(moments, np.stack(rows))


def test_risk_by_whole_years_is_that_of_the_step_function(
    followed: tuple[FloatArray, npt.NDArray[np.int8], FloatArray],
) -> None:
    kept, every = (
        fit_baseline(Endpoint(*followed[:2]), followed[2], 100),
        _step_function(*followed),
    )
    margins = followed[2]
    for horizon in (1.0, 5.0, 10.0):
        before = every.knots[every.knots <= horizon].max()
        risk = CompetingRisksLink(kept).risk(margins, [horizon])
        exact = CompetingRisksLink(every).risk(margins, [before])
        assert np.abs(risk - exact).mean() < 1e-4
        assert risk == pytest.approx(exact, rel=0.01)


def test_no_knot_is_a_patient_s_time(
    followed: tuple[FloatArray, npt.NDArray[np.int8], FloatArray],
) -> None:
    time, event, margins = followed
    knots = fit_baseline(Endpoint(time, event), margins, 100).knots
    assert len(knots) <= 102
    assert not np.isin(knots, time).any()
    # round times whatever the patients: multiples of a fifth of a year, and the end
    assert knots[:-1] * 5 == pytest.approx((knots[:-1] * 5).round(), abs=1e-9)
    assert knots[-1] == pytest.approx(15.0)


def test_wherever_a_hazard_changes_ten_events_lie_on_either_side(
    followed: tuple[FloatArray, npt.NDArray[np.int8], FloatArray],
) -> None:
    time, event, margins = followed[0][:400], followed[1][:400], followed[2][:400]
    baseline = fit_baseline(Endpoint(time, event), margins, 100)
    slopes = np.diff(baseline.cumulative, axis=1) / np.diff(baseline.knots)
    for cause, row in enumerate(slopes, start=1):
        changes = baseline.knots[1:-1][np.abs(np.diff(row)) > 1e-6 * row.max()]
        times = np.sort(time[event == cause])
        assert len(changes) > 1
        for start, stop in pairwise([0.0, *changes, baseline.end]):
            assert ((times > start) & (times <= stop)).sum() >= SMALLEST_COUNT


def test_of_few_events_only_their_sum_is_told() -> None:
    time = np.arange(1.0, 41.0) + 0.123
    event = np.zeros(40, dtype=np.int8)
    event[[3, 11, 30]] = 1
    baseline = fit_baseline(Endpoint(time, event), np.zeros((40, 1)), 100)
    assert baseline.knots.tolist() == [0.0, 41.1 - 1.0]
    lived = np.minimum(time, baseline.end).sum()
    assert baseline.cumulative[0].tolist() == pytest.approx([0.0, 3 / lived * baseline.end])


def test_in_every_interval_as_many_events_are_expected_as_were_observed(
    followed: tuple[FloatArray, npt.NDArray[np.int8], FloatArray],
) -> None:
    late = np.flatnonzero(followed[0] > 3)[:900]
    time, event, margins = followed[0][late], followed[1][late], followed[2][late]
    start = np.random.default_rng(5).uniform(1, 2.5, len(late))
    for endpoint in (Endpoint(time, event), Endpoint.between(start, time, event)):
        baseline = fit_baseline(endpoint, margins, 100)
        for cause, row in enumerate(baseline.cumulative, start=1):
            slopes = np.diff(row) / np.diff(baseline.knots)
            bends = np.abs(np.diff(slopes)) > 1e-9 * slopes.max()
            for low, high in pairwise([baseline.begin, *baseline.knots[1:-1][bends], baseline.end]):
                since = baseline.at(np.clip(endpoint.entered, low, high))[cause - 1]
                lived = baseline.at(np.clip(time, low, high))[cause - 1] - since
                expected = (np.exp(margins[:, cause - 1]) * lived).sum()
                seen = ((event == cause) & (time > low) & (time <= high)).sum()
                assert expected == pytest.approx(seen, rel=1e-9)


def test_the_few_who_are_followed_longest_do_not_raise_the_hazard_before() -> None:
    # events come early, follow-up thins out, and the last of all has the event
    draws = np.random.default_rng(0)
    time = np.concatenate([draws.uniform(0, 0.5, 60), draws.uniform(1, 4, 200), [5.9, 6.0]])
    event = np.concatenate([np.ones(60), np.zeros(200), [0, 1]]).astype(np.int8)
    baseline = fit_baseline(Endpoint(time, event), np.zeros((262, 1)), 100)
    assert baseline.at(np.array([2.0]))[0, 0] == pytest.approx(-np.log(202 / 262), abs=0.03)


def test_a_follow_up_that_many_share_ends_where_it_ends() -> None:
    time = np.full(200, 30 / 365.25)
    time[:40] = np.linspace(0.001, 0.08, 40)
    event = np.zeros(200, dtype=np.int8)
    event[:40] = 1
    assert fit_baseline(Endpoint(time, event), np.zeros((200, 1)), 100).end == 30 / 365.25
