"""Covariates as anyone hands them over, made canonical and checked against the dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from features.errors import CohortError, Problem

BoolArray = npt.NDArray[np.bool_]
Unknown = Literal["refuse", "ignore"]

_TRUE, _FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")
_SHOWN_ROWS = 5


@dataclass(frozen=True)
class Violation:
    """One rule of the dictionary that rows (positions from 0) of a column break."""

    column: str
    rule: str
    rows: tuple[int, ...]

    def as_problem(self) -> Problem:
        """The violation as a person reads it: which rows, never their values."""
        shown = ", ".join(str(row + 1) for row in self.rows[:_SHOWN_ROWS])
        more = ", ..." if len(self.rows) > _SHOWN_ROWS else ""
        remedy = f"Correct or leave out row {shown}{more} (the first row is 1)"
        return Problem(self.column, self.rule, remedy, len(self.rows))


@dataclass(frozen=True)
class CheckedCovariates:
    """``values``: the canonical frame, NaN where a rule is broken; ``violations``: which, where."""

    values: pd.DataFrame
    violations: tuple[Violation, ...]

    def require_valid(self) -> pd.DataFrame:
        """``values``; raises CohortError with all violations at once where there are any."""
        if self.violations:
            raise CohortError([v.as_problem() for v in self.violations], "covariates")
        return self.values

    def rejects(self) -> pd.DataFrame:
        """One line per row and broken rule: ``row`` (from 1), ``column``, ``rule``."""
        lines = [(row + 1, v.column, v.rule) for v in self.violations for row in v.rows]
        return pd.DataFrame(lines, columns=["row", "column", "rule"]).sort_values(
            "row", kind="stable", ignore_index=True
        )


def check_covariates(
    frame: pd.DataFrame, dictionary: Dictionary, unknown: Unknown = "refuse"
) -> CheckedCovariates:
    """The dictionary's variables among the columns, in its order, numbers and booleans as float64.

    Takes int, float, bool, nullable and text columns of any mixture; columns may be absent.
    Raises CohortError where a column is not in the dictionary (unless ``unknown`` is "ignore") or
    stands there twice.
    """
    _refuse_columns(frame.columns, dictionary, unknown)
    values: dict[str, pd.Series] = {}
    violations: list[Violation] = []
    for name, variable in dictionary.items():
        if name in frame.columns:
            column, broken = _convert(frame[name], variable)
            values[name] = column
            violations += _list_violations(name, broken)
    return CheckedCovariates(pd.DataFrame(values, index=frame.index), tuple(violations))


def _refuse_columns(columns: Iterable[str], dictionary: Dictionary, unknown: Unknown) -> None:
    names = pd.Index(columns)
    twice = [
        Problem(str(name), "the column stands there twice", "Leave one of them out")
        for name in names[names.duplicated()].unique()
    ]
    foreign = [
        Problem(str(name), "is not in the data dictionary", "Rename or leave out the column")
        for name in names
        if name not in dictionary and unknown == "refuse"
    ]
    if twice or foreign:
        raise CohortError([*twice, *foreign], "covariates")


def _convert(column: pd.Series, variable: Variable) -> tuple[pd.Series, dict[str, BoolArray]]:
    """The canonical column, and by rule the rows that break it (NaN in the column)."""
    if variable.kind == "category":
        return _convert_category(column, variable)
    numbers, broken = _to_numbers(column)
    if variable.kind == "boolean":
        broken["must be yes or no (1 or 0)"] = ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
    else:
        low, high = variable.low, variable.high
        with np.errstate(invalid="ignore"):
            outside = ((numbers < low) if low is not None else np.zeros(len(numbers), bool)) | (
                (numbers > high) if high is not None else np.zeros(len(numbers), bool)
            )
        unit = variable.unit or ""
        broken[f"must lie between {low:g} and {high:g} {unit}".rstrip()] = outside
    for rows in broken.values():
        numbers[rows] = np.nan
    return pd.Series(numbers, index=column.index), broken


def _to_numbers(column: pd.Series) -> tuple[npt.NDArray[np.float64], dict[str, BoolArray]]:
    if column.dtype.kind in "fiub":
        return column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True), {}
    plain = column.astype(object).where(column.notna(), np.nan)
    text = plain.astype(str).str.strip().str.lower()
    plain = plain.mask(text.isin(_TRUE), 1.0).mask(text.isin(_FALSE), 0.0)
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    return numbers, {"must be a number": np.isnan(numbers) & column.notna().to_numpy()}


def _convert_category(
    column: pd.Series, variable: Variable
) -> tuple[pd.Series, dict[str, BoolArray]]:
    missing = column.isna().to_numpy()
    texts = column
    if column.dtype != "str":
        texts = column.astype(object).where(~missing, np.nan).astype("str")
    unseen = ~missing & ~texts.isin(variable.codes).to_numpy()
    canonical = texts.mask(unseen, np.nan) if unseen.any() else texts
    return canonical, {f"must be one of {', '.join(variable.codes)}": unseen}


def _list_violations(name: str, broken: dict[str, BoolArray]) -> list[Violation]:
    return [
        Violation(name, rule, tuple(np.flatnonzero(rows).tolist()))
        for rule, rows in broken.items()
        if rows.any()
    ]
