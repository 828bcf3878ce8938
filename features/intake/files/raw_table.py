"""A file as a table of raw cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from features.intake.cells.declared_codes import DeclaredCodes


@dataclass(frozen=True)
class RawTable:
    """A cohort file as text.

    ``frame``: one row per row of the file, all columns ``str``, empty text where the cell is
    empty; its index is the row number in the file: of text the header is row 1, of other kinds
    the first row is 1. ``decimal`` is the decimal sign that the file shows, "" where its numbers
    show none. ``no_cells``: columns that are left out, as each of their cells holds a list or the
    like. ``declared``: what the file itself says of codes, by column.
    """

    name: str
    frame: pd.DataFrame
    encoding: str
    delimiter: str
    decimal: str
    no_cells: tuple[str, ...] = ()
    declared: Mapping[str, DeclaredCodes] = field(default_factory=dict)
