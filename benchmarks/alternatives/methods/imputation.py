"""For methods that take no gaps: median, missing indicators, unit variance; learnt where fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from features.array_types import FloatArray

KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)
"""Four knots (Harrell 2015, Regression Modeling Strategies, table 2.3)."""

FEWEST_VALUES = 10


@dataclass
class Completion:
    """Complete, standardised columns; continuous ones as restricted cubic splines if asked for."""

    splines: bool = False

    def learn(self, X: pd.DataFrame) -> Self:
        """Learn from the features (n, p) of the patients fitted on."""
        values = X.to_numpy(np.float64)
        self.fill_ = np.nan_to_num(np.nanmedian(values, axis=0))
        self.indicated_ = np.flatnonzero(np.isnan(values).any(axis=0))
        filled = np.where(np.isnan(values), self.fill_, values)
        self.knots_ = {
            column: knots
            for column in range(filled.shape[1])
            if self.splines and len(np.unique(filled[:, column])) >= FEWEST_VALUES
            if len(knots := np.unique(np.quantile(filled[:, column], KNOT_QUANTILES))) >= 3
        }
        columns = self._columns(values)
        self.mean_, scale = columns.mean(axis=0), columns.std(axis=0)
        self.kept_ = np.flatnonzero(scale > 1e-8)
        self.scale_ = scale
        self._drop_copies(columns)
        return self

    def apply(self, X: pd.DataFrame) -> FloatArray:
        """Standardised columns (n, m)."""
        columns = self._columns(X.to_numpy(np.float64))
        return ((columns - self.mean_) / np.maximum(self.scale_, 1e-8))[:, self.kept_]  # type: ignore[no-any-return]

    def _columns(self, values: FloatArray) -> FloatArray:
        filled = np.where(np.isnan(values), self.fill_, values)
        bent = [_restricted_cubic(filled[:, c], knots) for c, knots in self.knots_.items()]
        missing = np.isnan(values[:, self.indicated_]).astype(np.float64)
        return np.concatenate([filled, *bent, missing], axis=1)

    def _drop_copies(self, columns: FloatArray) -> None:
        standard = (columns[:, self.kept_] - self.mean_[self.kept_]) / self.scale_[self.kept_]
        _, first = np.unique(np.round(standard, 9), axis=1, return_index=True)
        self.kept_ = self.kept_[np.sort(first)]


def _restricted_cubic(x: FloatArray, knots: FloatArray) -> FloatArray:
    """The k - 2 bent columns for k knots (Harrell 2015, section 2.4.5)."""
    *inner, before, last = knots

    def cubed(knot: float) -> FloatArray:
        positive: FloatArray = np.maximum(x - knot, 0.0) ** 3
        return positive

    return np.stack(
        [
            (
                cubed(knot)
                - cubed(before) * (last - knot) / (last - before)
                + cubed(last) * (before - knot) / (last - before)
            )
            / (last - knots[0]) ** 2
            for knot in inner
        ],
        axis=1,
    )
