from __future__ import annotations

import numpy as np
import pytest

from features.errors import HorizonError
from models.metrics.aalen_johansen import observed_risk
from models.metrics.decisions.net_benefit import net_benefit, treat_all
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples
from tests.models.metrics.simulated import Simulated, endpoint_of

RISK = np.array([0.30, 0.25, 0.15, 0.05, 0.05])


def test_without_censoring_it_counts_true_and_false_positives() -> None:
    # three of five lie above 0.1: one with the event, one event-free, one dead of another cause
    follow_up = FollowUp.of(endpoint_of([1, 9, 3, 9, 2], [1, 0, 2, 0, 1]))
    assert net_benefit(follow_up, RISK, 5, [0.1]) == pytest.approx(1 / 5 - 2 / 5 * 0.1 / 0.9)


def test_censored_patients_count_by_the_aalen_johansen_risk_among_those_above() -> None:
    # above 0.1: an event at 1 among 3, one lost at 2, one event at 3 among 1: AJ 1/3 + 2/3 * 1
    follow_up = FollowUp.of(endpoint_of([1, 2, 3, 9, 9], [1, 0, 1, 0, 0]))
    risk = 1 / 3 + 2 / 3
    expected = 3 / 5 * risk - 3 / 5 * (1 - risk) * 0.1 / 0.9
    assert net_benefit(follow_up, RISK, 5, [0.1]) == pytest.approx(expected)


def test_treating_none_has_none_and_treating_all_has_that_of_the_observed_risk(
    competing_cohort: Simulated,
) -> None:
    follow_up = FollowUp.of(competing_cohort.endpoint)
    observed = observed_risk(follow_up, 8)
    everyone = treat_all(Resamples.alone(follow_up), 8, [0.2])
    assert everyone == pytest.approx(observed - (1 - observed) * 0.2 / 0.8)
    assert net_benefit(follow_up, np.zeros(500), 8, [0.2, 0.4]).tolist() == [0, 0]


def test_a_resample_is_the_same_as_patients_standing_twice(competing_cohort: Simulated) -> None:
    endpoint, risk = competing_cohort.endpoint, competing_cohort.risk(8)
    counts = np.random.default_rng(3).integers(0, 3, 500)
    rows = np.repeat(np.arange(500), counts)
    twice = net_benefit(FollowUp.of(endpoint.take(rows)), risk[rows], 8, [0.1, 0.3])
    resampled = net_benefit(FollowUp.of(endpoint).resample(counts), risk, 8, [0.1, 0.3])
    assert resampled == pytest.approx(twice, abs=1e-12)


def test_what_ends_before_the_horizon_is_unknown_where_someone_is_still_event_free() -> None:
    follow_up = FollowUp.of(endpoint_of([1, 2, 9, 9, 9], [1, 0, 0, 0, 0]))
    assert np.isnan(net_benefit(follow_up, [0.9, 0.9, 0.1, 0.1, 0.1], 5, [0.5])).all()


def test_a_better_ranking_has_more_net_benefit(competing_cohort: Simulated) -> None:
    follow_up = FollowUp.of(competing_cohort.endpoint)
    true, shuffled = (
        competing_cohort.risk(8),
        np.random.default_rng(1).permutation(competing_cohort.risk(8)),
    )
    better = net_benefit(follow_up, true, 8, [0.2]) - net_benefit(follow_up, shuffled, 8, [0.2])
    assert better[0] > 0


def test_impossible_thresholds_and_horizons_are_refused() -> None:
    follow_up = FollowUp.of(endpoint_of([1, 9], [1, 0]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_benefit(follow_up, [0.1, 0.2], 5, [1.0])
    with pytest.raises(HorizonError):
        net_benefit(follow_up, [0.1, 0.2], 10, [0.1])


def test_many_thresholds_at_once_are_each_the_risk_among_those_above_it(
    competing_cohort: Simulated,
) -> None:
    follow_up, risk = FollowUp.of(competing_cohort.endpoint), competing_cohort.risk(8)
    thresholds = [0.2, 0.05, 0.1]
    expected = []
    for threshold in thresholds:
        above = risk > threshold
        share, own = above.mean(), observed_risk(follow_up.take(above), 8)
        odds = threshold / (1 - threshold)
        expected.append(share * own - share * (1 - own) * odds)
    assert net_benefit(follow_up, risk, 8, thresholds) == pytest.approx(expected, abs=1e-12)
