"""Random draws that stay put: one independent stream for each named quantity.

A stream depends on the seed and on its own name only, so a new variable, or one more draw of an
old one, shifts no other variable of the cohort.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray

# Numbers, truths and texts by variable: their kinds differ, hence Any.
Columns = dict[str, npt.NDArray[Any]]


class Draws:
    """Draws of ``n`` patients from the stream of a name.

    >>> Draws(7, 3).normal("age").tolist() == Draws(7, 3).normal("age").tolist()
    True
    """

    def __init__(self, seed: int, n: int) -> None:
        self.seed = seed
        self.n = n

    def stream(self, name: str) -> np.random.Generator:
        """The generator of this name, freshly started."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def normal(self, name: str, n: int | None = None) -> FloatArray:
        """(n,) standard normal."""
        return self.stream(name).standard_normal(self.n if n is None else n)

    def uniform(self, name: str, n: int | None = None) -> FloatArray:
        """(n,) uniform on [0, 1)."""
        return self.stream(name).random(self.n if n is None else n)

    def happens(self, name: str, probability: FloatArray | float) -> npt.NDArray[np.bool_]:
        """(n,) True with the given probability."""
        return np.asarray(self.uniform(name) < probability)

    def pick(self, name: str, probabilities: FloatArray) -> npt.NDArray[np.int64]:
        """(n,) position of one category; ``probabilities`` is (n, k) or (k,), rows sum to 1."""
        edges = np.cumsum(np.atleast_2d(probabilities), axis=1)[:, :-1]
        return np.asarray((self.uniform(name)[:, None] >= edges).sum(axis=1))


def sigmoid(x: FloatArray) -> FloatArray:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def by_group(position: npt.NDArray[Any], values: Sequence[float]) -> FloatArray:
    """The value of each patient's group."""
    return np.asarray(values, dtype=np.float64)[position.astype(np.int64)]


def code(position: npt.NDArray[Any], codes: Sequence[str]) -> npt.NDArray[np.generic]:
    """The category's text of each patient."""
    return np.asarray(codes, dtype=object)[position.astype(np.int64)]
