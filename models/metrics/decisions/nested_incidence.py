"""Aalen-Johansen risks among ever fewer of the same patients, in several resamples. Compiled.

Loops alone, for whole arrays take numba longer to compile. Imports it at its top:
import this where it is used. Held to `aalen_johansen` of each group
alone by tests/models/metrics/test_net_benefit.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.compilation import compiled

Places = npt.NDArray[np.intp]

_NOBODY_LEFT = 1e-12


@compiled(exact=True)
def risks_of_nested(
    starts: Places,
    counts: FloatArray,
    ended: BoolArray,
    event: BoolArray,
    level: Places,
    n_levels: int,
    at_horizon: int,
    stop: int,
) -> tuple[FloatArray, FloatArray]:
    """(levels, b) patients of each group in each resample, and their risk by the horizon.

    Group k holds the patients whose ``level`` (n,) is above k. Patients are in ascending order of
    time, ``starts`` (m + 1,) marks where each distinct time begins; ``counts`` (n, b).
    ``at_horizon``: the first time not before the horizon, ``stop``: the first beyond it. NaN where
    a group's follow-up ends before the horizon with some of it still event-free.
    """
    n, lanes = counts.shape
    at_risk = np.zeros((n_levels, lanes))
    for i in range(n):
        for k in range(level[i]):
            for b in range(lanes):
                at_risk[k, b] += counts[i, b]
    marked, reached = at_risk.copy(), np.zeros((n_levels, lanes))
    survival, risk = np.ones((n_levels, lanes)), np.zeros((n_levels, lanes))
    gone, d_any = np.zeros((n_levels, lanes)), np.zeros((n_levels, lanes))
    d_event = np.zeros((n_levels, lanes))
    for time in range(max(stop, at_horizon + 1)):
        if time == at_horizon:
            reached[:] = at_risk
        if time >= stop:
            break
        deepest = 0
        for i in range(starts[time], starts[time + 1]):
            for k in range(deepest, level[i]):
                for b in range(lanes):
                    gone[k, b] = d_any[k, b] = d_event[k, b] = 0.0
            deepest = max(deepest, level[i])
            for k in range(level[i]):
                for b in range(lanes):
                    gone[k, b] += counts[i, b]
                if ended[i]:
                    for b in range(lanes):
                        d_any[k, b] += counts[i, b]
                if event[i]:
                    for b in range(lanes):
                        d_event[k, b] += counts[i, b]
        for k in range(deepest):
            for b in range(lanes):
                number = at_risk[k, b] if at_risk[k, b] > 0 else 1.0
                risk[k, b] += survival[k, b] * d_event[k, b] / number
                survival[k, b] *= 1.0 - d_any[k, b] / number
                at_risk[k, b] -= gone[k, b]
    for k in range(n_levels):
        for b in range(lanes):
            if reached[k, b] <= 0 and survival[k, b] > _NOBODY_LEFT:
                risk[k, b] = np.nan
    return marked, risk
