"""`Completion.complete` compiled by numba: the same numbers to rounding, many times faster.

Patients are taken in blocks for the cache, feature by feature, so that a block's patients go
through each step side by side. Loops run over slices: of an index that is a sum numba cannot tell
that it is not below zero, and takes one patient after the other. The scoring path never imports
this module, so a served model needs no numba; batch jobs do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.compilation import compiled
from models.learners.completion import Completed, Completion, Gaps

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
    patterns = np.ascontiguousarray(np.isnan(columns[:, representatives][positions]).T)
    loadings, noise = completion.loadings, completion.noise
    informing = (loadings / noise[:, None])[:, :, None] * loadings[:, None, :]
    precision = np.eye(completion.n_factors) + informing.sum(axis=0)
    covariance = np.empty((len(patterns), *precision.shape))
    first, lacking = _list_lacking(patterns[:, completion.used])
    _invert(precision, informing, first, lacking, covariance)
    return Gaps(patterns, pattern, covariance, completion.used)


def tabulate(completion: Completion, gaps: Gaps, positions: Integers) -> CompletionTables:
    """What the loops need of a completion and of the patients' gaps."""
    first, lacking = _list_lacking(gaps.patterns[:, completion.used])
    leading = np.empty((len(lacking), completion.n_factors))
    _lead(completion.loadings, gaps.covariance, first, lacking, leading)
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


def _list_lacking(patterns: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """``first`` and ``lacking`` of `CompletionTables`, by what each pattern lacks (d, u)."""
    of_pattern, lacking = np.nonzero(patterns)
    return np.searchsorted(of_pattern, np.arange(len(patterns) + 1)), lacking


@compiled()
def _invert(
    precision: FloatArray,
    informing: FloatArray,
    first: Integers,
    lacking: Integers,
    covariance: FloatArray,
) -> None:
    """Fill ``covariance`` (d, q, q): the inverse of ``precision`` (q, q) without what is lacking.

    ``informing``: (u, q, q) what each feature adds to the precision. By Gauss and Jordan without
    a choice of pivots: these matrices are positive definite.
    """
    n_factors = len(precision)
    pivot = np.empty(n_factors)
    for d in range(len(covariance)):
        rest = covariance[d]
        rest[:] = precision
        for g in range(first[d], first[d + 1]):
            for q in range(n_factors):
                for r in range(n_factors):
                    rest[q, r] -= informing[lacking[g], q, r]
        for p in range(n_factors):
            scale = 1.0 / rest[p, p]
            rest[p, p] = 1.0
            for r in range(n_factors):
                pivot[r] = rest[p, r] * scale
            for q in range(n_factors):
                factor = rest[q, p]
                rest[q, p] = 0.0
                for r in range(n_factors):
                    rest[q, r] -= factor * pivot[r]
            rest[p] = pivot


@compiled()
def _lead(
    loadings: FloatArray,
    covariance: FloatArray,
    first: Integers,
    lacking: Integers,
    leading: FloatArray,
) -> None:
    """Fill ``leading`` (g, q)."""
    n_factors = loadings.shape[1]
    for d in range(len(covariance)):
        for g in range(first[d], first[d + 1]):
            leading[g] = 0.0
            for q in range(n_factors):
                loading = loadings[lacking[g], q]
                for r in range(n_factors):
                    leading[g, r] += loading * covariance[d, q, r]


@compiled()
def _group(columns: FloatArray, positions: Integers) -> tuple[Integers, Integers]:
    """Each patient's pattern of missing features (n,), and the first patient of each pattern."""
    n, n_words = columns.shape[1], (len(positions) + 63) // 64
    words = np.zeros((n_words, n), np.uint64)
    for j in range(len(positions)):
        bit = np.uint64(1) << np.uint64(j % 64)
        column, marks = columns[positions[j]], words[j // 64]
        for i in range(len(column)):
            x = column[i]
            if x != x:
                marks[i] |= bit
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
            mixed = (mixed ^ words[w, i]) * np.uint64(0x9E3779B97F4A7C15)
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
                same &= words[w, first[known]] == words[w, i]
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
        standardise_block(columns, tables, start, size, block, own)
        fill_gaps(tables, start, size, block)
        standard[start : start + size] = block[:, :size].T
        values[start : start + size] = own[:, :size].T


@compiled()
def standardise_block(
    columns: FloatArray,
    tables: CompletionTables,
    start: int,
    size: int,
    block: FloatArray,
    values: Values,
) -> None:
    """Fill ``block`` (u, size) of the patients from ``start`` on, and their ``values`` (p, size).

    Gaps stand at the mean. Rows of values that are not modelled are left as they are: 0, where the
    caller began with 0.
    """
    for u in range(len(tables.used)):
        mean, rate, bound = tables.mean[u], 1.0 / tables.scale[u], tables.bound[u]
        own = columns[tables.positions[tables.used[u]], start : start + size]
        standard, value = block[u], values[tables.used[u]]
        for i in range(len(own)):
            x = own[i]
            z = min(max((x - mean) * rate, -bound), bound)
            standard[i] = 0.0 if x != x else z
            value[i] = np.float32(mean) if x != x else np.float32(x)


@compiled()
def fill_gaps(tables: CompletionTables, start: int, size: int, block: FloatArray) -> None:
    """Put what is expected of each gap into ``block`` (u, size) of the patients from ``start``."""
    n_factors = tables.informing.shape[1]
    known = np.zeros((n_factors, BLOCK))
    _weigh(tables.informing, block, known)
    for i in range(size):
        d = tables.pattern[start + i]
        for g in range(tables.first[d], tables.first[d + 1]):
            z = 0.0
            for q in range(n_factors):
                z += known[q, i] * tables.leading[g, q]
            block[tables.lacking[g], i] = z


@compiled()
def _weigh(informing: FloatArray, block: FloatArray, known: FloatArray) -> None:
    """Add ``informing`` (u, q), transposed, times ``block`` (u, n) to ``known`` (q, n)."""
    n_features, n_factors = informing.shape
    whole = n_features - n_features % 4
    # Four features at a time: sums stay in registers that much longer.
    for u in range(0, whole, 4):
        first, second, third, fourth = block[u], block[u + 1], block[u + 2], block[u + 3]
        for q in range(n_factors):
            a, b = informing[u, q], informing[u + 1, q]
            c, d = informing[u + 2, q], informing[u + 3, q]
            total = known[q]
            for i in range(len(total)):
                total[i] += a * first[i] + b * second[i] + c * third[i] + d * fourth[i]
    for u in range(whole, n_features):
        for q in range(n_factors):
            for i in range(known.shape[1]):
                known[q, i] += informing[u, q] * block[u, i]
