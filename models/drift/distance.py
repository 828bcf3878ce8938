"""Distances between two distributions in counts, and what they are when nothing has changed.

The population stability index of a batch of 50 is 0.2 by chance alone, which a fixed limit of 0.1
would call a drift. So each distance comes with the value to be expected, and the chance of one as
large, if both samples were drawn from the same population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency, fisher_exact, gamma, hypergeom

from features.array_types import FloatArray

Counts = npt.NDArray[np.int64]

_N_DRAWS = 500
_SEED = 7
_FEWEST_EXPECTED = 5


@dataclass(frozen=True)
class Distance:
    """``expected``: mean without drift; ``p_value``: chance of at least this without drift."""

    value: float
    expected: float
    p_value: float

    @property
    def excess(self) -> float:
        """The distance beyond what sampling explains."""
        return self.value - self.expected


def stability_index(before: npt.ArrayLike, now: npt.ArrayLike) -> FloatArray:
    """Population stability index: sum of (q - p) log(q / p) over the last axis.

    ``before``, ``now``: counts (..., k). Half a patient is added to each bin, so that an empty one
    counts much, but not infinitely.
    """
    p, q = (np.asarray(counts, dtype=np.float64) + 0.5 for counts in (before, now))
    p, q = p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)
    index: FloatArray = ((q - p) * np.log(q / p)).sum(axis=-1)
    return index


def measure_stability(before: Counts, now: Counts) -> Distance:
    """The stability index beside its distribution without drift.

    That is drawn: both samples 500 times from their pooled shares; a gamma distribution of the
    same mean and variance gives the tail (the index times the harmonic size is nearly chi-square).
    """
    observed = float(stability_index(before, now))
    pooled = (before + now) / (before + now).sum()
    draws = np.random.default_rng(_SEED)
    drawn = stability_index(
        draws.multinomial(before.sum(), pooled, _N_DRAWS),
        draws.multinomial(now.sum(), pooled, _N_DRAWS),
    )
    mean, variance = float(drawn.mean()), float(drawn.var())
    if variance == 0:
        return Distance(observed, mean, 1.0)
    p_value = float(gamma.sf(observed, mean**2 / variance, scale=variance / mean))
    return Distance(observed, mean, p_value)


def measure_largest_gap(before: Counts, now: Counts) -> Distance:
    """Kolmogorov-Smirnov: the largest gap between the two cumulative shares, at the bin edges.

    Looking at edges alone can only shorten the gap, so that the classical limit of the chance,
    2 exp(-2 D^2 n m / (n + m)), errs on the side of no drift. Expected: its mean,
    sqrt(pi / 2) log(2) / sqrt(n m / (n + m)).
    """
    gap = np.cumsum(now) / now.sum() - np.cumsum(before) / before.sum()
    size = before.sum() * now.sum() / (before.sum() + now.sum())
    largest = float(np.abs(gap).max())
    expected = float(np.sqrt(np.pi / 2) * np.log(2) / np.sqrt(size))
    return Distance(largest, expected, float(min(1.0, 2 * np.exp(-2 * largest**2 * size))))


def measure_share(before: tuple[int, int], now: tuple[int, int]) -> Distance:
    """Difference of two shares, each given as (with, without); exact where counts are small."""
    table = np.array([before, now], dtype=np.int64)
    sizes = table.sum(axis=1)
    if (sizes == 0).any():
        return Distance(0.0, 0.0, 1.0)
    shares = table[:, 0] / sizes
    difference = float(abs(shares[1] - shares[0]))
    together = table[:, 0].sum() / sizes.sum()
    expected = float(np.sqrt(2 / np.pi * together * (1 - together) * (1 / sizes).sum()))
    least = sizes.min() * min(together, 1 - together)
    if together in (0, 1):
        return Distance(difference, expected, 1.0)
    if least < _FEWEST_EXPECTED:
        return Distance(difference, expected, float(fisher_exact(table).pvalue))
    return Distance(difference, expected, float(chi2_contingency(table).pvalue))


def chance_of_unseen(n_before: int, n_now: int, n_unseen: int) -> float:
    """Chance that all of ``n_unseen`` patients alike fall among the ``n_now`` by chance."""
    return float(hypergeom.sf(n_unseen - 1, n_before + n_now, n_unseen, n_now))


def adjust(p_values: list[float]) -> list[float]:
    """Holm's p-values: the chance that any of all the tests is as extreme without drift."""
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    factors = np.arange(len(given), 0, -1)
    raised = np.minimum(1.0, np.maximum.accumulate(given[order] * factors))
    adjusted = np.empty(len(given))
    adjusted[order] = raised
    return [float(p) for p in adjusted]
