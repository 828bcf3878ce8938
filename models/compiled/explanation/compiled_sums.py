"""The loops of `compiled` that add up contributions, for numba: patients in chunks for the cache.

Each patient's sums are taken in one order, whoever else is explained.
Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.compilation import compiled
from models.learners.shapes.products import REACH

Features = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class TermTables(NamedTuple):
    """One cause's terms, as `CauseModel.terms` makes them, summed to the features they belong to.

    ``used``: (u,) features that are standardised; ``slopes``: (d, u) of them by pattern of gaps.
    ``of_gaps``: (d, p) what a pattern adds by itself. A feature ``columns`` (b,) among those used
    adds ``bent`` (b, 5) times its cubes above the ``knots`` (b, 3), itself, and 1. ``products``
    (r, 3): to a feature among those used ``joint`` (r, 2) times what two factors multiply to, each
    held within `REACH`, and times 1, is added.
    """

    used: Integers
    slopes: FloatArray
    of_gaps: FloatArray
    columns: Integers
    knots: FloatArray
    bent: FloatArray
    products: Integers
    joint: FloatArray


@compiled()
def add_terms(
    tables: TermTables,
    standard: FloatArray,
    factors: FloatArray,
    pattern: Integers,
    means: FloatArray,
    worth: FloatArray,
    total: FloatArray,
) -> None:
    """Add contributions of terms to ``total`` (n, p); ``means`` (p, s) of the background.

    ``factors``: (n, c) of products, standardised, each as expected where it is missing.
    """
    n_features, n_strata = means.shape
    own = np.empty(n_features)
    for i in range(len(standard)):
        d = pattern[i]
        whole = 0.0
        for s in range(n_strata):
            whole += worth[i, s]
        own[:] = tables.of_gaps[d]
        for u in range(len(tables.used)):
            own[tables.used[u]] += tables.slopes[d, u] * standard[i, u]
        for b in range(len(tables.columns)):
            z = standard[i, tables.columns[b]]
            bent = tables.bent[b, 3] * z + tables.bent[b, 4]
            for k in range(3):
                above = max(z - tables.knots[b, k], 0.0)
                bent += tables.bent[b, k] * (above * above * above)
            own[tables.used[tables.columns[b]]] += bent
        for r in range(len(tables.products)):
            owner, first, second = tables.products[r]
            one = min(max(factors[i, first], -REACH), REACH)
            other = min(max(factors[i, second], -REACH), REACH)
            own[tables.used[owner]] += tables.joint[r, 0] * (one * other) + tables.joint[r, 1]
        for f in range(n_features):
            expected = 0.0
            for s in range(n_strata):
                expected += worth[i, s] * means[f, s]
            total[i, f] += own[f] * whole - expected


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
