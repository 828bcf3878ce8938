"""Cells of a batch, text or typed, to canonical values; each cell that cannot be is a reject.

The one place where a cell gets its meaning, whatever the way in. Of text, each
distinct combination of a variable's cells is read once; numbers that arrive as numbers are taken as
they are. The two give the same values and the same rejects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.entries import ValueSource
from features.dictionary.variable import Variable
from features.intake.cells.conversion import (
    INFINITE,
    REMEDIES,
    UNKNOWN,
    YES_NO,
    Reading,
    as_text,
    code_cells,
    describe_unread,
    find_unread,
    is_missing,
    is_typed,
    listed_numbers,
    normal_code,
)
from features.intake.cells.read_values import (
    Broken,
    ReadValues,
    doubt_two_units,
    to_unit,
    without,
)

# Texts worth remembering: those of a category, not those of numbers; and how many sets of them.
_FEW, _MANY = 50, 2_000
Known = dict[tuple[str, tuple[tuple[str, ...], ...]], ReadValues]


def read_values(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    known: Known | None = None,
) -> ReadValues:
    """The values (n,) of a variable from the columns that its source names.

    ``known`` remembers what few distinct texts meant, from batch to batch of one source.
    """
    if source.combine == "column" and not source.codes and variable.kind != "category":
        column = cells[source.columns[0]]
        if is_typed(column) or (column.dtype == bool and variable.kind == "boolean"):
            return doubt_two_units(_read_typed(column, source, variable, reading), source, variable)
    read = _read_texts(cells, source, variable, reading, {} if known is None else known)
    return doubt_two_units(read, source, variable)


def _read_typed(
    cells: pd.Series, source: ValueSource, variable: Variable, reading: Reading
) -> ReadValues:
    column, numbers = str(cells.name), cells.to_numpy(np.float64)
    codes = listed_numbers((*reading.missing, *source.missing), reading)
    if codes:
        numbers = np.where(np.isin(numbers, codes), np.nan, numbers)
    if variable.kind == "boolean":
        unknown = ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
        distinct = len(np.unique(numbers[unknown]))
        broken = [Broken(column, UNKNOWN, unknown, REMEDIES[UNKNOWN], distinct)]
        return ReadValues(*without(numbers, broken))
    if source.unit in (None, variable.unit):
        least = np.fmin.reduce(numbers, initial=np.inf)
        most = np.fmax.reduce(numbers, initial=-np.inf)
        low, high = variable.limits
        if low <= least and most <= high and least > -np.inf and most < np.inf:
            return ReadValues(numbers, [])
    infinite = Broken(column, INFINITE, np.isinf(numbers), REMEDIES[INFINITE])
    if infinite.rows.any():
        numbers = np.where(infinite.rows, np.nan, numbers)
    return to_unit(numbers, [infinite], source, variable, column)


def _read_texts(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    known: Known,
) -> ReadValues:
    codes: npt.NDArray[np.integer]
    if len(source.columns) == 1:
        codes, distinct = _factorize(_cells_of(cells[source.columns[0]], source, variable))
        table = pd.DataFrame({source.columns[0]: pd.Series(distinct, dtype="str").str.strip()})
    elif source.columns:
        columns = {name: _cells_of(cells[name], source, variable) for name in source.columns}
        texts = pd.DataFrame({name: as_text(one) for name, one in columns.items()}, cells.index)
        texts = texts.apply(lambda column: column.str.strip())
        codes = texts.groupby(list(source.columns), sort=False).ngroup().to_numpy()
        table = texts.drop_duplicates(ignore_index=True)
    else:
        codes, table = np.zeros(len(cells), np.intp), pd.DataFrame(index=[0])
    read = _recall(table, source, variable, reading, known)
    broken = [replace(one, rows=one.rows[codes]) for one in read.broken]
    outside = read.outside and replace(read.outside, rows=read.outside.rows[codes])
    declared = None if read.declared is None else read.declared[codes]
    return ReadValues(read.values.take(codes), broken, declared, outside)


def _cells_of(cells: pd.Series, source: ValueSource, variable: Variable) -> pd.Series:
    """Yes and no as words where a number is expected, so that they are not read as 1 and 0."""
    if cells.dtype == bool and variable.kind == "number" and not source.codes:
        return cells.astype("str")
    return cells


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
) -> ReadValues:
    if len(table) > _FEW:
        return _read_table(table, source, variable, reading)
    key = variable.name, tuple(table.itertuples(index=False, name=None))
    if key not in known:
        read = _read_table(table, source, variable, reading)
        if len(known) > _MANY:
            return read
        known[key] = read
    return known[key]


def _read_table(
    table: pd.DataFrame, source: ValueSource, variable: Variable, reading: Reading
) -> ReadValues:
    if source.combine == "constant":
        table = pd.DataFrame({"constant": source.constant}, index=table.index, dtype="str")
        reading = Reading()
    broken: list[Broken] = []
    parts = [_read_column(table[name], source, variable, reading, broken) for name in table]
    values = _combine(parts, source.combine)
    if variable.kind == "number":
        columns = ", ".join(map(str, table))
        return to_unit(values.to_numpy(np.float64), broken, source, variable, columns)
    if variable.kind == "boolean":
        return ReadValues(*without(values.to_numpy(np.float64), broken))
    found = [one for one in broken if one.rows.any()]
    for one in found:
        values = values.mask(one.rows)
    return ReadValues(pd.Categorical(values, categories=list(variable.codes)), found)


def _read_column(
    cells: pd.Series,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    broken: list[Broken],
) -> pd.Series:
    """What each text of one column means; what cannot be goes to ``broken``."""
    codes = {normal_code(raw, reading.decimal): value for raw, value in source.codes.items()}
    missing = is_missing(cells, reading, source.missing)
    if codes:
        missing &= ~code_cells(cells, reading.decimal).isin(codes)
    if variable.kind == "number":
        return _read_numbers(cells, missing, codes, reading, broken)
    targets: Mapping[str, float | str] = YES_NO
    if variable.kind == "category":
        targets = {normal_code(code): code for code in variable.codes}
    means = {raw: targets[normal_code(value)] for raw, value in codes.items()} or targets
    values = code_cells(cells, reading.decimal).map(means)
    unknown = (values.isna() & ~missing).to_numpy(bool)
    broken.append(
        Broken(str(cells.name), UNKNOWN, unknown, REMEDIES[UNKNOWN], cells[unknown].nunique())
    )
    return values.mask(missing).astype("float64" if variable.kind == "boolean" else "str")


def _read_numbers(
    cells: pd.Series,
    missing: pd.Series,
    codes: Mapping[str, str],
    reading: Reading,
    broken: list[Broken],
) -> pd.Series:
    if codes:
        known = code_cells(cells, reading.decimal).map(codes)
        as_map, _ = find_unread(known.where(known.notna(), ""), known.isna(), Reading())
        numbers, faults = find_unread(cells, missing | known.notna(), reading)
        numbers = numbers.where(known.isna(), as_map)
    else:
        numbers, faults = find_unread(cells, missing, reading)
    there = {rule: rows.to_numpy(bool) for rule, rows in faults.items() if rows.any()}
    whole = None
    if there and numbers.isna().all():
        unread = np.logical_or.reduce(list(there.values()))
        whole = describe_unread(cells[unread], there)
    for rule, rows in there.items():
        broken.append(Broken(str(cells.name), rule, rows, REMEDIES[rule], 0, whole))
    return numbers


def _combine(parts: list[pd.Series], combine: str) -> pd.Series:
    if len(parts) == 1:
        return parts[0]
    if combine == "first_of":
        first = parts[0]
        for part in parts[1:]:
            first = first.where(first.notna(), part)
        return first
    table = pd.concat(parts, axis=1)
    if combine == "mean_of":
        return table.mean(axis=1)
    return table.max(axis=1) if combine == "max_of" else table.sum(axis=1, skipna=False)
