"""Patients in a worksheet of an Excel workbook (.xlsx), by openpyxl, read row by row."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from features.cohort_map.dialect import Dialect
from features.errors import ConfigError
from features.intake.files.decoding import refuse
from features.intake.files.header import check_header, refuse_patient_as_header
from features.intake.sources.excel_header import HEAD_ROWS, find_start
from features.intake.sources.extra import import_reader
from features.intake.sources.source import RawBatch, Witness
from features.intake.sources.typed_cells import day_text
from features.intake.validation.findings import rejects_table

_DAMAGED = (KeyError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, SyntaxError)
_SAVE = "Save it as CSV, or copy it again, whole"
TOO_WIDE = "cells beyond the last named column"


class ExcelSource:
    """Rows of one sheet, with its numbers; see `features.intake.sources.source.Source`.

    Numbers and dates are read as Excel keeps them, whatever their format; of a formula its last
    result. Rows without a filled cell are no rows.
    """

    unit = "rows"
    decimal = "."
    total = None

    def __init__(self, path: Path, dialect: Dialect, batch_rows: int) -> None:
        _refuse_other_archives(path)
        self._path, self._dialect, self._size = path, dialect, batch_rows
        what = f"{path.name} is an Excel workbook, and reading it"
        self._load = import_reader("openpyxl", what).load_workbook
        self.name = path.name
        self.witness = Witness([path], path.name)
        self._sheet = self._choose_sheet()
        self.name = f"{path.name}, sheet {self._sheet}"
        with closing(self._rows()) as rows:
            head = list(islice(rows, HEAD_ROWS + dialect.header_row))
        texts = [(number, [_text(cell).strip() for cell in cells]) for number, cells in head]
        start = find_start(texts, dialect, self.name)
        self.columns, self._first = start.names, start.first_row
        check_header(self.columns, self.name, "")
        below = [cells for number, cells in texts if number >= self._first]
        width = len(self.columns)
        frame = pd.DataFrame([[*row, *[""] * width][:width] for row in below], columns=self.columns)
        if frame.empty:
            raise refuse(self.name, "has a header but no rows", "Export the cohort again")
        refuse_patient_as_header(self.columns, frame.astype("str"), self.name)

    def identity(self) -> dict[str, Any]:
        """Size and hash of the file, the sheet, and the size of a batch."""
        told = {"sheet": self._sheet, "first_row": self._first, "batch_rows": self._size}
        return {"files": self.witness.identity(), **told}

    def notes(self) -> list[str]:
        """Which sheet was read, where the workbook has several."""
        return [f"{self._path.name}: sheet {self._sheet} was read"] if self._several else []

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `features.intake.sources.source.Source`; read from the start each time."""
        width = len(self.columns)
        wanted = [self.columns.index(name) for name in columns]
        with closing(self._rows()) as rows:
            patients = (row for row in rows if row[0] >= self._first)
            number = 0
            while chunk := list(islice(patients, self._size)):
                if number >= first:
                    sound = [row for row in chunk if len(row[1]) <= width]
                    wide = [row[0] for row in chunk if len(row[1]) > width]
                    index = pd.Index([row[0] for row in sound], dtype=np.int64)
                    cells = {
                        name: _to_cells([row[1][i] if i < len(row[1]) else None for row in sound])
                        for name, i in zip(columns, wanted, strict=True)
                    }
                    frame = pd.DataFrame(cells, copy=False).set_axis(index)
                    unreadable = rejects_table(wide, "", "", TOO_WIDE)
                    yield RawBatch(number, frame, unreadable, done=chunk[-1][0])
                number += 1

    def _rows(self) -> Generator[tuple[int, list[Any]]]:
        """Number and cells of each row that is not empty, up to its last filled cell."""
        with self._workbook() as book:
            sheet = book[self._sheet]
            sheet.reset_dimensions()  # some exporters write them wrong
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                kept = len(cells)
                while kept and cells[kept - 1] in (None, ""):
                    kept -= 1
                if kept:
                    yield number, list(cells[:kept])

    @contextmanager
    def _workbook(self) -> Iterator[Any]:
        try:
            # as a file, since openpyxl judges by the name
            with self._path.open("rb") as file, closing(self._open(file)) as book:
                yield book
        except OSError as error:
            raise ConfigError(f"{self.name} cannot be read ({error.strerror})") from error
        except (
            KeyError,
            ValueError,
            TypeError,
            zipfile.BadZipFile,
            zlib.error,
            SyntaxError,
        ) as error:
            raise refuse(self.name, "is a damaged workbook", _SAVE) from error

    def _open(self, file: BinaryIO) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which nobody reads here
            return self._load(file, read_only=True, data_only=True)

    def _choose_sheet(self) -> str:
        with self._workbook() as book:
            names = [sheet.title for sheet in book.worksheets]
            if self._dialect.sheet:
                folded = {name.casefold(): name for name in names}
                chosen = folded.get(self._dialect.sheet.casefold())
                if chosen is None:
                    rule = f"has no sheet '{self._dialect.sheet}'; it has {', '.join(names)}"
                    raise refuse(self.name, rule, "Correct the name of the sheet")
                self._several = False
                return str(chosen)
            filled = [
                sheet.title
                for sheet in book.worksheets
                if sheet.sheet_state == "visible" and _has_cells(sheet)
            ]
        if not filled:
            raise refuse(self.name, "has no visible sheet with cells", "Name the sheet: 'sheet'")
        if len(filled) > 1:
            rule = f"has {len(filled)} sheets: {', '.join(filled)}"
            remedy = "Say which: 'sheet: NAME' in the map, or --sheet NAME"
            raise refuse(self.name, rule, remedy)
        self._several = len(names) > 1
        return str(filled[0])


def _has_cells(sheet: Any) -> bool:
    sheet.reset_dimensions()
    rows: Iterator[Any] = sheet.iter_rows(values_only=True)
    return any(any(cell not in (None, "") for cell in cells) for cells in rows)


def _refuse_other_archives(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise refuse(path.name, "is a damaged Excel workbook or archive", _SAVE) from error
    if "xl/workbook.bin" in names:
        raise refuse(path.name, "is a binary Excel workbook (.xlsb)", "Save it as .xlsx or CSV")
    if "mimetype" in names:
        raise refuse(path.name, "is a spreadsheet of LibreOffice", "Save it as .xlsx or CSV")
    if not any(name.startswith("xl/") for name in names):
        raise refuse(path.name, "is a zip archive", "Unpack it and give the file inside")


def _to_cells(values: list[Any]) -> Any:
    if all(value is None or isinstance(value, int | float) for value in values):
        numbers = [np.nan if value is None else float(value) for value in values]
        return np.array(numbers, dtype=np.float64)
    return pd.array([_text(value).strip() for value in values], dtype="str")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return repr(float(value)).removesuffix(".0")
    return value if isinstance(value, str) else day_text(value)
