from __future__ import annotations

import numpy as np
import pytest

from models.metrics.decisions.reclassification import (
    CAVEATS,
    Movement,
    Nri,
    categorical_nri,
    continuous_nri,
    idi,
)
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples
from tests.models.metrics.simulated import Simulated, endpoint_of

# two events, one competing death, three event-free at 5 years; nobody lost
ENDPOINT = endpoint_of([1, 2, 3, 9, 9, 9], [1, 1, 2, 0, 0, 0])
OLD = np.array([0.10, 0.30, 0.10, 0.10, 0.02, 0.30])
NEW = np.array([0.30, 0.10, 0.02, 0.02, 0.03, 0.30])


def test_categories_count_net_movement_in_the_right_direction() -> None:
    follow_up = FollowUp.of(ENDPOINT)
    nri = categorical_nri(follow_up, NEW, OLD, 5, [0.05, 0.2])
    # events: one up, one down of two; others: two down, none up of four (the death is no event)
    assert nri.events == pytest.approx((1 - 1) / 2)
    assert nri.nonevents == pytest.approx((2 - 0) / 4)


def test_any_movement_counts_without_categories() -> None:
    nri = continuous_nri(FollowUp.of(ENDPOINT), NEW, OLD, 5)
    assert nri.events == pytest.approx((1 - 1) / 2)
    assert nri.nonevents == pytest.approx((2 - 1) / 4)


def test_a_risk_at_a_boundary_belongs_to_the_category_above() -> None:
    follow_up = FollowUp.of(ENDPOINT)
    old = np.full(6, 0.1)
    new = np.array([0.2, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert categorical_nri(follow_up, new, old, 5, [0.2]).events == pytest.approx(1 / 2)


def test_idi_is_the_change_of_mean_risk_in_events_less_that_in_others() -> None:
    change = NEW - OLD
    expected = change[:2].mean() - change[2:].mean()
    assert idi(FollowUp.of(ENDPOINT), NEW, OLD, 5) == pytest.approx(expected)


def test_a_model_is_not_reclassified_against_itself(competing_cohort: Simulated) -> None:
    follow_up, risk = FollowUp.of(competing_cohort.endpoint), competing_cohort.risk(8)
    assert continuous_nri(follow_up, risk, risk, 8) == Nri(0, 0)
    assert idi(follow_up, risk, risk, 8) == 0


def test_censoring_is_allowed_for(plain_cohort: Simulated) -> None:
    everyone = endpoint_of(np.minimum(plain_cohort.time, 30), plain_cohort.time <= 30)
    risk, flat = plain_cohort.risk(8), np.full(500, plain_cohort.risk(8).mean())
    seen, complete = FollowUp.of(plain_cohort.endpoint), FollowUp.of(everyone)
    with_loss, without = (continuous_nri(one, risk, flat, 8) for one in (seen, complete))
    # 500 patients, a third of them lost: the standard error of the difference is about 0.05
    assert with_loss.events == pytest.approx(without.events, abs=0.12)
    assert with_loss.nonevents == pytest.approx(without.nonevents, abs=0.12)
    assert idi(seen, risk, flat, 8) == pytest.approx(idi(complete, risk, flat, 8), abs=0.03)


def test_without_events_nothing_is_said() -> None:
    nri = continuous_nri(FollowUp.of(endpoint_of([9, 9], [0, 0])), [0.1, 0.2], [0.2, 0.1], 5)
    assert np.isnan(nri.events)
    assert nri.nonevents == 0


def test_every_figure_has_its_caveat() -> None:
    assert all(text.endswith(".") for text in CAVEATS.values())


def test_resamples_side_by_side_move_as_each_moves_alone(competing_cohort: Simulated) -> None:
    draws = np.random.default_rng(8)
    old = competing_cohort.risk(8)
    new = np.clip(old + draws.normal(0, 0.05, len(old)), 0.001, 0.999)
    follow_up = FollowUp.of(competing_cohort.endpoint)
    counts = [draws.integers(0, 3, len(old)).astype(float) for _ in range(5)]
    moved = Movement.of(new, old, [0.1, 0.3])
    together = moved.measure(Resamples.of(follow_up, counts), 8)
    for own, count in zip(together, counts, strict=True):
        alone = follow_up.resample(count)
        by_category = categorical_nri(alone, new, old, 8, [0.1, 0.3])
        by_any = continuous_nri(alone, new, old, 8)
        expected = [by_category.events, by_category.nonevents, by_any.events, by_any.nonevents]
        assert own == pytest.approx([*expected, idi(alone, new, old, 8)], abs=1e-12)
