"""`Completion.complete` compiled by numba: the same numbers to rounding, many times faster.

Patients are taken in blocks for the cache, feature by feature, so that a block's patients go
through each step side by side. The scoring path never imports this module, so a served model needs
no numba; batch jobs do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.compilation import compiled
from models.learners.completion import Completed, Completion, FloatArray, Gaps

Integers = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]

BLOCK = 128


class CompletionTables(NamedTuple):
    """A completion, and the gaps of some patients, as the loops read them.

    ``positions``: (p,) rows of the columns (m, n) that are the features; ``used``: (u,) those
    modelled. ``informing``: (u, q) loadings over noise; their sum over a patient's standardised
    features times a row of ``leading`` (g, q) is what a gap is expected to be. The modelled
    features that patients with ``pattern`` (n,) d lack are ``lacking[first[d]:first[d + 1]]`` (g,),
    and the rows of ``leading`` those that belong to them.
    """

    positions: Integers
    used: Integers
    mean: FloatArray
    scale: FloatArray
    bound: FloatArray
    informing: FloatArray
    pattern: Integers
    first: Integers
    lacking: Integers
    leading: FloatArray


def complete_compiled(
    completion: Completion, columns: FloatArray, positions: Integers
) -> Completed:
    """Features as a model sees them: rows ``positions`` (p,) of ``columns`` (m, n), NaN missing."""
    gaps = find_gaps_compiled(completion, columns, positions)
    standard = np.empty((columns.shape[1], len(completion.used)))
    values = np.empty((columns.shape[1], len(positions)), np.float32)
    _complete(columns, tabulate(completion, gaps, positions), standard, values)
    return Completed(standard, values, gaps)


def find_gaps_compiled(completion: Completion, columns: FloatArray, positions: Integers) -> Gaps:
    """What `Completion.find_gaps` gives; the patterns in the order in which they occur."""
    pattern, representatives = _group(columns, positions)
    patterns = np.isnan(columns[:, representatives][positions]).T
    return completion.gaps_of(np.ascontiguousarray(patterns), pattern)


def tabulate(completion: Completion, gaps: Gaps, positions: Integers) -> CompletionTables:
    """What the loops need of a completion and of the patients' gaps."""
    of_pattern, lacking = np.nonzero(gaps.patterns[:, completion.used])
    first = np.searchsorted(of_pattern, np.arange(len(gaps.patterns) + 1))
    leading = np.empty((len(lacking), completion.n_factors))
    _lead(completion.loadings, gaps.covariance, of_pattern, lacking, leading)
    return CompletionTables(
        positions,
        completion.used.astype(np.int64),
        completion.mean,
        completion.scale,
        completion.bound,
        completion.loadings / completion.noise[:, None],
        gaps.pattern,
        first,
        lacking,
        leading,
    )


@compiled()
def _lead(
    loadings: FloatArray,
    covariance: FloatArray,
    of_pattern: Integers,
    lacking: Integers,
    leading: FloatArray,
) -> None:
    """Fill ``leading`` (g, q)."""
    n_factors = loadings.shape[1]
    for g in range(len(lacking)):
        leading[g] = 0.0
        for q in range(n_factors):
            loading = loadings[lacking[g], q]
            for r in range(n_factors):
                leading[g, r] += loading * covariance[of_pattern[g], q, r]


@compiled()
def _group(columns: FloatArray, positions: Integers) -> tuple[Integers, Integers]:
    """Each patient's pattern of missing features (n,), and the first patient of each pattern."""
    n, n_words = columns.shape[1], (len(positions) + 63) // 64
    words = np.zeros((n, n_words), np.uint64)
    for j in range(len(positions)):
        bit = np.uint64(1) << np.uint64(j % 64)
        for i in range(n):
            x = columns[positions[j], i]
            if x != x:
                words[i, j // 64] |= bit
    size = 16
    while size < 2 * n:
        size *= 2
    slots = np.full(size, -1)
    pattern = np.empty(n, np.int64)
    first = np.empty(n, np.int64)
    found = 0
    for i in range(n):
        mixed = np.uint64(0)
        for w in range(n_words):
            mixed = (mixed ^ words[i, w]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        slot = np.int64(mixed & np.uint64(size - 1))
        while True:
            known = slots[slot]
            if known < 0:
                slots[slot] = known = found
                first[found] = i
                found += 1
            same = True
            for w in range(n_words):
                same &= words[first[known], w] == words[i, w]
            if same:
                pattern[i] = known
                break
            slot = (slot + 1) % size
    return pattern, first[:found].copy()


@compiled()
def _complete(
    columns: FloatArray, tables: CompletionTables, standard: FloatArray, values: Values
) -> None:
    """Fill ``standard`` (n, u) and ``values`` (n, p)."""
    n = columns.shape[1]
    block = np.empty((len(tables.used), BLOCK))
    own = np.zeros((len(tables.positions), BLOCK), np.float32)
    for start in range(0, n, BLOCK):
        size = min(n - start, BLOCK)
        complete_block(columns, tables, start, size, block, own)
        standard[start : start + size] = block[:, :size].T
        values[start : start + size] = own[:, :size].T


@compiled()
def complete_block(
    columns: FloatArray,
    tables: CompletionTables,
    start: int,
    size: int,
    block: FloatArray,
    values: Values,
) -> None:
    """Fill ``block`` (u, size) of the patients from ``start`` on, and their ``values`` (p, size).

    Rows of values that are not modelled are left as they are: 0, where the caller began with 0.
    """
    n_factors = tables.informing.shape[1]
    known = np.zeros((n_factors, BLOCK))
    for u in range(len(tables.used)):
        mean, rate, bound = tables.mean[u], 1.0 / tables.scale[u], tables.bound[u]
        row = tables.positions[tables.used[u]]
        for i in range(size):
            x = columns[row, start + i]
            z = min(max((x - mean) * rate, -bound), bound)
            block[u, i] = 0.0 if x != x else z
            values[tables.used[u], i] = 0.0 if x != x else x
        for q in range(n_factors):
            for i in range(size):
                known[q, i] += tables.informing[u, q] * block[u, i]
    for i in range(size):
        d = tables.pattern[start + i]
        for g in range(tables.first[d], tables.first[d + 1]):
            z = 0.0
            for q in range(n_factors):
                z += known[q, i] * tables.leading[g, q]
            u = tables.lacking[g]
            block[u, i] = z
            values[tables.used[u], i] = z * tables.scale[u] + tables.mean[u]
