"""Risk from margins and baselines."""

from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import Endpoint
from features.errors import HorizonError
from models.compiled.compiled_incidence import CompiledLink
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink, Link, link_from_dict
from models.risk.baseline import Baseline, fit_baseline


@pytest.fixture
def two_causes() -> CompetingRisksLink:
    knots = np.array([0.0, 1.0, 3.0, 10.0])
    cumulative = np.array([[0.0, 0.02, 0.05, 0.30], [0.0, 0.01, 0.06, 0.50]])
    return CompetingRisksLink(Baseline(knots, cumulative))


def test_constant_hazards_give_the_textbook_cumulative_incidence() -> None:
    # with constant hazards u and v: F(t) = u / (u + v) * (1 - exp(-(u + v) t))
    link = CompetingRisksLink(Baseline(np.array([0.0, 10.0]), np.array([[0.0, 0.5], [0.0, 1.0]])))
    margins = np.log(np.array([[1.0, 1.0], [2.0, 0.5]]))
    u, v = np.array([0.05, 0.10]), np.array([0.10, 0.05])
    expected = u / (u + v) * (1 - np.exp(-(u + v) * 4))
    assert link.risk(margins, [4.0])[:, 0] == pytest.approx(expected, abs=1e-15)


def test_without_competing_event_risk_is_one_minus_survival() -> None:
    link = CompetingRisksLink(Baseline(np.array([0.0, 5.0]), np.array([[0.0, 0.2]])))
    assert link.risk(np.array([[np.log(3)]]), [2.5])[0, 0] == pytest.approx(1 - np.exp(-3 * 0.1))


def test_incidences_of_all_causes_and_survival_add_to_one(two_causes: CompetingRisksLink) -> None:
    margins = np.random.default_rng(0).normal(size=(50, 2))
    times = [0.5, 3.0, 9.9]
    incidence = two_causes.cumulative_incidence(margins, times)
    hazards = np.exp(margins) @ two_causes.baseline.at(np.array(times))
    assert incidence.sum(axis=2) + np.exp(-hazards) == pytest.approx(np.ones((50, 3)), abs=1e-12)


def test_risk_never_falls_with_time_and_never_passes_one(two_causes: CompetingRisksLink) -> None:
    margins = np.random.default_rng(1).normal(0, 4, size=(200, 2))
    risk = two_causes.risk(margins, np.linspace(0.1, 10, 40).tolist())
    assert (np.diff(risk, axis=1) >= 0).all()
    assert risk.min() >= 0
    assert risk.max() <= 1


@pytest.mark.parametrize("kind", [CompetingRisksLink, CompiledLink])
def test_over_however_many_steps_no_risk_passes_one(kind: type[CompetingRisksLink]) -> None:
    draws = np.random.default_rng(2)
    steps = draws.exponential(0.01, size=(2, 700))
    link = kind(Baseline(np.arange(701.0), np.cumsum(np.insert(steps, 0, 0.0, axis=1), axis=1)))
    margins = np.column_stack([draws.uniform(0, 12, 4_000), draws.uniform(-40, 0, 4_000)])
    incidence = link.cumulative_incidence(margins, [300.0, 700.0])
    assert incidence.max() <= 1


def test_the_order_and_number_of_horizons_change_nothing(two_causes: CompetingRisksLink) -> None:
    margins = np.random.default_rng(2).normal(size=(20, 2))
    together = two_causes.risk(margins, [7.0, 2.0, 10.0])
    apart = [two_causes.risk(margins, [h])[:, 0] for h in (7.0, 2.0, 10.0)]
    assert together == pytest.approx(np.stack(apart, axis=1), abs=1e-14)


def test_the_gradient_is_the_derivative_of_the_risk(two_causes: CompetingRisksLink) -> None:
    margins, step = np.random.default_rng(3).normal(size=(30, 2)), 1e-5
    for cause in (0, 1):
        up, down = margins.copy(), margins.copy()
        up[:, cause] += step
        down[:, cause] -= step
        numeric = (two_causes.risk(up, [6.3]) - two_causes.risk(down, [6.3]))[:, 0] / (2 * step)
        assert two_causes.risk_gradient(margins, 6.3)[:, cause] == pytest.approx(numeric, abs=1e-9)


def test_competing_death_lowers_the_risk_of_the_event(two_causes: CompetingRisksLink) -> None:
    frail, robust = np.array([[0.0, 2.0]]), np.array([[0.0, -2.0]])
    assert two_causes.risk(frail, [10.0]) < two_causes.risk(robust, [10.0])


@pytest.mark.parametrize("horizon", [0.0, -1.0, 10.5, float("nan"), float("inf")])
def test_a_horizon_outside_follow_up_is_refused_with_its_limits(
    two_causes: CompetingRisksLink, horizon: float
) -> None:
    with pytest.raises(HorizonError, match=r"at most 10 years"):
        two_causes.risk(np.zeros((1, 2)), [horizon])


def test_a_fixed_horizon_model_answers_its_own_horizon_alone() -> None:
    link = FixedHorizonLink(10.0, intercept=-2.0)
    assert link.risk(np.array([[0.5]]), [10.0])[0, 0] == pytest.approx(1 / (1 + np.exp(1.5)))
    with pytest.raises(HorizonError, match="no other horizon"):
        link.risk(np.zeros((1, 1)), [5.0])


def test_nobody_has_no_risk(two_causes: CompetingRisksLink) -> None:
    assert two_causes.risk(np.zeros((0, 2)), [1.0, 2.0]).shape == (0, 2)
    assert two_causes.risk_gradient(np.zeros((0, 2)), 1.0).shape == (0, 2)


@pytest.mark.parametrize("kind", ["two causes", "fixed horizon"])
def test_a_link_survives_being_written(kind: str, two_causes: CompetingRisksLink) -> None:
    link: Link = two_causes if kind == "two causes" else FixedHorizonLink(10.0, -1.25)
    margins = np.full((3, link.n_causes), 0.3)
    again = link_from_dict(link.to_dict())
    assert (again.risk(margins, [10.0]) == link.risk(margins, [10.0])).all()


def test_with_equal_margins_hazards_are_events_over_years_lived() -> None:
    time = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    event = np.array([1, 1, 2, 0, 1], dtype=np.int8)
    baseline = fit_baseline(Endpoint(time, event), np.zeros((5, 2)), n_knots=100)
    assert baseline.at(np.array([4.0]))[:, 0] == pytest.approx([4 * 3 / 12, 4 * 1 / 12])


def test_the_compiled_link_gives_the_same_incidence() -> None:
    knots = np.concatenate([[0.0], np.arange(1, 16) * 0.7])
    cumulative = np.cumsum(np.random.default_rng(1).random((2, 16)) * 0.03, axis=1)
    cumulative[:, 0] = 0.0
    cumulative[:, 5] = cumulative[:, 4]  # an interval in which nothing happens
    link = CompetingRisksLink(Baseline(knots, cumulative))
    margins = np.random.default_rng(2).normal(size=(700, 2)) * 2
    times = [9.5, 1.0, 3.3]
    found = CompiledLink(link.baseline).cumulative_incidence(margins, times)
    expected = link.cumulative_incidence(margins, times)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=0)
    with pytest.raises(HorizonError):
        CompiledLink(link.baseline).risk(margins, [11.0])
