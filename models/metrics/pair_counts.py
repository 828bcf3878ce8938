"""Counting comparable and concordant pairs in O(n log n), compiled by numba.

Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.compilation import compiled

Integers = npt.NDArray[np.int64]


@compiled(exact=True)
def _add(tree: FloatArray, rank: int, amount: float) -> None:
    place = rank + 1
    while place < len(tree):
        tree[place] += amount
        place += place & -place


@compiled(exact=True)
def _sum_up_to(tree: FloatArray, n_ranks: int) -> float:
    """Sum of the amounts at the first ``n_ranks`` ranks."""
    total = 0.0
    place = n_ranks
    while place > 0:
        total += tree[place]
        place -= place & -place
    return total


@compiled(exact=True)
def _below(tree: FloatArray, rank: int) -> float:
    """Amount at ranks below, and half of that at the same rank."""
    half: float = 0.5 * (_sum_up_to(tree, rank) + _sum_up_to(tree, rank + 1))
    return half


@compiled(exact=True)
def count_followed_longer(
    starts: Integers,
    censored: npt.NDArray[np.bool_],
    case: FloatArray,
    rank: Integers,
    counts: FloatArray,
) -> tuple[float, float]:
    """Weighted pairs (concordant, comparable) of a case and a patient followed longer than it.

    All (n,) arrays are in ascending order of time; ``starts`` (m + 1,) marks where each distinct
    time begins. ``case`` is the weight of a case, 0 for others; a concordant pair is one in which
    the case has the higher ``rank`` (0, 1, ...; ties count half). A patient censored at the very
    time of the case's event outlives the case.
    """
    tree = np.zeros(rank.max() + 2)
    concordant, comparable, later = 0.0, 0.0, 0.0
    for group in range(len(starts) - 2, -1, -1):
        first, last = starts[group], starts[group + 1]
        for i in range(first, last):
            if censored[i]:
                _add(tree, rank[i], counts[i])
                later += counts[i]
        for i in range(first, last):
            if case[i] > 0:
                concordant += case[i] * _below(tree, rank[i])
                comparable += case[i] * later
        for i in range(first, last):
            if not censored[i]:
                _add(tree, rank[i], counts[i])
                later += counts[i]
    return concordant, comparable


@compiled(exact=True)
def count_competing_before(
    starts: Integers, case: FloatArray, rank: Integers, competing: FloatArray
) -> tuple[float, float]:
    """Weighted pairs (concordant, comparable) of a case and an earlier competing event.

    ``competing`` is the weight of a patient with the competing event, 0 for others; those at the
    very time of the case's event are included. Arrays as in `count_followed_longer`.
    """
    tree = np.zeros(rank.max() + 2)
    concordant, comparable, earlier = 0.0, 0.0, 0.0
    for group in range(len(starts) - 1):
        first, last = starts[group], starts[group + 1]
        for i in range(first, last):
            if competing[i] > 0:
                _add(tree, rank[i], competing[i])
                earlier += competing[i]
        for i in range(first, last):
            if case[i] > 0:
                concordant += case[i] * _below(tree, rank[i])
                comparable += case[i] * earlier
    return concordant, comparable
