"""The loops of `compiled` that add up contributions, for numba: patients in chunks for the cache.

Each patient's sums are taken in one order, whoever else is explained.
Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.compilation import compiled

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


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
    for i in range(n):
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
    for chunk in range((n + step - 1) // step):
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
