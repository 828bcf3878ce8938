"""The lines of a text file, counted beside its parser and by other means.

Whatever the parser makes of quotation marks, each line of the file belongs to one record; what the
two do not agree on is an error, never a patient who is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import CohortError
from features.intake.files.decoding import refuse

_QUOTE, _NEWLINE = 34, 10
_SAID = 5


@dataclass
class _Open:
    """A quotation that is open: its line, and how many delimiters its record's lines have."""

    line: int
    full_lines: int = 0


class LineLedger:
    """Takes the text of a file piece by piece, as UTF-8, each line ended by ``\\n``.

    A quotation begins behind a delimiter or at the start of a line and ends at a mark that is not
    doubled, as the parser has it. ``n_cells``: of the header. Raises CohortError, from `add`, where
    a record spans lines of which several look like rows of their own.
    """

    def __init__(self, name: str, delimiter: str, n_cells: int) -> None:
        self._name, self._delimiter = name, delimiter.encode()
        self._n_delimiters = n_cells - 1
        self._lines, self._records = 0, 0
        self._open: _Open | None = None
        self._spanning: list[int] = []
        self._n_spanning = 0

    @property
    def n_records(self) -> int:
        """Records that ended so far, the header among them."""
        return self._records

    def skip(self, n_lines: int) -> None:
        """Lines at the start of the file that the parser is not given."""
        self._lines += n_lines

    def add(self, text: bytes) -> None:
        """Count the lines of the next piece."""
        if self._open is None and b'"' not in text:
            n_lines = text.count(b"\n")
            self._lines += n_lines
            self._records += n_lines
            return
        data = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(data == _NEWLINE)
        marks = np.flatnonzero(data == _QUOTE)
        if self._open is None and self._is_plain(data, marks):
            inside = (np.searchsorted(marks, ends) % 2).astype(bool)
        else:
            inside = self._walk(text, ends)
        self._record_lines(text, ends, inside)

    def finish(self) -> None:
        """Raises CohortError where the file ends within a quotation."""
        if self._open is not None:
            raise refuse(
                self._name,
                f"ends within a quotation that begins in line {self._open.line}",
                "Look for a lone quotation mark there and export the cohort again",
            )

    def open_quotation(self) -> str:
        """Where a quotation is open now, for a message; empty where none is."""
        return "" if self._open is None else f", in line {self._open.line}"

    def compare(self, n_parsed: int) -> None:
        """Raises CohortError where the parser found another number of records."""
        if n_parsed != self._records:
            raise refuse(
                self._name,
                f"has {self._records:,} records by its lines, and {n_parsed:,} by its cells: "
                "a quotation mark stands in a wrong place",
                "Look for lone quotation marks and export the cohort again",
            )

    def notes(self) -> list[str]:
        """That some records span lines."""
        if not self._n_spanning:
            return []
        first = ", ".join(map(str, self._spanning))
        more = ", ..." if self._n_spanning > len(self._spanning) else ""
        return [f"{self._n_spanning:,} records span several lines: those in lines {first}{more}"]

    def _is_plain(self, data: npt.NDArray[np.uint8], marks: npt.NDArray[np.intp]) -> bool:
        """Whether marks come in pairs, each around a whole cell: then counting them is enough."""
        if len(marks) % 2:
            return False
        edge = np.zeros(256, bool)
        edge[[_NEWLINE, _QUOTE, *self._delimiter]] = True
        opening, closing = marks[::2], marks[1::2]
        before = np.where(opening > 0, data[opening - 1], _NEWLINE)
        after = np.where(closing + 1 < len(data), data[np.minimum(closing + 1, len(data) - 1)], 10)
        # a mark behind a mark closes and opens again: a doubled one
        return bool(edge[before].all() and edge[after].all())

    def _walk(self, text: bytes, ends: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """For each line end whether it is inside a quotation, mark by mark."""
        inside = np.zeros(len(ends), bool)
        position, within = 0, self._open is not None
        while True:
            if within:
                close = _find_close(text, position)
                stop = len(text) if close < 0 else close
                inside[np.searchsorted(ends, position) : np.searchsorted(ends, stop)] = True
                if close < 0:
                    return inside
                position, within = close + 1, False
            else:
                start = self._find_open(text, position)
                if start < 0:
                    return inside
                position, within = start + 1, True

    def _find_open(self, text: bytes, position: int) -> int:
        """The next mark at the start of a cell, -1 where there is none."""
        while True:
            mark = text.find(b'"', position)
            if mark < 0:
                return -1
            if mark == 0 or text[mark - 1 : mark] in (b"\n", self._delimiter):
                return mark
            position = mark + 1

    def _record_lines(
        self, text: bytes, ends: npt.NDArray[np.intp], inside: npt.NDArray[np.bool_]
    ) -> None:
        if self._open is None and not inside.any():
            self._lines += len(ends)
            self._records += len(ends)
            return
        spanned = inside.copy()
        spanned[1:] |= inside[:-1]
        spanned[:1] |= self._open is not None
        plain = int((~spanned).sum())
        positions = np.flatnonzero(spanned)
        for position in positions:
            start = int(ends[position - 1]) + 1 if position else 0
            self._span(
                text[start : int(ends[position])],
                self._lines + int(position) + 1,
                bool(inside[position]),
            )
        self._lines += len(ends)
        self._records += plain

    def _span(self, line: bytes, number: int, goes_on: bool) -> None:
        if self._open is None:
            self._open = _Open(number)
        self._open.full_lines += line.count(self._delimiter) >= self._n_delimiters
        if goes_on:
            return
        begun, self._open = self._open, None
        self._records += 1
        self._n_spanning += 1
        if len(self._spanning) < _SAID:
            self._spanning.append(begun.line)
        if begun.full_lines > 1:
            raise self._like_rows(begun.line, number)

    def _like_rows(self, first: int, last: int) -> CohortError:
        return refuse(
            self._name,
            f"has a quotation from line {first} to line {last} with whole rows in it: a quotation "
            "mark seems to be left open",
            "Look for a lone quotation mark in both lines and export the cohort again",
        )


def _find_close(text: bytes, position: int) -> int:
    """The next mark that is not doubled, -1 where there is none."""
    while True:
        mark = text.find(b'"', position)
        if mark < 0:
            return -1
        if text[mark + 1 : mark + 2] != b'"':
            return mark
        position = mark + 2
