"""Patients in a file of SAS, Stata or SPSS, by pyreadstat, with labels and codes for missing."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.cohort_map.dialect import Dialect
from features.errors import CohortError, ConfigError
from features.intake.cells.declared_codes import DeclaredCodes
from features.intake.files.decoding import refuse
from features.intake.files.header import check_header
from features.intake.sources.extra import import_reader
from features.intake.sources.source import RawBatch, Witness
from features.intake.sources.typed_cells import day_text

KINDS = {
    "sas7bdat": "a SAS file",
    "xport": "a SAS transport file",
    "dta": "a Stata file",
    "sav": "an SPSS file",
    "por": "an SPSS portable file",
}
_SAS7BDAT = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
_STATA_VERSIONS = (105, 108, *range(110, 116))
_WITH_USER_MISSING = ("sas7bdat", "dta", "sav")


def find_kind(start: bytes) -> str | None:
    """Which of KINDS a file is that begins so, None where it is none."""
    if start.startswith(_SAS7BDAT):
        return "sas7bdat"
    if start.startswith(b"HEADER RECORD*******LIB"):
        return "xport"
    old_stata = len(start) > 2 and start[0] in _STATA_VERSIONS and start[1] in (1, 2)
    if start.startswith(b"<stata_dta>") or (old_stata and start[2] == 1):
        return "dta"
    if start.startswith((b"$FL2", b"$FL3")):
        return "sav"
    return "por" if b"SPSS PORT FILE" in start else None


class StatSource:
    """Rows read in batches of constant size; see `features.intake.sources.source.Source`.

    The first row is 1. Cells hold codes, not labels. A code that SPSS declares missing becomes
    ``missing -9``, a special one of SAS and Stata ``.a``: each is missing unless the map says what
    it means.
    """

    unit = "rows"
    decimal = "."

    def __init__(self, path: Path, kind: str, dialect: Dialect, batch_rows: int) -> None:
        self.name, self._path, self._kind, self._size = path.name, path, kind, batch_rows
        module = import_reader("pyreadstat", f"{path.name} is {KINDS[kind]}, and reading it")
        self._reader = getattr(module, f"read_{kind}")
        self._errors = (module.PyreadstatError, module._readstat_parser.ReadstatError)
        self._options: dict[str, Any] = {}
        if kind != "por":  # which is ASCII
            self._options["encoding"] = dialect.encoding or None
        if kind in _WITH_USER_MISSING:
            self._options["user_missing"] = True
        self.witness = Witness([path], path.name)
        _, about = self._read(metadataonly=True)
        self.columns = tuple(map(str, about.column_names))
        check_header(self.columns, self.name, "")
        self.total: int | None = about.number_rows
        self.declared: Mapping[str, DeclaredCodes] = _find_declared(about)

    def identity(self) -> dict[str, Any]:
        """Size and hash of the file, how it is read, and the size of a batch."""
        told = {"encoding": self._options.get("encoding"), "batch_rows": self._size}
        return {"files": self.witness.identity(), **told}

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `features.intake.sources.source.Source`."""
        number, start = first, first * self._size
        # without any of the columns there are still rows
        wanted = list(dict.fromkeys(columns)) or list(self.columns[:1])
        while self.total is None or start < self.total:
            table, about = self._read(usecols=wanted, row_offset=start, row_limit=self._size)
            if not len(table):
                return
            index = pd.RangeIndex(start + 1, start + 1 + len(table))
            special = about.missing_user_values or {}
            cells = {
                name: _to_cells(table[name], self.declared.get(name), name in special)
                for name in wanted
            }
            frame = pd.DataFrame(cells, copy=False).set_axis(index)
            yield RawBatch(number, frame[list(columns)], done=start + len(frame))
            if len(table) < self._size:
                return
            number, start = number + 1, start + self._size

    def _read(self, **options: Any) -> tuple[pd.DataFrame, Any]:
        try:
            table, about = self._reader(str(self._path), **self._options, **options)
        except self._errors as error:
            raise self._describe(str(error)) from None
        except UnicodeDecodeError:
            raise self._describe("encoding") from None
        except OSError as error:
            raise ConfigError(f"{self.name} cannot be read ({error.strerror})") from error
        return table, about

    def _describe(self, said: str) -> CohortError:
        """What the reader's own words mean; they are not repeated, as they may hold cells."""
        if "encod" in said.lower() or "convert string" in said.lower():
            rule = (
                "holds texts that are not in the encoding that the file names, or that is declared"
            )
            remedy = "Declare it: 'encoding: cp1252' in the map, or --encoding cp1252"
            return refuse(self.name, rule, remedy)
        rule = f"is {KINDS[self._kind]} that is damaged or of a version that cannot be read"
        return refuse(self.name, rule, "Copy it again, whole, or export the cohort as CSV")


def _find_declared(about: Any) -> dict[str, DeclaredCodes]:
    labels, ranges = about.variable_value_labels or {}, about.missing_ranges or {}
    found = {}
    for name in about.column_names:
        limits = [(one["lo"], one["hi"]) for one in ranges.get(name, ())]
        texts = frozenset(str(low).strip() for low, _ in limits if isinstance(low, str))
        numbers = tuple(
            (float(low), float(high)) for low, high in limits if not isinstance(low, str)
        )
        of_text = about.readstat_variable_types.get(name) == "string"
        named = {
            str(code).strip() if of_text else _code(code): str(label).strip()
            for code, label in labels.get(name, {}).items()
        }
        if named or limits:
            found[str(name)] = DeclaredCodes(named, numbers, texts)
    return found


def _code(code: Any) -> str:
    """The code of a number as its cell reads; the letter of a special missing value is ``.a``."""
    if isinstance(code, str):
        return f".{code.lower()}"
    return repr(float(code)).removesuffix(".0")


def _to_cells(column: pd.Series, declared: DeclaredCodes | None, special: bool) -> Any:
    if column.dtype.kind in "iufb":
        numbers = column.to_numpy(np.float64)
        if declared is None or not declared.missing:
            return numbers
        known = np.unique(numbers[~np.isnan(numbers)])
        meant = {one: declared.cell(_code(one)) for one in known}
        if all(not declared.is_missing(_code(one)) for one in known):
            return numbers
        return pd.array([meant.get(one, "") for one in numbers.tolist()], dtype="str")
    texts = [_text(cell, special) for cell in column.tolist()]
    if declared is not None and declared.missing_texts:
        texts = [declared.cell(text) for text in texts]
    return pd.array(texts, dtype="str")


def _text(cell: Any, special: bool) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, str):
        return f".{cell.lower()}" if special and len(cell) == 1 else cell.strip()
    if isinstance(cell, int | float):
        return repr(float(cell)).removesuffix(".0")
    return day_text(cell)
