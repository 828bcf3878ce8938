"""Products of standardised features compiled by numba, each factor as expected where missing.

Imports numba at its top: import it where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.compilation import compiled
from models.learners.completion import Gaps
from models.learners.linear import GapReading
from models.learners.shapes.products import REACH
from models.margins import CauseModel

Integers = npt.NDArray[np.int64]


class ProductTables(NamedTuple):
    """The products of the margins of k causes as the loop reads them.

    ``weights`` (r, k) times the features ``factors`` (r, 2), each held within `REACH`, are added.
    """

    factors: Integers
    weights: FloatArray


class ExpectedFactors(NamedTuple):
    """What is expected of a factor where it is missing.

    ``rows`` (r, 2, k, d): of patients with the pattern d the cause k reads it from recorded
    features by this row of ``weights`` (m, u); -1 where it is known.
    """

    rows: Integers
    weights: FloatArray


def tabulate_products(causes: Sequence[CauseModel]) -> ProductTables:
    """The products of the causes, those of the same two features once."""
    pairs: dict[tuple[int, int], FloatArray] = {}
    for k, cause in enumerate(causes):
        if cause.linear is None or not cause.linear_weight:
            continue
        products = cause.linear.design.products
        weights = cause.linear_weight * cause.linear.split_coefficients().products
        for first, second, weight in zip(products.first, products.second, weights, strict=True):
            pairs.setdefault((int(first), int(second)), np.zeros(len(causes)))[k] += weight
    factors = np.array(list(pairs), np.int64).reshape(-1, 2)
    return ProductTables(
        factors, np.array(list(pairs.values()), np.float64).reshape(-1, len(causes))
    )


def expect_factors(
    tables: ProductTables,
    causes: Sequence[CauseModel],
    readings: Sequence[GapReading | None],
    gaps: Gaps,
) -> ExpectedFactors:
    """What each cause makes of these gaps."""
    rows = np.full((*tables.factors.shape, len(causes), len(gaps.patterns)), -1)
    weights, found = [np.empty((0, len(gaps.used)))], 0
    for k, (cause, reading) in enumerate(zip(causes, readings, strict=True)):
        if cause.linear is None or reading is None:
            continue
        for place, column in enumerate(cause.linear.design.products.factors.tolist()):
            missing = np.flatnonzero(~gaps.known[:, column])
            for r, side in np.argwhere(tables.factors == column):
                rows[r, side, k, missing] = found + np.arange(len(missing))
            found += len(missing)
            weights.append(reading.factors[place, missing])
    return ExpectedFactors(rows, np.concatenate(weights))


@compiled()
def add_products(
    tables: ProductTables,
    expected: ExpectedFactors,
    block: FloatArray,
    pattern: Integers,
    total: FloatArray,
) -> None:
    """Add products of recorded features (u, size) to ``total`` (k, size)."""
    for r in range(len(tables.factors)):
        first, second = block[tables.factors[r, 0]], block[tables.factors[r, 1]]
        for k in range(len(total)):
            weight, rows = tables.weights[r, k], expected.rows[r, :, k]
            for i in range(len(pattern)):
                d = pattern[i]
                one = _expect(expected.weights, rows[0, d], block, i, first[i])
                other = _expect(expected.weights, rows[1, d], block, i, second[i])
                one, other = (min(max(one, -REACH), REACH), min(max(other, -REACH), REACH))
                total[k, i] += weight * (one * other)


@compiled()
def _expect(weights: FloatArray, row: int, block: FloatArray, i: int, recorded: float) -> float:
    """The recorded value, or what the patient's recorded features lead to expect."""
    if row < 0:
        return recorded
    z = 0.0
    for u in range(len(block)):
        z += weights[row, u] * block[u, i]
    return z
