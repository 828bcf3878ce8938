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
from models.metrics.aalen_johansen import aalen_johansen
from models.metrics.follow_up import FollowUp

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
        counts = follow_up.counts[self.order]
        weight = _weigh_ended(follow_up)[self.order]
        before = follow_up.uncensored_before[np.searchsorted(follow_up.times, self.times)]
        sums = [
            row[:k] @ weight[:k] + row[k:] @ counts[k:] / chance if chance > 0 else np.nan
            for row, k, chance in zip(self.errors, self.ended, before, strict=True)
        ]
        return self._average(np.array(sums) / follow_up.size), self._null(follow_up, before)

    def _null(self, follow_up: FollowUp, before: FloatArray) -> float:
        weight = _weigh_ended(follow_up)
        last = np.searchsorted(follow_up.times, self.times, side="right")
        event, ended = (
            np.r_[0.0, np.bincount(follow_up.position, w, len(follow_up.times)).cumsum()][last]
            for w in (weight * (follow_up.event == EVENT), weight)
        )
        n_free = follow_up.size - np.r_[0.0, follow_up.counts[self.order].cumsum()][self.ended]
        risk = aalen_johansen(follow_up).at(self.times)
        free = np.divide(n_free, before, out=np.full(len(before), np.nan), where=before > 0)
        scores = event * (1 - risk) ** 2 + (ended - event + free) * risk**2
        return self._average(scores / follow_up.size)

    def _average(self, scores: FloatArray) -> float:
        area = np.trapezoid(np.r_[0.0, scores], np.r_[0.0, self.times])
        return float(area / self.times[-1])


def _weigh_ended(follow_up: FollowUp) -> FloatArray:
    """(n,) counts over G(T_i-) of those with an event of either kind; 0 for the censored."""
    ended = (follow_up.event != CENSORED) & (follow_up.counts > 0)
    chance = follow_up.uncensored_before_own_time
    weights: FloatArray = np.divide(
        follow_up.counts, chance, out=np.zeros(len(chance)), where=ended & (chance > 0)
    )
    return weights
