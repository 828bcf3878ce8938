"""Cells of a batch, text or typed, to canonical values; each cell that cannot be is a reject.

Text goes through `features.intake.conversion`, each distinct text once. Numbers that arrive as
numbers are taken as they are. The two give the same values and the same rejects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.entries import ValueSource
from features.dictionary.units import to_canonical
from features.dictionary.variable import Variable
from features.intake.conversion import Reading, is_missing, normal_code, read_variable
from features.intake.validation.findings import Findings

BoolArray = npt.NDArray[np.bool_]

_NUMERIC = "iufb"
# Texts worth remembering: those of a category, not those of numbers; and how many sets of them.
_FEW, _MANY = 50, 2_000


@dataclass(frozen=True)
class Broken:
    """Rows (mask, (n,)) of a batch that break one rule."""

    column: str
    rule: str
    rows: BoolArray


Values = npt.NDArray[np.float64] | pd.Categorical
Known = dict[tuple[str, tuple[tuple[str, ...], ...]], tuple[Values, list[Broken]]]


def is_typed(cells: pd.Series) -> bool:
    """Whether the cells are numbers or booleans already."""
    return isinstance(cells.dtype, np.dtype) and cells.dtype.kind in _NUMERIC


def as_text(cells: pd.Series) -> pd.Series:
    """The cells as a text file would hold them: ``str``, empty where missing, 5 and not 5.0."""
    if cells.dtype == "str":
        return cells.fillna("")
    if cells.dtype == bool:
        cells = cells.astype("int8")
    if not is_typed(cells):
        return cells.astype("str").fillna("").str.strip()
    numbers = cells.to_numpy()
    if numbers.dtype.kind != "f":
        return pd.Series(numbers.astype(str), index=cells.index, dtype="str")
    codes, values = pd.factorize(numbers, use_na_sentinel=True)
    texts = [repr(float(value)).removesuffix(".0") for value in values]
    return pd.Series(np.array([*texts, ""], object)[codes], index=cells.index, dtype="str")


def read_values(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    known: Known | None = None,
) -> tuple[Values, list[Broken]]:
    """The canonical values (n,) of a variable, NaN where missing or broken, and what is broken.

    Numbers and booleans are float64, categories are categorical with the variable's codes.
    ``known`` remembers what few distinct texts meant, from batch to batch of one source.
    """
    if source.combine == "column" and not source.codes and variable.kind != "category":
        column = cells[source.columns[0]]
        if is_typed(column):
            return _read_typed(column, source, variable, reading)
    return _read_distinct(cells, source, variable, reading, {} if known is None else known)


def _read_typed(
    cells: pd.Series, source: ValueSource, variable: Variable, reading: Reading
) -> tuple[Values, list[Broken]]:
    column, numbers = str(cells.name), cells.to_numpy(np.float64)
    missing_codes = [_number(code) for code in (*reading.missing, *source.missing)]
    known = [code for code in missing_codes if code is not None]
    if known:
        numbers = np.where(np.isin(numbers, known), np.nan, numbers)
    if variable.kind == "number" and source.unit in (None, variable.unit):
        least, most = (
            np.fmin.reduce(numbers, initial=np.inf),
            np.fmax.reduce(numbers, initial=-np.inf),
        )
        low, high = _limits(variable)
        if low <= least and most <= high and least > -np.inf and most < np.inf:
            return numbers, []
    broken = []
    if variable.kind == "boolean":
        unknown = ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
        broken.append(Broken(column, "a code that the map does not know", unknown))
    else:
        infinite = np.isinf(numbers)
        broken.append(Broken(column, "an infinite number", infinite))
        if infinite.any():
            numbers = np.where(infinite, np.nan, numbers)
        if source.unit not in (None, variable.unit):
            numbers = np.asarray(to_canonical(numbers, variable, source.unit))
        broken.append(find_outside(column, numbers, variable))
    return _without(numbers, broken)


def _number(code: str) -> float | None:
    try:
        return float(normal_code(code))
    except ValueError:
        return None


def find_outside(column: str, numbers: npt.NDArray[np.float64], variable: Variable) -> Broken:
    """Which numbers lie outside the plausible range of the variable."""
    low, high = _limits(variable)
    rule = f"{variable.name} outside {low:g} to {high:g} {variable.unit}"
    return Broken(column, rule, (numbers < low) | (numbers > high))


def _limits(variable: Variable) -> tuple[float, float]:
    low = float("-inf") if variable.low is None else variable.low
    high = float("inf") if variable.high is None else variable.high
    return low, high


def _without(numbers: npt.NDArray[np.float64], broken: list[Broken]) -> tuple[Values, list[Broken]]:
    found = [one for one in broken if one.rows.any()]
    for one in found:
        numbers = np.where(one.rows, np.nan, numbers)
    return numbers, found


def _read_distinct(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    known: Known,
) -> tuple[Values, list[Broken]]:
    """Reads each distinct combination of the source's cells once."""
    codes: npt.NDArray[np.integer]
    if len(source.columns) == 1:
        codes, distinct = _factorize(cells[source.columns[0]])
        table = pd.DataFrame({source.columns[0]: pd.Series(distinct, dtype="str").str.strip()})
    elif source.columns:
        texts = pd.DataFrame({name: as_text(cells[name]) for name in source.columns}, cells.index)
        codes = texts.groupby(list(source.columns), sort=False).ngroup().to_numpy()
        table = texts.drop_duplicates(ignore_index=True)
    else:
        codes, table = np.zeros(len(cells), np.intp), pd.DataFrame(index=[0])
    values, broken = _recall(table, source, variable, reading, known)
    return values.take(codes), [Broken(one.column, one.rule, one.rows[codes]) for one in broken]


def _factorize(cells: pd.Series) -> tuple[npt.NDArray[np.integer], pd.Index]:
    """The distinct texts, "" for what is missing, and which of them each cell (n,) is."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        texts = as_text(pd.Series(cells.cat.categories))
        codes = cells.cat.codes.to_numpy()
        return np.where(codes < 0, len(texts), codes), pd.Index([*texts, ""])
    codes, distinct = pd.factorize(as_text(cells))
    return codes, pd.Index(distinct)


def _recall(
    table: pd.DataFrame, source: ValueSource, variable: Variable, reading: Reading, known: Known
) -> tuple[Values, list[Broken]]:
    key = variable.name, tuple(table.itertuples(index=False, name=None))
    if key not in known:
        cells, broken = _read_table(table, source, variable, reading)
        values: Values
        if variable.kind == "category":
            values = pd.Categorical(cells, categories=list(variable.codes))
        else:
            values = cells.to_numpy(np.float64, na_value=np.nan)
        if len(table) > _FEW or len(known) > _MANY:
            return values, broken
        known[key] = values, broken
    return known[key]


def _read_table(
    table: pd.DataFrame, source: ValueSource, variable: Variable, reading: Reading
) -> tuple[pd.Series, list[Broken]]:
    findings = Findings()
    values = read_variable(table, source, variable, reading, findings)
    broken = [Broken(one.column, one.rule, table.index.isin(one.rows)) for one in findings.rejects]
    if findings.problems:
        # What condemns a whole column of a file condemns single rows of a batch.
        columns = ", ".join(source.columns)
        broken += _find_unread(table, source, variable, reading, broken)
        if variable.kind == "number":
            broken.append(find_outside(columns, values.to_numpy(np.float64), variable))
    lost = np.zeros(len(table), dtype=bool)
    for one in broken:
        lost |= one.rows
    values = values.mask(lost)
    return values, [one for one in broken if one.rows.any()]


def _find_unread(
    table: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    broken: list[Broken],
) -> list[Broken]:
    rule = "a code that the map does not know"
    if variable.kind == "number":
        rule = "text where a number is expected"
    found = []
    for name in source.columns:
        alone = ValueSource("column", (name,), source.unit, source.codes, source.missing)
        read = read_variable(table[[name]], alone, variable, reading, Findings())
        unread = read.isna() & ~is_missing(table[name], reading, source.missing)
        rows = unread.to_numpy(dtype=bool)
        for one in broken:
            if one.column == name:
                rows = rows & ~one.rows
        found.append(Broken(name, rule, rows))
    return found
