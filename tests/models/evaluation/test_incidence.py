from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.incidence import incidence_by_group
from models.metrics.aalen_johansen import observed_risk
from models.metrics.follow_up import FollowUp
from tests.models.metrics.simulated import endpoint_of, simulate


def test_each_group_has_its_own_observed_and_mean_predicted_risk() -> None:
    cohort = simulate(200, seed=71)
    times = np.array([2.0, 6.0])
    risks = np.column_stack([cohort.risk(time) for time in times])
    table = incidence_by_group(cohort.endpoint, risks, times, n_groups=2)
    low = cohort.risk(6) <= np.sort(cohort.risk(6))[99]
    row = table[(table["group"] == 1) & (table["time"] == 6)].iloc[0]
    assert row["n"] == 100
    assert row["predicted"] == pytest.approx(cohort.risk(6)[low].mean())
    follow_up = FollowUp.of(cohort.endpoint.take(low))
    assert row["observed"] == pytest.approx(observed_risk(follow_up, 6))


def test_no_step_of_fewer_than_ten_events_shows() -> None:
    cohort = simulate(400, seed=72)
    times = np.linspace(0, 8, 41)[1:]
    risks = np.column_stack([cohort.risk(time) for time in times])
    table = incidence_by_group(cohort.endpoint, risks, times, n_groups=20, least_events=10)
    last = risks[:, -1]
    start, told = 0, 0
    for _, group in table.groupby("group"):
        n = int(group["n"].iloc[0])
        members = np.isin(np.arange(400), np.argsort(last, kind="stable")[start : start + n])
        follow_up, start = FollowUp.of(cohort.endpoint.take(members)), start + n
        shown = group.loc[group["observed"].notna(), "time"]
        seen = [int(follow_up.has_event_by(time).sum()) for time in shown]
        assert shown.iloc[-1] == 8
        assert min(np.diff([0, *seen])) >= 10
        told += len(seen)
    assert start == 400
    assert told > table["group"].nunique() > 1


def test_beyond_the_follow_up_of_a_group_nothing_is_observed() -> None:
    endpoint = endpoint_of([1, 2, 9, 9], [1, 0, 1, 0])
    risks = np.array([[0.1, 0.1], [0.1, 0.1], [0.2, 0.6], [0.2, 0.6]])
    table = incidence_by_group(endpoint, risks, [2, 5], n_groups=2)
    assert np.isnan(table["observed"]).tolist() == [False, True, False, False]


def test_risks_must_fit_the_times() -> None:
    with pytest.raises(ValueError, match=r"must be \(1, 2\), got \(1, 1\)"):
        incidence_by_group(endpoint_of([1], [1]), [[0.1]], [1, 2])
