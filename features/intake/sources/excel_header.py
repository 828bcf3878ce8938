"""Where the table of a worksheet begins: found where that is plain, asked for where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from features.cohort_map.dialect import Dialect
from features.intake.files.decoding import refuse
from features.intake.files.header import looks_like_value

HEAD_ROWS = 30
_TITLE_CELLS, _TABLE_CELLS = 2, 4

Rows = Sequence[tuple[int, Sequence[str]]]
"""Rows of a sheet that are not empty: number and cells as text, one after the other."""


@dataclass(frozen=True)
class Start:
    """The row with the names of the columns, and the first row below that is a patient's."""

    header_row: int
    first_row: int
    names: tuple[str, ...]


def find_start(rows: Rows, dialect: Dialect, name: str) -> Start:
    """Where the names and the patients begin, by ``dialect`` or by the first rows.

    Raises CohortError where the sheet is empty, begins with a title or with two rows of names.
    """
    if dialect.header_row:
        below = [row for row in rows if row[0] >= dialect.header_row]
        if not below or below[0][0] != dialect.header_row:
            rule = f"has nothing in row {dialect.header_row}, which should hold the names"
            raise refuse(name, rule, "Correct 'header_row' (rows are counted from 1)")
        return _start(below, dialect)
    if not rows:
        raise refuse(name, "is empty", "Name the right sheet, or export the cohort again")
    _refuse_title(rows, name)
    if not dialect.first_row:
        _refuse_two_rows_of_names(rows, name)
    return _start(rows, dialect)


def _start(rows: Rows, dialect: Dialect) -> Start:
    number, cells = rows[0]
    width = max(_width(cells) for _, cells in rows)
    padded = [*cells, *[""] * width][:width]
    names = tuple(cell or f"column {i + 1}" for i, cell in enumerate(padded))
    return Start(number, max(dialect.first_row, number + 1), names)


def _width(cells: Sequence[str]) -> int:
    return max((i + 1 for i, cell in enumerate(cells) if cell), default=0)


def _refuse_title(rows: Rows, name: str) -> None:
    filled = [sum(map(bool, cells)) for _, cells in rows]
    below = int(median(filled[1:])) if len(filled) > 1 else 0
    if filled[0] > _TITLE_CELLS or below < max(_TABLE_CELLS, 2 * filled[0] + 1):
        return
    likely = next(number for (number, _), count in zip(rows, filled, strict=True) if count >= below)
    rule = f"begins with a title in row {rows[0][0]}; the names seem to be in row {likely}"
    raise refuse(name, rule, _say(header_row=likely))


def _refuse_two_rows_of_names(rows: Rows, name: str) -> None:
    """A second row without a single value, above rows that have some."""
    if len(rows) < 3:
        return
    (first, names), (second, cells), *others = rows
    filled = [cell for cell in cells if cell]
    if not filled or any(map(looks_like_value, filled)):
        return
    if not all(any(map(looks_like_value, row)) for _, row in others[:5]):
        return
    # text that comes again below is a patient's, not a name
    below = {(i, cell) for _, row in others for i, cell in enumerate(row) if cell}
    if any((i, cell) in below for i, cell in enumerate(cells) if cell):
        return
    rule = f"has two rows of names, {first} and {second}"
    groups = sum(map(bool, names)) < len(filled)
    remedy = _say(header_row=second)
    if not groups:
        remedy += f"; or, where row {second} holds units, "
        remedy += _say(header_row=first, first_row=second + 1).replace("Say", "say")
    raise refuse(name, rule, remedy)


def _say(**rows: int) -> str:
    keys = " and ".join(f"'{key}: {row}'" for key, row in rows.items())
    options = " ".join(f"--{key.replace('_', '-')} {row}" for key, row in rows.items())
    return f"Say {keys} in the map, or {options}"
