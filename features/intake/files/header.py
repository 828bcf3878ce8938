"""The first row of a cohort file: its delimiter, and whether it holds the names of the columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from statistics import median

import numpy as np
import pandas as pd

from features.errors import CohortError, Problem
from features.intake.files.decoding import refuse

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NO_NAME = r"[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ t][\d:.]+z?)?"
_ANSWERS = re.compile(
    r"yes|no|true|false|(fe)?male|(wo)?man|never|former|current|unknown|missing|normal|na|"
    r"ja|nein|nee|oui|non|si|m\u00e4nnlich|weiblich|vrouw|homme|femme|nie|ehemalig"
)
# A header may hold some years or numbered items; a row of patients is mostly values.
_HEADER_VALUES = 4
# A title has a cell or two above a table of more.
_TITLE_CELLS, _TABLE_CELLS = 2, 4
_SAMPLE_ROWS = 1000
MOST_COLUMNS = 5_000
"""Columns that a table of patients may have: the time to read a header grows with their square."""


def sniff_delimiter(content: str) -> str:
    """The delimiter that cuts the header into most cells and the next lines into as many."""
    lines = content[:100_000].splitlines()[:20]

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _cells(lines, delimiter) if row]
        agree = sum(width == widths[0] for width in widths) / len(widths) if widths else 0
        return (agree > 0.5, widths[0] if widths else 0)

    return max(_DELIMITERS, key=score)


def refuse_title(content: str, name: str) -> None:
    """Refuse a line such as ``Export of 3 May;;;`` above the names of the columns."""
    lines = [line for line in content[:100_000].splitlines()[:20] if line.strip()]
    filled = [
        [sum(map(bool, map(str.strip, row))) for row in _cells(lines, delimiter)]
        for delimiter in _DELIMITERS
    ]
    first = max((counts[0] for counts in filled if counts), default=0)
    below = max((int(median(counts[1:])) for counts in filled if len(counts) > 2), default=0)
    if first <= _TITLE_CELLS and below >= max(_TABLE_CELLS, 2 * first + 1):
        rule = f"begins with a title: {first} filled in the first row, {below} in those below"
        remedy = "Delete what stands above the names of the columns, and export it again"
        raise refuse(name, rule, remedy)


def _cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return []


def refuse_patient_as_header(header: Sequence[str], frame: pd.DataFrame, name: str) -> None:
    """Refuse a first row that is a patient's, before any message could repeat its cells.

    Such are numbers, dates, plain answers, and what other rows hold in the same column. A row that
    repeats the whole header is another matter: files pasted together.
    """
    rows = frame.head(_SAMPLE_ROWS)
    rows = rows[(rows.to_numpy() != np.array(header, dtype=object)).any(axis=1)]
    values = sum(
        looks_like_value(cell) or bool((rows.iloc[:, position] == cell).any())
        for position, cell in enumerate(header)
        if cell
    )
    if values > len([cell for cell in header if cell]) / _HEADER_VALUES:
        rule = "has a patient's values where the names of the columns should be"
        raise refuse(name, rule, "Put a line with the names of the columns first")


def looks_like_value(cell: str) -> bool:
    """Whether this text is a number, a date or a plain answer, and so hardly a column's name."""
    return bool(re.fullmatch(_NO_NAME, cell, re.I) or _ANSWERS.fullmatch(cell.casefold()))


def check_header(header: Sequence[str], name: str, delimiter: str) -> None:
    """Refuse names given twice, too many of them, and one column that holds all cells of a row."""
    if len(header) > MOST_COLUMNS:
        rule = f"has {len(header):,} columns; up to {MOST_COLUMNS:,} are read"
        raise refuse(name, rule, "Export the columns that the map names, and no others")
    twice = [column for column, count in Counter(header).items() if count > 1 and column]
    if twice:
        problems = [
            Problem(column, "is the name of more than one column", "Rename or remove one")
            for column in twice
        ]
        raise CohortError(problems, name)
    if len(header) == 1 and delimiter and re.search(r"[\s:^~&*/]", header[0]):
        signs = ", ".join(_DELIMITERS.values())
        rule = f"is one column wide: its delimiter is none of {signs}"
        raise refuse(name, rule, "Export it with commas between the cells")
