"""Risk given that a patient is event-free at some time, and what it leaves of life.

A patient who is event-free at s on the clock of the hazard has by a later time t the cumulative
incidence ``integral over (s, t] of S(u|x) / S(s|x) dH_1(u|x)``. Within one interval of the baseline
hazards are constant, so each interval's share is exact, as in `models.risk.absolute_risk`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.array_types import FloatArray
from models.risk.baseline import Baseline

_CHUNK = 4_096


def incidence_from(
    baseline: Baseline, margins: FloatArray, start: FloatArray, ends: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Incidence (n, t, k) of each cause and years free of all (n, t), from ``start`` to ``ends``.

    ``margins``: (n, k); ``start``: (n,); ``ends``: (n, t), not before it. NaN where either lies
    outside the time about which the baseline knows anything.
    """
    incidence = np.empty((*ends.shape, margins.shape[1]))
    free = np.empty(ends.shape)
    for first in range(0, len(margins), _CHUNK):
        part = slice(first, first + _CHUNK)
        incidence[part], free[part] = _walk(baseline, margins[part], start[part], ends[part])
    unknown = ~(
        (start[:, None] >= baseline.begin)
        & (ends >= start[:, None])
        & (ends <= baseline.end * (1 + 1e-12))
    )
    incidence[unknown], free[unknown] = np.nan, np.nan
    return incidence, free


def _walk(
    baseline: Baseline, margins: FloatArray, start: FloatArray, ends: FloatArray
) -> tuple[FloatArray, FloatArray]:
    relative = np.exp(margins)
    survival = np.ones(len(margins))
    reached = np.zeros(margins.shape)
    years = np.zeros(len(margins))
    incidence = np.zeros((*ends.shape, margins.shape[1]))
    free = np.zeros(ends.shape)
    for left, right, slopes in _intervals(baseline):
        begun = np.maximum(start, left)
        rate = relative * slopes
        total = rate.sum(axis=1)
        for position in range(ends.shape[1]):
            end = ends[:, position]
            lived = np.clip(np.minimum(end, right) - begun, 0.0, None)
            lasting = _lasting(total, lived)
            # who ends in this interval, or has ended in the last one, gets the figures of the end
            here = end > left
            incidence[here, position] = (reached + rate * (survival * lasting)[:, None])[here]
            free[here, position] = (years + survival * lasting)[here]
        lived = np.clip(right - begun, 0.0, None)
        lasting = _lasting(total, lived)
        reached = reached + rate * (survival * lasting)[:, None]
        years = years + survival * lasting
        survival = survival * np.exp(-total * lived)
    return incidence, free


def gradient_from(
    baseline: Baseline, margins: FloatArray, start: FloatArray, ends: FloatArray
) -> FloatArray:
    """Derivatives (n, k) of the event's incidence from ``start`` to ``ends`` (n,) in each margin.

    With S(u) the probability of being event-free at u and F(u) the incidence from there to the end,
    a little more of a hazard at u adds S(u) (1 - F(u)) if it is the event's and takes S(u) F(u) if
    it is another's.
    """
    parts = [
        _walk_back(baseline, margins[rows], start[rows], ends[rows])
        for first in range(0, len(margins), _CHUNK)
        for rows in (slice(first, first + _CHUNK),)
    ]
    return np.concatenate(parts) if parts else np.zeros(margins.shape)


def _walk_back(
    baseline: Baseline, margins: FloatArray, start: FloatArray, ends: FloatArray
) -> FloatArray:
    relative, survival = np.exp(margins), np.ones(len(margins))
    steps = []
    for left, right, slopes in _intervals(baseline):
        lived = np.clip(np.minimum(ends, right) - np.maximum(start, left), 0.0, None)
        steps.append((relative * slopes, lived, survival))
        survival = survival * np.exp(-(relative @ slopes) * lived)
    gradient, to_come = np.zeros(margins.shape), np.zeros(len(margins))
    for rate, lived, before in reversed(steps):
        total = rate.sum(axis=1)
        lasting, stays = _lasting(total, lived), np.exp(-total * lived)
        share = np.divide(rate[:, 0], total, out=np.zeros(len(total)), where=total > 0)
        gradient -= rate * (before * (share * lasting + (to_come - share) * lived * stays))[:, None]
        gradient[:, 0] += rate[:, 0] * before * lasting
        to_come = rate[:, 0] * lasting + stays * to_come
    return gradient


def _intervals(baseline: Baseline) -> Iterator[tuple[float, float, FloatArray]]:
    """Left and right end of each interval, and the hazards (k,) in it."""
    slopes = np.diff(baseline.cumulative, axis=1) / np.diff(baseline.knots)
    return zip(baseline.knots[:-1], baseline.knots[1:], slopes.T, strict=True)


def _lasting(rate: FloatArray, lived: FloatArray) -> FloatArray:
    """Years free (n,) out of those ``lived`` under a constant rate: (1 - exp(-rate t)) / rate."""
    passed = rate * lived
    share = np.divide(-np.expm1(-passed), passed, out=np.ones(len(passed)), where=passed > 0)
    return np.asarray(lived * share)
