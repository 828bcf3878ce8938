"""How a file is written."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Dialect:
    """How a file is written, where that is declared; empty or 0: found out.

    ``encoding``: of text, SAS, Stata and SPSS. ``delimiter``: of text. ``decimal``: the sign in
    numbers that are text. ``sheet``, ``header_row`` (the row with the names of the columns) and
    ``first_row`` (of the patients): of a workbook, rows counted from 1.
    """

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    sheet: str = ""
    header_row: int = 0
    first_row: int = 0

    def over(self, other: Dialect) -> Dialect:
        """What is declared here and, where nothing is, by the other."""
        names = [one.name for one in fields(self)]
        return Dialect(**{name: getattr(self, name) or getattr(other, name) for name in names})
