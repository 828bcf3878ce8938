"""`CompetingRisksLink.cumulative_incidence` compiled by numba: the same numbers to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.compilation import compiled
from models.risk.absolute_risk import CompetingRisksLink, check_times

_BLOCK = 256
# Below this hazard the series of _SERIES is as exact as expm1, and a loop over it vectorises.
_SMALL = 0.05
_SERIES = tuple(1.0 / np.cumprod(np.arange(1.0, 10.0)))


@dataclass(frozen=True)
class CompiledLink(CompetingRisksLink):
    """A link for batches; several threads may call it at once."""

    def cumulative_incidence(
        self, margins: FloatArray, times: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """See `CompetingRisksLink.cumulative_incidence`."""
        margins, start = self._split_ages(margins, start)
        if start is not None:
            return self._from(margins, check_times(times, self.max_horizon), start)
        grid, positions = self.grid(times)
        steps = np.ascontiguousarray(np.diff(self.baseline.at(grid), axis=1).T)
        answer = np.empty((len(margins), len(positions), self.n_causes))
        _fill(np.ascontiguousarray(margins), steps, positions.astype(np.int64), answer)
        return answer

    def _from(self, margins: FloatArray, times: FloatArray, start: FloatArray) -> FloatArray:
        known = self.baseline
        slopes = np.diff(known.cumulative) / np.diff(known.knots)
        answer = np.full((len(margins), len(times), self.n_causes), np.nan)
        given = np.ascontiguousarray(margins), np.ascontiguousarray(start, np.float64), times
        _fill_from(*given, known.knots, slopes, answer)
        return answer


@compiled()
def _fill_from(
    margins: FloatArray,
    start: FloatArray,
    times: FloatArray,
    knots: FloatArray,
    slopes: FloatArray,
    answer: FloatArray,
) -> None:
    """Fill ``answer`` (n, t, k): the incidence from ``start`` (n,) on; NaN beyond what is known.

    ``slopes`` (k, j): the hazards between the knots (j + 1,), as `conditional_risk.incidence_from`.
    """
    n_causes, last = len(slopes), len(knots) - 1
    relative = np.empty(n_causes)
    for i in range(len(margins)):
        for k in range(n_causes):
            relative[k] = np.exp(margins[i, k])
        for t in range(len(times)):
            end = start[i] + times[t]
            if not (start[i] >= knots[0] and end <= knots[last] * (1 + 1e-12)):
                continue
            answer[i, t] = 0.0
            survival = 1.0
            for j in range(np.searchsorted(knots, start[i], side="right") - 1, last):
                lived = min(end, knots[j + 1]) - max(start[i], knots[j])
                if lived <= 0.0:
                    break
                total = 0.0
                for k in range(n_causes):
                    total += relative[k] * slopes[k, j]
                lost = -np.expm1(-total * lived)
                lasting = lost / total if total > 0.0 else lived
                for k in range(n_causes):
                    answer[i, t, k] += relative[k] * slopes[k, j] * survival * lasting
                survival *= 1.0 - lost


@compiled()
def _fill(
    margins: FloatArray, steps: FloatArray, positions: npt.NDArray[np.int64], answer: FloatArray
) -> None:
    """Fill ``answer`` (n, t, k): the incidence after step ``positions[t]`` of ``steps`` (j, k)."""
    n, n_causes = margins.shape
    relative = np.empty((n_causes, _BLOCK))
    incidence = np.empty((n_causes, _BLOCK))
    survival = np.empty(_BLOCK)
    total = np.empty(_BLOCK)
    share = np.empty(_BLOCK)
    for start in range(0, n, _BLOCK):
        size = min(n - start, _BLOCK)
        for k in range(n_causes):
            for i in range(size):
                relative[k, i] = np.exp(margins[start + i, k])
                incidence[k, i] = 0.0
        survival[:] = 1.0
        for j in range(len(steps)):
            largest = 0.0
            for i in range(size):
                total[i] = 0.0
            for k in range(n_causes):
                for i in range(size):
                    total[i] += relative[k, i] * steps[j, k]
            for i in range(size):
                largest = max(largest, total[i])
            _lose(total, size, largest, share)
            for k in range(n_causes):
                for i in range(size):
                    incidence[k, i] += relative[k, i] * steps[j, k] * survival[i] * share[i]
            for i in range(size):
                survival[i] *= 1.0 - share[i] * total[i]
            for t in range(len(positions)):
                if positions[t] == j + 1:
                    for i in range(size):
                        for k in range(n_causes):
                            answer[start + i, t, k] = min(incidence[k, i], 1.0)


@compiled()
def _lose(total: FloatArray, size: int, largest: float, share: FloatArray) -> None:
    """Fill ``share`` with (1 - exp(-L)) / L of each hazard L, 1 where L is 0."""
    if largest < _SMALL:
        for i in range(size):
            x = -total[i]
            series = _SERIES[8]
            for power in range(7, -1, -1):
                series = series * x + _SERIES[power]
            share[i] = series
    else:
        for i in range(size):
            share[i] = -np.expm1(-total[i]) / total[i] if total[i] > 0 else 1.0
