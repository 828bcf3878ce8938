"""The loops of `compiled` that add up contributions, for numba: patients in chunks for the cache.

Each patient's sums are taken in one order, whoever else is explained and on however many threads.
Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit, prange

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Loop = TypeVar("Loop")

# Not "nnan": missing values must stay visible. Sums may be reordered, or nothing vectorises.
REORDERED = frozenset({"reassoc", "contract", "nsz"})


def compiled(exact: bool = False) -> Callable[[Loop], Loop]:
    """Compile for all cores, once per machine where a cache can be written, else per process.

    ``exact``: no sum is reordered, so that numpy's numbers come out to the last bit.
    """
    options: dict[str, Any] = {"parallel": True, "error_model": "numpy"}
    options["fastmath"] = False if exact else set(REORDERED)

    def compile_loop(function: Loop) -> Loop:
        made: Any
        try:
            made = njit(cache=True, **options)(function)
        except RuntimeError:
            made = njit(**options)(function)
        return made  # type: ignore[no-any-return]

    return compile_loop


@compiled()
def add_terms(
    terms: FloatArray,
    owners: Integers,
    means: FloatArray,
    worth: FloatArray,
    total: FloatArray,
) -> None:
    """Add contributions of terms (n, m) to their owners in ``total`` (n, p); ``means`` (p, s)."""
    n, n_terms = terms.shape
    n_features, n_strata = means.shape
    for i in prange(n):
        whole = 0.0
        for s in range(n_strata):
            whole += worth[i, s]
        for t in range(n_terms):
            total[i, owners[t]] += terms[i, t] * whole
        for f in range(n_features):
            expected = 0.0
            for s in range(n_strata):
                expected += worth[i, s] * means[f, s]
            total[i, f] -= expected


@compiled()
def add_trees(
    split_feature: npt.NDArray[np.int32],
    split_threshold: npt.NDArray[np.float32],
    split_default_left: npt.NDArray[np.bool_],
    first_row: Integers,
    slot_feature: npt.NDArray[np.int32],
    table: FloatArray,
    features: Features,
    worth: FloatArray,
    total: FloatArray,
) -> None:
    """Add the trees' contributions to ``total`` (n, p), as `tree_attribution.add_up`."""
    n, n_features = features.shape
    n_blocks, n_splits = split_feature.shape
    n_slots, n_strata = table.shape[1], table.shape[2]
    step = 128  # patients at a time, so that one block's table serves them all from the cache
    for chunk in prange((n + step - 1) // step):
        first = chunk * step
        size = min(n, first + step) - first
        columns = np.empty((n_features, step), np.float32)
        for i in range(size):
            for f in range(n_features):
                columns[f, i] = features[first + i, f]
        summed = np.zeros((n_features, step))
        rows = np.empty(step, np.int64)
        for b in range(n_blocks):
            rows[:] = first_row[b]
            for k in range(n_splits):
                f = split_feature[b, k]
                threshold = split_threshold[b, k]
                default_left = split_default_left[b, k]
                for i in range(size):
                    x = columns[f, i]
                    goes_left = (x < threshold) | ((x != x) & default_left)
                    rows[i] += np.int64(goes_left) << k
            for i in range(size):
                for j in range(n_slots):
                    value = 0.0
                    for s in range(n_strata):
                        value += table[rows[i], j, s] * worth[first + i, s]
                    summed[slot_feature[b, j], i] += value
        for i in range(size):
            for f in range(n_features):
                total[first + i, f] += summed[f, i]
