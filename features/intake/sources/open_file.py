"""Which source reads a file, told by its first bytes and not by its name."""

from __future__ import annotations

from pathlib import Path

from features.cohort_map.dialect import Dialect
from features.intake.files.decoding import PARQUET, refuse
from features.intake.sources.arrow_source import ARROW_FILE, ARROW_STREAM, FEATHER_1, ArrowSource
from features.intake.sources.excel_source import ExcelSource
from features.intake.sources.parquet_source import ParquetSource
from features.intake.sources.source import Source
from features.intake.sources.stat_source import StatSource, find_kind
from features.intake.sources.text.csv_source import CsvSource

_ZIP, _OLE, _CPORT = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"**COMPRESSED**"


def open_file(path: Path, dialect: Dialect, batch_rows: int) -> Source:
    """The source behind a file, or a folder of Parquet files.

    Text (packed or not), Parquet, Arrow and Feather, Excel, SAS, Stata and SPSS. Raises CohortError
    where it is not there or is none that can be read, ConfigError where an extra is wanting.
    """
    if path.is_dir():
        return ParquetSource(path, batch_rows)
    start = read_start(path)
    if start.startswith(PARQUET):
        return ParquetSource(path, batch_rows)
    if start.startswith((ARROW_FILE, FEATHER_1, ARROW_STREAM)):
        return ArrowSource(path, path.name, batch_rows)
    if start.startswith(_ZIP):
        return ExcelSource(path, dialect, batch_rows)
    _refuse_unreadable(start, path.name)
    kind = find_kind(start)
    if kind:
        return StatSource(path, kind, dialect, batch_rows)
    return CsvSource(path, dialect, batch_rows)


def _refuse_unreadable(start: bytes, name: str) -> None:
    if start.startswith(_OLE):
        rule = "is an old Excel workbook (.xls), or one with a password"
        raise refuse(name, rule, "Save it as CSV, or as .xlsx without a password")
    if start.startswith(_CPORT):
        rule = "is a SAS transport file of PROC CPORT, which SAS alone can read"
        raise refuse(name, rule, "Export it as .sas7bdat, or with the XPORT engine")


def read_start(path: Path, length: int = 256) -> bytes:
    """The first bytes of a file. Raises CohortError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(length)
    except FileNotFoundError as error:
        raise refuse(str(path), "is not there", "Check the name of the file") from error
    except OSError as error:
        raise refuse(str(path), f"cannot be read ({error.strerror})", "Check it") from error
