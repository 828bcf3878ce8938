"""Learns how features are standardised and completed, from the patients fitted on alone."""

from __future__ import annotations

from math import ceil

import numpy as np

from features.array_types import BoolArray, FloatArray
from models.learners.completion import LARGEST_DEVIATION, Completion
from models.learners.shapes.linear_design import SMALLEST_COUNT

MOST_FACTORS = 20
FEATURES_PER_FACTOR = 5
LEAST_NOISE = 0.1
_STEPS = 15


def learn_completion(features: FloatArray) -> Completion:
    """Learn from the features (n, p), NaN where missing, of the patients fitted on."""
    used = np.array([i for i in range(features.shape[1]) if _varies(features[:, i])], np.intp)
    values = features[:, used]
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    mean = np.where(present, values, 0.0).sum(axis=0) / count
    deviation = np.where(present, values - mean, 0.0)
    scale = np.sqrt((deviation**2).sum(axis=0) / count)
    binary = (~present | (values == 0) | (values == 1)).all(axis=0)
    bound = np.where(binary, np.inf, LARGEST_DEVIATION)
    standard = np.clip(deviation / scale, -bound, bound)
    loadings, noise = _find_factors(_correlate(standard, present))
    return Completion(features.shape[1], used, mean, scale, bound, loadings, noise)


def _varies(column: FloatArray) -> bool:
    """Whether enough patients differ from the commonest value for a coefficient to mean something.

    Ten are asked for: a standardised feature that only a handful carry has a huge leverage.
    """
    present = column[~np.isnan(column)]
    if len(present) < SMALLEST_COUNT:
        return False
    _, counts = np.unique(present, return_counts=True)
    return bool(len(present) - counts.max() >= SMALLEST_COUNT)


def _correlate(standard: FloatArray, present: BoolArray) -> FloatArray:
    """Correlations (u, u), each from the patients who have both; nearer 0 the fewer they are.

    And all of them by the share of their squares that is chance (Schaefer J, Strimmer K (2005),
    Statistical Applications in Genetics and Molecular Biology 4:32): what copies of one thing
    differ in would else tell of others by chance.
    """
    both = present.astype(np.float64)
    count = both.T @ both
    found = standard.T @ standard / (count + SMALLEST_COUNT)
    others = ~np.eye(len(found), dtype=bool)
    chance = ((1.0 - found**2) ** 2 / np.maximum(count, SMALLEST_COUNT))[others].sum()
    share = min(1.0, chance / max((found[others] ** 2).sum(), np.finfo(float).tiny))
    return np.where(others, (1.0 - share) * found, found)


def _find_factors(correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Loadings (u, q) of the common factors and own variances (u,), by iterated principal axes.

    Harman HH (1976), Modern Factor Analysis, 3rd edition, chapter 8. The variance that is a
    feature's own is held at ``LEAST_NOISE`` or more: features derived from one another would
    otherwise be taken to say everything of each other.
    """
    n_features = len(correlation)
    # of two features one factor could say nothing but that they go together
    n_factors = min(MOST_FACTORS, ceil(n_features / FEATURES_PER_FACTOR), n_features // 3)
    loadings, noise = np.zeros((n_features, n_factors)), np.full(n_features, 0.5)
    if not n_factors:
        return loadings, np.ones(n_features)
    reduced = correlation.copy()
    for _ in range(_STEPS):
        np.fill_diagonal(reduced, 1.0 - noise)
        values, vectors = np.linalg.eigh(reduced)
        loadings = vectors[:, -n_factors:] * np.sqrt(np.maximum(values[-n_factors:], 0.0))
        noise = np.clip(1.0 - (loadings**2).sum(axis=1), LEAST_NOISE, 1.0)
    return loadings, noise
