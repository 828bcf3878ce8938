"""The covariates as arrays, arithmetic where some are missing, and what a feature is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.dictionary.variable import Variable

RECORDED = "as recorded"


def where(condition: BoolArray | np.bool_, yes: npt.ArrayLike, no: npt.ArrayLike) -> FloatArray:
    """`numpy.where` for numbers, float64, (n,), the same to the last bit.

    Bits are masked instead of branches taken: several times as fast where the condition follows no
    pattern that a processor could foresee.
    """
    chosen = np.asarray(yes, np.float64).view(np.int64)
    other = np.asarray(no, np.float64).view(np.int64)
    result = np.asarray(np.negative(condition, dtype=np.int64) & (chosen ^ other))
    return np.asarray(np.bitwise_xor(result, other, out=result if result.shape else None)).view(
        np.float64
    )


def flag(condition: BoolArray, *operands: FloatArray) -> FloatArray:
    """1 where the condition holds, 0 where not, NaN where any operand is missing. (n,)."""
    missing = np.isnan(operands[0])
    for operand in operands[1:]:
        missing = missing | np.isnan(operand)
    return where(missing, np.nan, condition)


def first_known(*columns: FloatArray) -> FloatArray:
    """For each row the first value that is not missing. (n,)."""
    result = columns[0]
    for column in columns[1:]:
        result = where(np.isnan(result), column, result)
    return result


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Quotient, (n,); NaN where the denominator is not above zero."""
    positive = denominator > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        return where(positive, numerator / denominator, np.nan)


def log_plus_one(values: FloatArray) -> FloatArray:
    """ln(x + 1), (n,); NaN below zero, where no amount can lie."""
    return np.log1p(where(values >= 0, values, np.nan))


def signed_log(values: FloatArray) -> FloatArray:
    """sign(x) ln(|x| + 1), (n,): a change in either direction on a scale without long tails."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)


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


@dataclass(frozen=True)
class Derivation:
    """``compute`` makes the feature, (n,), from the columns; row by row, nothing fitted.

    ``variable`` is the dictionary variable the feature is credited to. ``monotone`` is None
    where the direction of that variable holds; another direction needs ``why_monotone``.
    ``shown_only``: why no model learns from the feature, "" where models do.
    """

    name: str
    variable: str
    compute: Callable[[Columns], FloatArray]
    meaning: str
    source: str
    monotone: int | None = None
    why_monotone: str = ""
    shown_only: str = ""


def recorded(*variables: str) -> tuple[Derivation, ...]:
    """Each variable as it is recorded, in its canonical unit."""
    return tuple(_recorded(variable) for variable in variables)


def _recorded(variable: str) -> Derivation:
    return Derivation(variable, variable, lambda columns: columns[variable], RECORDED, "")


def logged(*variables: str) -> tuple[Derivation, ...]:
    """``log_<variable>``: ln(x + 1) of each variable, the scale that suits a log hazard."""
    return tuple(_logged(variable) for variable in variables)


def _logged(variable: str) -> Derivation:
    return Derivation(
        f"log_{variable}",
        variable,
        lambda columns: log_plus_one(columns[variable]),
        "ln(x + 1)",
        "",
    )


def coded(variable: str, *codes: str, sign: str = "_") -> tuple[Derivation, ...]:
    """``<variable>_<code>``: 1 where the category has the code, one feature for each code.

    ``sign``: what stands between the two.
    """
    return tuple(_coded(variable, code, sign) for code in codes)


def _coded(variable: str, code: str, sign: str) -> Derivation:
    return Derivation(
        f"{variable}{sign}{code}",
        variable,
        lambda columns: columns.is_code(variable, code),
        f"{code.replace('_', ' ')}: yes or no",
        "",
    )
