"""Cells of a batch, text or typed, to canonical values; each cell that cannot be is a reject.

The one place where a cell gets its meaning, whatever the way in. Text is read by `text_cells`;
numbers that arrive as numbers are taken as they are. The two give the same values and the same
rejects.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.cohort_map.entries import ValueSource
from features.dictionary.variable import Variable
from features.intake.cells.conversion import INFINITE, REMEDIES, UNKNOWN, Reading, listed_numbers
from features.intake.cells.raw_cells import is_typed
from features.intake.cells.read_values import Broken, ReadValues, to_unit, without
from features.intake.cells.text_cells import Known, read_texts


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
            return _read_typed(column, source, variable, reading)
    return read_texts(cells, source, variable, reading, {} if known is None else known)


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
