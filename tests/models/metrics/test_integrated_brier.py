from __future__ import annotations

import numpy as np
import pytest

from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.errors import HorizonError
from models.metrics.bootstrap import resample_counts
from models.metrics.brier import integrated_brier_score, integrated_null_brier_score
from models.metrics.follow_up import FollowUp
from models.metrics.integrated_brier import RisksOverTime, time_steps
from models.metrics.resampled.resamples import Resamples
from tests.models.metrics.simulated import Simulated, endpoint_of, simulate


def risks_of(cohort: Simulated, times: FloatArray) -> FloatArray:
    return np.column_stack([cohort.risk(time) for time in times])


def test_in_every_resample_it_is_the_score_of_each_time_averaged(
    competing_cohort: Simulated,
) -> None:
    # in whole years many end at one time, some of them censored, and at the times asked for
    given = competing_cohort.endpoint
    endpoint = Endpoint(np.ceil(given.time), given.event)
    follow_up, times = FollowUp.of(endpoint), time_steps(8.0)
    risks = risks_of(competing_cohort, times)
    prepared = RisksOverTime.of(follow_up, risks, times)
    counts = list(resample_counts(endpoint, 5, 3))
    measured = zip(*prepared.measure_resamples(Resamples.of(follow_up, counts)), strict=True)
    samples = [follow_up.resample(one) for one in counts]
    both = prepared.measure(follow_up)
    for sample, found in zip((follow_up, *samples), (both, *measured), strict=True):
        expected = (
            integrated_brier_score(sample, risks, times),
            integrated_null_brier_score(sample, times),
        )
        assert found == pytest.approx(expected, rel=1e-12)


def test_it_equals_scikit_survival(plain_cohort: Simulated) -> None:
    # scikit-survival averages from the first time on, not from zero: the first triangle is taken
    # off; no two times are equal, where it takes G(t) for G(t-)
    from sksurv.metrics import integrated_brier_score as theirs_of
    from sksurv.util import Surv

    endpoint, times = plain_cohort.endpoint, time_steps(8.0)
    follow_up, risks = FollowUp.of(endpoint), risks_of(plain_cohort, time_steps(8.0))
    structured = Surv.from_arrays(endpoint.event == 1, endpoint.time)
    theirs = theirs_of(structured, structured, 1 - risks, times)
    first = integrated_brier_score(follow_up, risks[:, :1], times[:1]) * times[0]
    ours = RisksOverTime.of(follow_up, risks, times).measure(follow_up)[0] * times[-1]
    assert (ours - first) / (times[-1] - times[0]) == pytest.approx(theirs, abs=1e-10)


def test_forty_steps_are_close_to_a_thousand() -> None:
    cohort = simulate(3000, seed=17)
    follow_up, fine = FollowUp.of(cohort.endpoint), np.linspace(0.0, 8.0, 1001)[1:]
    coarse = time_steps(8.0)
    found, expected = (
        RisksOverTime.of(follow_up, risks_of(cohort, times), times).measure(follow_up)
        for times in (coarse, fine)
    )
    assert found == pytest.approx(expected, rel=2e-3)
    assert 1 - found[0] / found[1] == pytest.approx(1 - expected[0] / expected[1], rel=1e-2)


def test_a_small_cohort_by_hand() -> None:
    # at 2 one of two has had the event, at 4 both have: risks of one half are off by one half
    follow_up = FollowUp.of(endpoint_of([1, 4], [1, 1]))
    measured = RisksOverTime.of(follow_up, np.full((2, 2), 0.5), [2, 4]).measure(follow_up)
    assert measured[0] == pytest.approx((2 * (0 + 0.25) / 2 + 2 * (0.25 + 0.25) / 2) / 4)
    assert measured[1] == pytest.approx((2 * (0 + 0.25) / 2 + 2 * (0.25 + 0) / 2) / 4)


def test_shapes_and_times_are_checked(competing_cohort: Simulated) -> None:
    follow_up = FollowUp.of(competing_cohort.endpoint)
    with pytest.raises(ValueError, match="ascending times"):
        RisksOverTime.of(follow_up, np.zeros((500, 1)), [4, 8])
    with pytest.raises(ValueError, match="ascending times"):
        RisksOverTime.of(follow_up, np.zeros((500, 2)), [8, 4])
    with pytest.raises(HorizonError, match="longest usable one"):
        RisksOverTime.of(follow_up, np.zeros((500, 2)), [8, 1000])
