"""Censoring and incidence in several resamples side by side. Compiled.

Imports numba at its top: import this where it is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.compilation import compiled

Integers = npt.NDArray[np.int64]


@compiled(exact=True)
def follow_resamples(
    starts: Integers, event: BoolArray, ended: BoolArray, counts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """`FollowUp.uncensored_before` (m + 1, b) and the Aalen-Johansen risk (m, b) of each resample.

    Patients are in ascending order of time, ``starts`` (m + 1,) marks where each distinct time
    begins; ``event`` (n,) that of interest, ``ended`` by either; ``counts`` (n, b).
    """
    lanes, m = counts.shape[1], len(starts) - 1
    before, risk = np.ones((m + 1, lanes)), np.empty((m, lanes))
    at_risk = np.zeros((m + 1, lanes))
    for group in range(m - 1, -1, -1):
        for b in range(lanes):
            at_risk[group, b] = 0.0
        for i in range(starts[group], starts[group + 1]):
            for b in range(lanes):
                at_risk[group, b] += counts[i, b]
        for b in range(lanes):
            at_risk[group, b] += at_risk[group + 1, b]
    survival, reached = np.ones(lanes), np.zeros(lanes)
    d_event, d_any, lost = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    for group in range(m):
        for b in range(lanes):
            d_event[b] = d_any[b] = lost[b] = 0.0
        for i in range(starts[group], starts[group + 1]):
            if event[i]:
                for b in range(lanes):
                    d_event[b] += counts[i, b]
            if ended[i]:
                for b in range(lanes):
                    d_any[b] += counts[i, b]
            else:
                for b in range(lanes):
                    lost[b] += counts[i, b]
        for b in range(lanes):
            number = at_risk[group, b] if at_risk[group, b] > 0 else 1.0
            reached[b] += survival[b] * d_event[b] / number
            risk[group, b] = reached[b]
            survival[b] *= 1.0 - d_any[b] / number
            left = at_risk[group, b] - d_any[b]
            hazard = lost[b] / left if left > 0 else 0.0
            before[group + 1, b] = before[group, b] * (1.0 - hazard)
    return before, risk
