"""Concordant pairs in several resamples side by side, and the AUC. Compiled.

As in `models.metrics.pair_counts`, to which tests hold it to the last bit: the resamples differ in
their counts and weights alone, so that one walk over the patients serves all of them. Imports numba
at its top: import this where it is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.compilation import compiled

Integers = npt.NDArray[np.int64]


@compiled(exact=True)
def _add(tree: FloatArray, rank: int, amounts: FloatArray) -> None:
    """Add to the trees (ranks, b) the amounts (b,) at a rank."""
    place = rank + 1
    while place < len(tree):
        for b in range(len(amounts)):
            tree[place, b] += amounts[b]
        place += place & -place


@compiled(exact=True)
def _sum_up_to(tree: FloatArray, n_ranks: int, total: FloatArray) -> None:
    """Sums (b,) of the amounts at the first ``n_ranks`` ranks."""
    for b in range(len(total)):
        total[b] = 0.0
    place = n_ranks
    while place > 0:
        for b in range(len(total)):
            total[b] += tree[place, b]
        place -= place & -place


@compiled(exact=True)
def count_pairs(
    starts: Integers,
    rank: Integers,
    censored: BoolArray,
    case: BoolArray,
    competing: BoolArray,
    counts: FloatArray,
    inverse: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Harrell's C and Uno's (b,) of each resample; NaN where there is no pair.

    Patients are in ascending order of time, ``starts`` (m + 1,) marks where each distinct time
    begins; ``rank`` (n,) of the risk; ``counts`` and ``inverse`` probability of being uncensored
    (n, b) of each patient in each resample.
    """
    lanes, n_ranks, n_competing = counts.shape[1], 0, 0
    for i in range(len(rank)):
        n_ranks = max(n_ranks, rank[i] + 1)
        n_competing += competing[i]
    tree = np.zeros((n_ranks + 1, lanes))
    lower, upto, later = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    concordant, comparable = np.zeros((2, lanes)), np.zeros((2, lanes))
    for group in range(len(starts) - 2, -1, -1):
        first, last = starts[group], starts[group + 1]
        for i in range(first, last):
            if censored[i]:
                _add(tree, rank[i], counts[i])
                for b in range(lanes):
                    later[b] += counts[i, b]
        for i in range(first, last):
            if case[i]:
                _sum_up_to(tree, rank[i], lower)
                _sum_up_to(tree, rank[i] + 1, upto)
                for b in range(lanes):
                    below = 0.5 * (lower[b] + upto[b])
                    weight = counts[i, b] * inverse[i, b] * inverse[i, b]
                    concordant[0, b] += counts[i, b] * below
                    comparable[0, b] += counts[i, b] * later[b]
                    concordant[1, b] += weight * below
                    comparable[1, b] += weight * later[b]
        for i in range(first, last):
            if not censored[i]:
                _add(tree, rank[i], counts[i])
                for b in range(lanes):
                    later[b] += counts[i, b]
    if n_competing:
        _count_competing_before(
            starts, rank, n_ranks, case, competing, counts, inverse, concordant, comparable
        )
    for kind in range(2):
        for b in range(lanes):
            pairs = comparable[kind, b]
            concordant[kind, b] = concordant[kind, b] / pairs if pairs > 0 else np.nan
    return concordant[0], concordant[1]


@compiled(exact=True)
def _count_competing_before(
    starts: Integers,
    rank: Integers,
    n_ranks: int,
    case: BoolArray,
    competing: BoolArray,
    counts: FloatArray,
    inverse: FloatArray,
    concordant: FloatArray,
    comparable: FloatArray,
) -> None:
    """Add the pairs of a case and an earlier competing event to the two kinds (2, b)."""
    lanes = counts.shape[1]
    tree = np.zeros((n_ranks + 1, 2 * lanes))
    more, more_comparable = np.zeros(2 * lanes), np.zeros(2 * lanes)
    lower, upto, earlier = np.zeros(2 * lanes), np.zeros(2 * lanes), np.zeros(2 * lanes)
    amounts, weights = np.zeros(2 * lanes), np.zeros(2 * lanes)
    for group in range(len(starts) - 1):
        first, last = starts[group], starts[group + 1]
        for i in range(first, last):
            if competing[i]:
                for b in range(lanes):
                    amounts[b] = counts[i, b]
                    amounts[lanes + b] = counts[i, b] * inverse[i, b]
                _add(tree, rank[i], amounts)
                for b in range(2 * lanes):
                    earlier[b] += amounts[b]
        for i in range(first, last):
            if case[i]:
                _sum_up_to(tree, rank[i], lower)
                _sum_up_to(tree, rank[i] + 1, upto)
                for b in range(lanes):
                    weights[b] = counts[i, b]
                    weights[lanes + b] = counts[i, b] * inverse[i, b]
                for b in range(2 * lanes):
                    more[b] += weights[b] * (0.5 * (lower[b] + upto[b]))
                    more_comparable[b] += weights[b] * earlier[b]
    for kind in range(2):
        for b in range(lanes):
            concordant[kind, b] += more[kind * lanes + b]
            comparable[kind, b] += more_comparable[kind * lanes + b]


@compiled(exact=True)
def rank_cases(
    by_rank: Integers, starts: Integers, case: BoolArray, weights: FloatArray
) -> FloatArray:
    """AUC (b,) of each resample: cases above all others; NaN without either.

    ``by_rank`` (n,): patients in ascending order of risk, ``starts`` (r + 1,) marks where each
    distinct risk begins; ``weights`` (b, n).
    """
    found = np.empty(len(weights))
    for b in range(len(weights)):
        cases = controls = won = 0.0
        for group in range(len(starts) - 1):
            own = others = 0.0
            for place in range(starts[group], starts[group + 1]):
                i = by_rank[place]
                if case[i]:
                    own += weights[b, i]
                else:
                    others += weights[b, i]
            won += own * (controls + 0.5 * others)
            cases += own
            controls += others
        pairs = cases * controls
        found[b] = won / pairs if pairs > 0 else np.nan
    return found
