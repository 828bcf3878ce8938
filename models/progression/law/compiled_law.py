"""Distributions of later scores for whole batches, as a compiled loop.

`models.progression.law.law_reading.distribution` is its numpy reference. Imports numba: import this
where it is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from features.array_types import FloatArray
from models.compilation import compiled
from models.progression.law.compiled_likelihood import raised, rescan_numbers
from models.progression.law.growth_law import FIRST_VISIBLE, GrowthLaw, Patients, onset_nodes
from models.progression.law.law_reading import DRAWN, MARGIN, POINTS
from models.progression.law.normal import normal_cdf


def distribution(
    law: GrowthLaw,
    patients: Patients,
    thresholds: Sequence[float],
    years: Sequence[float],
    quantiles: Sequence[float],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Exceedance (n, y, t), quantiles (n, y, q) and mean (n, y) of the score after ``years``.

    NaN where the first score is missing.
    """
    n, wanted = len(patients), np.array(thresholds, np.float64)
    share, root, body = rescan_numbers(patients.bmi)
    begun, begun_weights = law.begun_rates
    place, node_weight = onset_nodes()
    passed = np.empty((n, len(years), len(wanted)))
    scores = np.empty((n, len(years), len(quantiles)))
    mean = np.empty((n, len(years)))
    for position, after in enumerate(years):
        hazard = law.hazard(patients.log_onset, np.full(n, float(after)))
        _loop(
            patients.first, np.exp(patients.log_rate) * after, hazard, body, share, root,
            law.power, np.array(law.rates), np.array(law.weights), begun, begun_weights,
            1 - place ** (1 / law.onset_shape), place, node_weight, law.artefact,
            law.artefact_mean, wanted, np.array(quantiles, np.float64),
            passed[:, position], scores[:, position], mean[:, position],
        )  # fmt: skip
    return passed, scores, mean


_TABLE_END, _PER_UNIT = 5.5, 256
# linear between points: off by less than 1e-6
_TABLE = normal_cdf(np.arange(-_TABLE_END, _TABLE_END + 2 / _PER_UNIT, 1 / _PER_UNIT))


@compiled()
def _below(z: float) -> float:
    if z <= -_TABLE_END:
        return 0.0
    if z >= _TABLE_END:
        return 1.0
    place = (z + _TABLE_END) * _PER_UNIT
    left = int(place)
    return float(_TABLE[left] + (place - left) * (_TABLE[left + 1] - _TABLE[left]))


@compiled()
def _cdf(
    score: float, true: FloatArray, spread: FloatArray, weight: FloatArray, count: int,
    none: float, artefact: float, artefact_mean: float,
) -> float:  # fmt: skip
    seen = max(score, FIRST_VISIBLE)
    total = 0.0
    for k in range(count):
        total += weight[k] * _below((seen - true[k]) / spread[k])
    if none > 0:
        total += none * (1 - artefact * math.exp(-(seen - FIRST_VISIBLE) / artefact_mean))
    return total


@compiled()
def _loop(
    first: FloatArray, step: FloatArray, hazard: FloatArray, body: FloatArray,
    share: float, root: float, power: float, rates: FloatArray, weights: FloatArray,
    begun: FloatArray, begun_weights: FloatArray, since: FloatArray, place: FloatArray,
    node_weight: FloatArray, artefact: float, artefact_mean: float,
    thresholds: FloatArray, quantiles: FloatArray,
    passed: FloatArray, scores: FloatArray, mean: FloatArray,
) -> None:  # fmt: skip
    inverse = 1.0 / power
    most = max(len(rates), len(place) * len(begun))
    true, spread, weight = np.empty(most), np.empty(most), np.empty(most)
    grid, reached = np.empty(POINTS), np.empty(POINTS)
    for i in range(len(first)):
        if not (first[i] >= 0 and step[i] >= 0 and (first[i] > 0 or hazard[i] >= 0)):
            passed[i, :] = np.nan
            scores[i, :] = np.nan
            mean[i] = np.nan
            continue
        none, count = 0.0, 0
        if first[i] > 0:
            start = first[i] ** power
            for k in range(len(rates)):
                true[count] = raised(start + step[i] * rates[k], inverse)
                weight[count] = weights[k]
                count += 1
        else:
            none = math.exp(-hazard[i])
            for j in range(len(place)):
                began = hazard[i] * node_weight[j] * math.exp(-hazard[i] * place[j])
                for k in range(len(begun)):
                    grown = FIRST_VISIBLE + step[i] * since[j] * begun[k]
                    true[count] = raised(grown, inverse)
                    weight[count] = began * begun_weights[k]
                    count += 1
        low, high = true[0], true[0]
        expected = none * artefact * (FIRST_VISIBLE + artefact_mean)
        for k in range(count):
            spread[k] = share * true[k] + root * math.sqrt(true[k]) + body[i]
            low, high = min(low, true[k]), max(high, true[k])
            z = (true[k] - FIRST_VISIBLE) / spread[k]
            # mean of a normal score that is not shown below the least visible one
            dens = math.exp(-0.5 * z * z) * 0.3989422804014327
            expected += weight[k] * (true[k] * _below(z) + spread[k] * dens)
        mean[i] = expected
        for t in range(len(thresholds)):
            at = _cdf(thresholds[t], true, spread, weight, count, none, artefact, artefact_mean)
            passed[i, t] = min(max(1.0 - at, 0.0), 1.0)
        if len(quantiles):
            _read_quantiles(
                low, high, true, spread, weight, count, none, artefact, artefact_mean,
                share, root, body[i], grid, reached, quantiles, scores[i],
            )  # fmt: skip


@compiled()
def _read_quantiles(
    low: float, high: float, true: FloatArray, spread: FloatArray, weight: FloatArray,
    count: int, none: float, artefact: float, artefact_mean: float,
    share: float, root: float, body: float, grid: FloatArray, reached: FloatArray,
    quantiles: FloatArray, found: FloatArray,
) -> None:  # fmt: skip
    below = low - MARGIN * (share * low + root * math.sqrt(low) + body)
    above = high + MARGIN * (share * high + root * math.sqrt(high) + body)
    first = math.sqrt(max(below, FIRST_VISIBLE))
    last = math.sqrt(above)
    points = len(grid)
    for m in range(points):
        # even steps of the square root: dense where scores are small
        place = first + (last - first) * m / (points - 1)
        grid[m] = place * place
        reached[m] = _cdf(grid[m], true, spread, weight, count, none, artefact, artefact_mean)
        if m > 0:
            reached[m] = max(reached[m], reached[m - 1])
    at = 0
    for q in range(len(quantiles)):
        wanted = quantiles[q]
        while at < points - 2 and reached[at + 1] < wanted:
            at += 1
        if wanted <= reached[0]:
            # no more is known than that it lies at or below the lowest point: none is shown
            found[q] = 0.0 if grid[0] <= FIRST_VISIBLE else grid[0]
            continue
        left, right = math.sqrt(grid[at]), math.sqrt(grid[at + 1])
        at_left, at_right = reached[at], reached[at + 1]
        for _ in range(DRAWN):
            place = _between(left, right, at_left, at_right, wanted)
            here = _cdf(place * place, true, spread, weight, count, none, artefact, artefact_mean)
            if here < wanted:
                left, at_left = place, here
            else:
                right, at_right = place, here
        place = _between(left, right, at_left, at_right, wanted)
        found[q] = place * place


@compiled()
def _between(left: float, right: float, at_left: float, at_right: float, wanted: float) -> float:
    width = at_right - at_left
    part = min(max((wanted - at_left) / width, 0.0), 1.0) if width > 0 else 1.0
    return left + part * (right - left)
