"""The Brier score averaged over time, of risks prepared so that resamples are measured fast.

The score at each time is that of `brier_score`; the average is taken by the trapezoidal rule from
time 0, where every score is 0, to the last time. Forty equal steps put it within 0.1 %, and the
index of prediction accuracy within 0.5 %, of what 2,000 steps give; two put them 1.4 % and 16 % off
(embedded cohort, 10 years).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import CENSORED, EVENT
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples

N_STEPS = 40
"""Times from 0 to the last horizon."""

Positions = npt.NDArray[np.intp]


def time_steps(last: float) -> FloatArray:
    """(40,) equal steps of time (years) up to the last horizon."""
    return np.linspace(0.0, last, N_STEPS + 1)[1:]


@dataclass(frozen=True)
class RisksOverTime:
    """``errors`` (t, n): squared errors of risks by ``times`` (t,), patients in ``order`` (n,).

    Patients are in order of time, the censored last among equals: by time k, the state of the
    first ``ended[k]`` is settled or lost, the others are event-free.
    """

    times: FloatArray
    errors: FloatArray
    order: Positions
    ended: Positions

    @classmethod
    def of(cls, follow_up: FollowUp, risks: npt.ArrayLike, times: npt.ArrayLike) -> RisksOverTime:
        """Risks (n, t) by ascending times of these patients.

        Raises HorizonError where the last time lies beyond follow-up, ValueError on other shapes.
        """
        given, grid = np.asarray(risks, dtype=np.float64), np.asarray(times, dtype=np.float64)
        if given.shape != (len(follow_up.time), len(grid)) or (np.diff(grid) <= 0).any():
            raise ValueError(f"risks must be (n, {len(grid)}) by ascending times")
        follow_up.check_horizon(float(grid[-1]))
        order = np.lexsort((follow_up.event == CENSORED, follow_up.time))
        time, event = follow_up.time[order], follow_up.event[order]
        free = np.stack([follow_up.is_event_free_at(t)[order] for t in grid])
        seen = (event == EVENT) & (time <= grid[:, None])
        errors = (seen - given[order].T) ** 2
        return cls(grid, errors, order, (~free).sum(axis=1))

    def measure(self, follow_up: FollowUp) -> tuple[float, float]:
        """The mean score over time of this sample, and that of giving all its observed risk."""
        both = self.measure_resamples(Resamples.of(follow_up, [follow_up.counts]))
        brier, null = (float(one.item()) for one in both)
        return brier, null

    def measure_resamples(self, resamples: Resamples) -> tuple[FloatArray, FloatArray]:
        """Both (b,) of each resample of these patients."""
        follow_up, counts = resamples.follow_up, resamples.counts[self.order]
        event = follow_up.event[self.order]
        chance = resamples.uncensored_before_own_time[self.order]
        settled = (event != CENSORED)[:, None] & (counts > 0) & (chance > 0)
        weight = np.divide(counts, chance, out=np.zeros(chance.shape), where=settled)
        before = resamples.uncensored_just_before(self.times)
        free = np.stack(
            [row[k:] @ counts[k:] for row, k in zip(self.errors, self.ended, strict=True)]
        )
        known = np.stack(
            [row[:k] @ weight[:k] for row, k in zip(self.errors, self.ended, strict=True)]
        )
        unseen = np.full(before.shape, np.nan)
        scores = known + np.divide(free, before, out=unseen.copy(), where=before > 0)
        last = np.searchsorted(follow_up.time[self.order], self.times, side="right")
        nothing = np.zeros((1, len(resamples)))
        ended, with_event, stood = (
            np.concatenate([nothing, values.cumsum(axis=0)])
            for values in (weight, weight * (event == EVENT)[:, None], counts)
        )
        n_free = resamples.size - stood[self.ended]
        risk = resamples.observed_risk(self.times)
        other = np.divide(n_free, before, out=unseen, where=before > 0)
        other += ended[last] - with_event[last]
        null = with_event[last] * (1 - risk) ** 2 + other * risk**2
        each = resamples.per_patient(scores), resamples.per_patient(null)
        return self._average(each[0]), self._average(each[1])

    def _average(self, scores: FloatArray) -> FloatArray:
        """Of scores (t, ...) over time."""
        begun = np.concatenate([np.zeros((1, *scores.shape[1:])), scores])
        area = np.trapezoid(begun, np.r_[0.0, self.times], axis=0)
        return np.asarray(area / self.times[-1])
