"""Closed-form Shapley values of one leaf of one tree, for every pair of decision patterns.

A leaf of value v whose path asks k features: the patient satisfies the conditions of the set p of
them, a background patient those of q. A coalition reaches the leaf only if it takes from the
patient all that only he satisfies, ``U = p - q``, and nothing that only the background patient
satisfies, ``V = q - p``. Where some feature is satisfied by neither, no coalition does. So

    each feature of U gets  + v (|U| - 1)! |V|! / (|U| + |V|)!
    each feature of V gets  - v |U|! (|V| - 1)! / (|U| + |V|)!

Source: Lundberg et al., Nature Machine Intelligence 2020;2:56-67, supplement, "interventional
TreeSHAP"; the pattern form follows Nadel and Wettenstein, WOODELF (2025).
"""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import numpy as np

from features.array_types import FloatArray

MAX_PATH_FEATURES = 8


@lru_cache(maxsize=MAX_PATH_FEATURES + 1)
def shapley_weights(n_features: int) -> FloatArray:
    """Weights (2^k, k, 2^k): patient's pattern, feature, background pattern; for leaf value 1.

    Bit j of a pattern is set where the conditions of feature j are satisfied.

    >>> shapley_weights(1)[1, 0].tolist()  # the patient reaches the leaf; the background does not
    [1.0, 0.0]
    """
    if n_features > MAX_PATH_FEATURES:
        raise ValueError(f"at most {MAX_PATH_FEATURES} features per path, got {n_features}")
    patterns = np.arange(2**n_features)
    bits = (patterns[:, None] >> np.arange(n_features)) & 1 == 1
    own, other = bits[:, None, :], bits[None, :, :]
    only_patient, only_background = own & ~other, other & ~own
    reachable = (own | other).all(axis=2)
    gain, loss = _sizes_to_weights(n_features)
    sizes = only_patient.sum(axis=2), only_background.sum(axis=2)
    weights = np.where(only_patient, gain[sizes][:, :, None], 0.0)
    weights -= np.where(only_background, loss[sizes][:, :, None], 0.0)
    weights *= reachable[:, :, None]
    return np.ascontiguousarray(weights.transpose(0, 2, 1))


@lru_cache(maxsize=1024)
def pair_weights(n_features: int, pattern: int) -> FloatArray:
    """Weights (k, k, 2^k) of pairs of features for a patient's pattern; for leaf value 1.

    Half the Shapley interaction index (Grabisch and Roubens, Int J Game Theory 1999;28:547-565) of
    the leaf's game, as in SHAP; with U and V as above, each pair within U gets
    ``(|U| - 2)! |V|! / (|U| + |V| - 1)! / 2``, within V ``|U|! (|V| - 2)! / (...)! / 2``, and one
    of each ``- (|U| - 1)! (|V| - 1)! / (...)! / 2``. The diagonal is 0.

    >>> pair_weights(2, 3)[0, 1].tolist()  # the background lacks both: together they open the way
    [0.5, 0.0, 0.0, 0.0]
    """
    weights = np.zeros((n_features, n_features, 2**n_features))
    features = range(n_features)
    for other in range(2**n_features):
        if pattern | other != 2**n_features - 1:
            continue
        own = [bool(pattern & ~other & (1 << i)) for i in features]
        against = [bool(other & ~pattern & (1 << i)) for i in features]
        u, v = sum(own), sum(against)
        for i in features:
            for j in features:
                if i == j or not (own[i] or against[i]) or not (own[j] or against[j]):
                    continue
                ways = (
                    -factorial(u - 1) * factorial(v - 1) if own[i] != own[j]
                    else factorial(u - 2) * factorial(v) if own[i]
                    else factorial(u) * factorial(v - 2)
                )  # fmt: skip
                weights[i, j, other] = ways / factorial(u + v - 1) / 2
    return weights


def _sizes_to_weights(n_features: int) -> tuple[FloatArray, FloatArray]:
    gain = np.zeros((n_features + 1, n_features + 1))
    loss = np.zeros_like(gain)
    for u in range(n_features + 1):
        for v in range(n_features + 1 - u):
            if u:
                gain[u, v] = factorial(u - 1) * factorial(v) / factorial(u + v)
            if v:
                loss[u, v] = factorial(u) * factorial(v - 1) / factorial(u + v)
    return gain, loss
