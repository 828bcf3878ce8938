"""The covariates as arrays: what a derivation may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.arrays import where
from features.dictionary.variable import Variable


class Columns:
    """Covariates by variable, each a float64 array (n,), NaN where missing or absent.

    Accepts numbers and booleans of any dtype, and categories as str, object or category. A
    category becomes the position of its code; what is none of its codes is missing. ``read``
    collects the names of the variables that were asked for. ``covariates``: what they are made of,
    named as in ``dictionary``.
    """

    def __init__(self, covariates: pd.DataFrame, dictionary: Mapping[str, Variable]) -> None:
        self.covariates = covariates
        self.dictionary = dictionary
        self._arrays: dict[str, FloatArray] = {}
        self._derived: dict[Callable[[Columns], FloatArray], FloatArray] = {}
        self.read: set[str] = set()

    @classmethod
    def of(cls, covariates: pd.DataFrame | Columns, dictionary: Mapping[str, Variable]) -> Columns:
        """Covariates as columns by this dictionary; as they are where they are that already."""
        if not isinstance(covariates, Columns):
            return cls(covariates, dictionary)
        if covariates.dictionary == dictionary:
            return covariates
        return cls(covariates.covariates, dictionary)

    def __len__(self) -> int:
        return len(self.covariates)

    def __contains__(self, name: str) -> bool:
        """Whether there is a column of this name, be it without a value."""
        return name in self.covariates

    def __getitem__(self, name: str) -> FloatArray:
        self.read.add(name)
        if name not in self._arrays:
            self._arrays[name] = self._array(self.dictionary[name])
        return self._arrays[name]

    def is_code(self, name: str, code: str) -> FloatArray:
        """1 where the category has this code, 0 where another, NaN where missing. (n,)."""
        position = self[name]
        here = position == self.dictionary[name].codes.index(code)
        return where(np.isnan(position), np.nan, here)

    def derived(self, compute: Callable[[Columns], FloatArray]) -> FloatArray:
        """What the function makes of these columns, computed once."""
        if compute not in self._derived:
            self._derived[compute] = compute(self)
        return self._derived[compute]

    def _array(self, variable: Variable) -> FloatArray:
        if variable.name not in self.covariates:
            return np.full(len(self), np.nan)
        column = self.covariates[variable.name]
        if variable.kind == "category":
            return _positions(column, variable.codes)
        return _numbers(column)


def _numbers(column: pd.Series) -> FloatArray:
    if column.dtype == np.float64:
        return column.to_numpy()
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        column = column.astype(object).where(column.notna(), None).astype("Float64")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _positions(column: pd.Series, codes: tuple[str, ...]) -> FloatArray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = {code: float(position) for position, code in enumerate(codes)}
        # A missing category has the code -1, which is the last of these.
        of_category = [*(known.get(name, np.nan) for name in column.cat.categories), np.nan]
        return np.array(of_category)[column.cat.codes.to_numpy()]
    positions = pd.Index(codes).get_indexer(pd.Index(column))
    return where(positions >= 0, positions, np.nan)
