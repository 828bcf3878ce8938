"""Calibration regressions, and distances of curves, in several resamples side by side. Compiled.

Every resample's regression begins where that of all patients ended, so that a patient's hazard in
it is the one there times the exponential of a small change, which a polynomial gives to the last
digits without leaving the vector units. Imports numba at its top: import this where it is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.compilation import compiled

Integers = npt.NDArray[np.int64]

_LOWEST_HAZARD, _HIGHEST_HAZARD = np.exp(-27.6), np.exp(3.2)
_FARTHEST = 6.0  # change of a linear predictor that the polynomial still answers
_LARGEST_STEP, _SMALL_STEP, _MAX_STEPS = 10.0, 1e-8, 20
_SINGULAR = 1e-11
_SMALL_HAZARD = 0.05


@compiled()
def _exponential(x: float) -> float:
    """exp(x) for -32 <= x <= 32, to 1e-13, in additions and products alone."""
    y = x * (1 / 256)
    power = 1.0 + y * (
        1.0
        + y
        * (
            0.5
            + y
            * (
                1 / 6
                + y * (1 / 24 + y * (1 / 120 + y * (1 / 720 + y * (1 / 5040 + y * (1 / 40320)))))
            )
        )
    )
    for _ in range(8):
        power *= power
    return power


@compiled()
def _sum_events(
    line: FloatArray, bend: FloatArray, hazard: FloatArray, weight: FloatArray, change: FloatArray
) -> tuple[float, float, float, float, float, float, float, float, float, float]:
    """Score (3), information (6, lower triangle) and who moves far, of patients with the event."""
    a, b, c = change[0], change[1], change[2]
    s0 = s1 = s2 = i00 = i10 = i11 = i20 = i21 = i22 = far = 0.0
    for i in range(len(line)):
        moved = a + b * line[i] + c * bend[i]
        far += 1.0 if abs(moved) > _FARTHEST else 0.0
        own = hazard[i] * _exponential(min(max(moved, -_FARTHEST), _FARTHEST))
        own = min(max(own, _LOWEST_HAZARD), _HIGHEST_HAZARD)
        # h / (exp(h) - 1), of a small h by its series
        square, stays = own * own, _exponential(-own)
        series = 1.0 - 0.5 * own + square * (1 / 12 - square * (1 / 720))
        odds = series if own < _SMALL_HAZARD else own * stays / (1.0 - stays)
        pull = weight[i] * odds
        mass = pull * (own + odds - 1.0)
        s0 += pull
        s1 += pull * line[i]
        s2 += pull * bend[i]
        i00 += mass
        i10 += mass * line[i]
        i11 += mass * line[i] * line[i]
        i20 += mass * bend[i]
        i21 += mass * bend[i] * line[i]
        i22 += mass * bend[i] * bend[i]
    return s0, s1, s2, i00, i10, i11, i20, i21, i22, far


@compiled()
def _sum_others(
    line: FloatArray, bend: FloatArray, hazard: FloatArray, weight: FloatArray, change: FloatArray
) -> tuple[float, float, float, float, float, float, float]:
    """Information (6), the first three of it less the score, and who moves far, of the others."""
    a, b, c = change[0], change[1], change[2]
    i00 = i10 = i11 = i20 = i21 = i22 = far = 0.0
    for i in range(len(line)):
        moved = a + b * line[i] + c * bend[i]
        far += 1.0 if abs(moved) > _FARTHEST else 0.0
        own = hazard[i] * _exponential(min(max(moved, -_FARTHEST), _FARTHEST))
        mass = weight[i] * min(max(own, _LOWEST_HAZARD), _HIGHEST_HAZARD)
        i00 += mass
        i10 += mass * line[i]
        i11 += mass * line[i] * line[i]
        i20 += mass * bend[i]
        i21 += mass * bend[i] * line[i]
        i22 += mass * bend[i] * bend[i]
    return i00, i10, i11, i20, i21, i22, far


@compiled()
def fit_cloglog(
    line: FloatArray,
    bend: FloatArray,
    hazard: FloatArray,
    n_events: int,
    n_terms: int,
    weights: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    """Newton fits of several resamples: how far (b, 3) each goes from the start, and if it ended.

    Of an intercept, a ``line`` and a ``bend`` (n,), the first ``n_terms`` of them, of patients of
    whom the first ``n_events`` had the event; ``hazard`` (n,) at the start; ``weights`` (b, n). A
    fit gives up, for another to take over, where information is singular, steps do not shrink or a
    predictor goes far.
    """
    lanes, k = len(weights), n_events
    changes, ended = np.zeros((lanes, 3)), np.zeros(lanes, np.bool_)
    score, information, step = np.zeros(3), np.zeros(6), np.zeros(3)
    for b in range(lanes):
        weight, change = weights[b], changes[b]
        for _ in range(_MAX_STEPS):
            s0, s1, s2, i00, i10, i11, i20, i21, i22, far = _sum_events(
                line[:k], bend[:k], hazard[:k], weight[:k], change
            )
            j00, j10, j11, j20, j21, j22, farther = _sum_others(
                line[k:], bend[k:], hazard[k:], weight[k:], change
            )
            score[0], score[1], score[2] = s0 - j00, s1 - j10, s2 - j20
            information[0], information[1], information[2] = i00 + j00, i10 + j10, i11 + j11
            information[3], information[4], information[5] = i20 + j20, i21 + j21, i22 + j22
            if far + farther or not _solve(information, score, step, n_terms):
                break
            size = max(abs(step[0]), abs(step[1]), abs(step[2]))
            if not size < _LARGEST_STEP:
                break
            for j in range(n_terms):
                change[j] += step[j]
            if size < _SMALL_STEP:
                ended[b] = True
                break
    return changes, ended


@compiled(exact=True)
def _solve(information: FloatArray, score: FloatArray, step: FloatArray, p: int) -> bool:
    """Solve for the first p of the step by Cholesky's method; whether the information is regular.

    ``information``: the lower triangle, row by row.
    """
    factor = np.zeros((p, p))
    at = 0
    for j in range(p):
        for k in range(j + 1):
            left = information[at]
            own = left
            at += 1
            for m in range(k):
                left -= factor[j, m] * factor[k, m]
            if j == k:
                if not left > _SINGULAR * own:
                    return False
                factor[j, j] = np.sqrt(left)
            else:
                factor[j, k] = left / factor[k, k]
    for j in range(p):
        left = score[j]
        for m in range(j):
            left -= factor[j, m] * step[m]
        step[j] = left / factor[j, j]
    for j in range(p - 1, -1, -1):
        left = step[j]
        for m in range(j + 1, p):
            left -= factor[m, j] * step[m]
        step[j] = left / factor[j, j]
    return True


@compiled()
def measure_distances(
    line: FloatArray, bend: FloatArray, hazard: FloatArray, changes: FloatArray, counts: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, median and 90th percentile (b,) of how far each resample's risks lie from the first.

    The first have the hazards (n,), the resamples' predictors differ by their ``changes`` (b, 3) of
    intercept, ``line`` and ``bend`` (n,); ``counts`` (b, n).
    """
    lanes, n = counts.shape
    mean, middle, ninth = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    stays, gaps, values, weights = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        stays[i] = np.exp(-hazard[i])
    for b in range(lanes):
        count = counts[b]
        total, size = _measure_gaps(line, bend, hazard, stays, changes[b], count, gaps)
        mean[b] = total / size
        n_kept = 0
        for i in range(n):
            values[n_kept], weights[n_kept] = gaps[i], count[i]
            n_kept += count[i] > 0
        first, below, middle[b] = _select(values, weights, 0, n_kept, 0.0, (0.5 - 1e-12) * size)
        _, _, ninth[b] = _select(values, weights, first, n_kept, below, (0.9 - 1e-12) * size)
    return mean, middle, ninth


@compiled()
def _measure_gaps(
    line: FloatArray,
    bend: FloatArray,
    hazard: FloatArray,
    stays: FloatArray,
    change: FloatArray,
    count: FloatArray,
    gaps: FloatArray,
) -> tuple[float, float]:
    """Fill in the ``gaps`` (n,) of one resample; their sum and the size of it."""
    a, b, c = change[0], change[1], change[2]
    total = size = 0.0
    for i in range(len(line)):
        moved = a + b * line[i] + c * bend[i]
        own = hazard[i] * _exponential(min(max(moved, -_FARTHEST), _FARTHEST))
        gap = abs(stays[i] - _exponential(-min(own, _HIGHEST_HAZARD)))
        gaps[i] = gap
        total += count[i] * gap
        size += count[i]
    return total, size


@compiled(exact=True)
def _select(
    values: FloatArray, weights: FloatArray, first: int, stop: int, below: float, wanted: float
) -> tuple[int, float, float]:
    """The smallest value that, with those below, weighs what is wanted, by quickselect.

    Looked for from ``first`` on, before which stand lower ones that weigh ``below``; returns where
    the values equal to it begin, what stands before them, and the value.
    """
    last = stop - 1
    while first < last:
        one, two, three = values[first], values[(first + last) // 2], values[last]
        pivot = max(min(one, two), min(max(one, two), three))
        lower, at, upper, light, equal = first, first, last, 0.0, 0.0
        while at <= upper:
            value, weight = values[at], weights[at]
            if value < pivot:
                values[at], weights[at] = values[lower], weights[lower]
                values[lower], weights[lower] = value, weight
                light += weight
                lower += 1
                at += 1
            elif value > pivot:
                values[at], weights[at] = values[upper], weights[upper]
                values[upper], weights[upper] = value, weight
                upper -= 1
            else:
                equal += weight
                at += 1
        if below + light >= wanted:
            last = lower - 1
        elif below + light + equal >= wanted:
            return lower, below + light, pivot
        else:
            below += light + equal
            first = upper + 1
    return first, below, values[min(first, stop - 1)]
