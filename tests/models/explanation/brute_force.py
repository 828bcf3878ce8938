"""Shapley values by their definition: every coalition, every background patient."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np

from features.array_types import FloatArray


def interventional_shapley(
    function: Callable[[FloatArray], FloatArray], patients: FloatArray, background: FloatArray
) -> FloatArray:
    """Values (n, p) of ``function``; features outside a coalition come from the background.

    ``patients``, ``background``: (n, p) or, where a feature is several numbers, (n, p, s).
    """
    n, p = patients.shape[:2]
    coalitions = [set(c) for size in range(p + 1) for c in combinations(range(p), size)]
    worth: dict[frozenset[int], FloatArray] = {}
    for coalition in coalitions:
        columns = sorted(coalition)
        mixed = np.repeat(background[None], n, axis=0)
        mixed[:, :, columns] = patients[:, None, columns]
        answers = function(mixed.reshape(-1, *patients.shape[1:])).reshape(n, len(background))
        worth[frozenset(coalition)] = answers.mean(axis=1)
    values = np.zeros((n, p))
    for coalition in coalitions:
        weight = (
            factorial(len(coalition)) * factorial(p - len(coalition) - 1) / factorial(p)
            if (len(coalition) < p)
            else 0.0
        )
        for feature in set(range(p)) - coalition:
            gain = worth[frozenset(coalition | {feature})] - worth[frozenset(coalition)]
            values[:, feature] += weight * gain
    return values


def interventional_interactions(
    function: Callable[[FloatArray], FloatArray], patient: FloatArray, background: FloatArray
) -> FloatArray:
    """Half the Shapley interaction indices (p, p) of one patient (p,), 0 on the diagonal."""
    p = len(patient)
    worth: dict[frozenset[int], float] = {}
    for size in range(p + 1):
        for coalition in combinations(range(p), size):
            mixed = background.copy()
            mixed[:, list(coalition)] = patient[list(coalition)]
            worth[frozenset(coalition)] = float(function(mixed).mean())
    values = np.zeros((p, p))
    for i, j in combinations(range(p), 2):
        others = [feature for feature in range(p) if feature not in (i, j)]
        for size in range(p - 1):
            weight = factorial(size) * factorial(p - size - 2) / factorial(p - 1)
            for coalition in combinations(others, size):
                without = frozenset(coalition)
                gain = worth[without | {i, j}] - worth[without | {i}]
                gain -= worth[without | {j}] - worth[without]
                values[i, j] += weight * gain / 2
        values[j, i] = values[i, j]
    return values
