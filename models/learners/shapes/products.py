"""How the effect of one feature depends on another: product terms of standardised features.

Only pairs that the dictionary names are modelled (`features.dictionary.prior.Modifier`): of a
hundred features there are thousands, and a few hundred events cannot say which of them matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray

REACH = 2.0  # standard deviations; beyond them few patients teach how an effect goes on


@dataclass(frozen=True)
class Products:
    """Product terms (r,) of the u standardised features at ``first`` and ``second`` (r,).

    The term is ``z1 * z2 - mean``, its mean (r,) that of the patients fitted on, both factors held
    within `REACH` of their means: so its slope along either is at most ``REACH``. The term belongs
    to ``first``, whose effect it is that depends on ``second``; where either is missing what is
    expected of it stands in its place.
    """

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    mean: FloatArray

    @property
    def factors(self) -> npt.NDArray[np.intp]:
        """The features (c,) that some product is of, each once."""
        return np.unique(np.concatenate([self.first, self.second]))

    @property
    def places(self) -> npt.NDArray[np.intp]:
        """Where the first and the second of each product (r, 2) are among the `factors`."""
        return np.searchsorted(self.factors, np.column_stack([self.first, self.second]))

    def terms(self, factors: FloatArray) -> FloatArray:
        """Product terms (n, r) of the standardised `factors` (n, c)."""
        return _multiply(factors, *self.places.T) - self.mean

    def along(self, column: int) -> npt.NDArray[np.intp]:
        """The products of one feature: their positions."""
        return np.flatnonzero((self.first == column) | (self.second == column))

    @classmethod
    def learn(
        cls, standard: FloatArray, missing: BoolArray, pairs: Sequence[tuple[int, int]]
    ) -> Products:
        """Learn from standardised features (n, u) where neither was missing."""
        first, second = np.array(pairs, np.intp).reshape(-1, 2).T
        known = ~(missing[:, first] | missing[:, second])
        products = np.where(known, _multiply(standard, first, second), 0.0)
        return cls(first, second, products.sum(axis=0) / np.maximum(known.sum(axis=0), 1))

    @classmethod
    def none(cls) -> Products:
        """No product term."""
        return cls.learn(np.zeros((1, 0)), np.zeros((1, 0), bool), ())

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {name: getattr(self, name).tolist() for name in ("first", "second", "mean")}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Products:
        """Read back what `to_dict` gave."""
        first, second = (np.array(stored[name], np.intp) for name in ("first", "second"))
        return cls(first, second, np.array(stored["mean"], np.float64))


def _multiply(
    standard: FloatArray, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]
) -> FloatArray:
    held = (np.clip(standard[:, columns], -REACH, REACH) for columns in (first, second))
    return np.asarray(np.multiply(*held))
