"""Which source reads a file, told by its first bytes and not by its name."""

from __future__ import annotations

from pathlib import Path

from features.intake.decoding import PARQUET, refuse
from features.intake.sources.csv_source import CsvSource
from features.intake.sources.dialect import Dialect
from features.intake.sources.parquet_source import ParquetSource
from features.intake.sources.source import Source


def open_file(path: Path, dialect: Dialect, batch_rows: int) -> Source:
    """The source behind a file, or a folder of Parquet files.

    Raises CohortError where it is not there or is none that can be read.
    """
    if path.is_dir() or read_start(path).startswith(PARQUET):
        return ParquetSource(path, batch_rows)
    return CsvSource(path, dialect, batch_rows)


def read_start(path: Path, length: int = 256) -> bytes:
    """The first bytes of a file. Raises CohortError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(length)
    except FileNotFoundError as error:
        raise refuse(str(path), "is not there", "Check the name of the file") from error
    except OSError as error:
        raise refuse(str(path), f"cannot be read ({error.strerror})", "Check it") from error
