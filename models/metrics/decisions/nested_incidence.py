"""Aalen-Johansen risks among ever fewer of the same patients, in one pass. Compiled.

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
    position: Places,
    counts: FloatArray,
    ended: BoolArray,
    event: BoolArray,
    level: Places,
    n_levels: int,
    at_horizon: int,
    stop: int,
) -> tuple[FloatArray, FloatArray]:
    """(levels,) patients of each group, and their risk by the horizon.

    Group k holds the patients whose ``level`` (n,) is above k. ``position`` (n,): place of each
    patient's time among the distinct ones; ``at_horizon``: the first of these not before the
    horizon, ``stop``: the first beyond it. NaN where a group's follow-up ends before the horizon
    with some of it still event-free.
    """
    n, m = len(position), 0
    for i in range(n):
        m = max(m, position[i] + 1)
    starts = np.zeros(m + 1, np.int64)
    place = np.zeros(m + 1, np.int64)
    for i in range(n):
        starts[position[i] + 1] += 1
    for j in range(m):
        starts[j + 1] += starts[j]
        place[j + 1] = starts[j + 1]
    order, at_risk = np.empty(n, np.int64), np.zeros(n_levels)
    marked, reached = np.zeros(n_levels), np.zeros(n_levels)
    for i in range(n):
        order[place[position[i]]] = i
        place[position[i]] += 1
        for k in range(level[i]):
            at_risk[k] += counts[i]
            marked[k] += counts[i]
    survival, risk = np.ones(n_levels), np.zeros(n_levels)
    gone, d_any, d_event = np.zeros(n_levels), np.zeros(n_levels), np.zeros(n_levels)
    for time in range(max(stop, at_horizon + 1)):
        if time == at_horizon:
            for k in range(n_levels):
                reached[k] = at_risk[k]
        if time >= stop:
            break
        for k in range(n_levels):
            gone[k] = d_any[k] = d_event[k] = 0.0
        for one in range(starts[time], starts[time + 1]):
            i = order[one]
            for k in range(level[i]):
                gone[k] += counts[i]
                if ended[i]:
                    d_any[k] += counts[i]
                if event[i]:
                    d_event[k] += counts[i]
        for k in range(n_levels):
            if at_risk[k] > 0:
                risk[k] += survival[k] * d_event[k] / at_risk[k]
                survival[k] *= 1.0 - d_any[k] / at_risk[k]
            at_risk[k] -= gone[k]
    for k in range(n_levels):
        if reached[k] <= 0 and survival[k] > _NOBODY_LEFT:
            risk[k] = np.nan
    return marked, risk
