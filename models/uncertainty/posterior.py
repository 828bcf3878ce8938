"""What the posterior covariance of a linear part's coefficients leaves open of what they add up to.

Imports nothing beyond numpy and pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray

Roots = tuple[tuple[npt.NDArray[np.intp], FloatArray], ...]

LEVEL = 0.9
REACH = NormalDist().inv_cdf(0.5 + LEVEL / 2)


def root_of(covariance: FloatArray) -> FloatArray:
    """R with R R' = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def roots_by_owner(factor: FloatArray, owners: Sequence[str], names: Sequence[str]) -> Roots:
    """For each name the positions of its terms, and a root of their coefficients' covariance.

    ``factor``: (m, q), F with F F' the covariance of all coefficients; ``owners``: (m,) names.
    A model's are the same for every patient: they are kept.
    """
    held = np.asarray(factor, np.float64)
    return _find_roots(held.tobytes(), held.shape, tuple(owners), tuple(names))


@lru_cache(maxsize=16)
def _find_roots(
    factor: bytes, shape: tuple[int, ...], owners: tuple[str, ...], names: tuple[str, ...]
) -> Roots:
    held = np.frombuffer(factor).reshape(shape)
    roots = []
    for name in names:
        terms = np.array([position for position, own in enumerate(owners) if own == name], np.intp)
        root = root_of(held[terms] @ held[terms].T)
        for array in (terms, root):
            array.flags.writeable = False
        roots.append((terms, root))
    return tuple(roots)


def variance_of(moved: FloatArray, roots: Roots) -> FloatArray:
    """Variance (n, names) of each name's sum of ``moved`` (n, m) terms times coefficients."""
    variance = np.empty((len(moved), len(roots)))
    for column, (terms, root) in enumerate(roots):
        variance[:, column] = ((moved[:, terms] @ root) ** 2).sum(axis=1)
    return variance


def find_certain(contributions: pd.DataFrame, spread: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Contributions (n, variables) whose 90 % interval does not hold 0."""
    size = contributions.abs().to_numpy()
    return np.asarray(size > REACH * spread[contributions.columns].to_numpy())
