"""Tables written piece by piece to one file: CSV or Parquet, by the ending of its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet

_PARQUET = (".parquet", ".pq")
_NEEDS_QUOTES = '[",\r\n]'
# Pieces in one row group: larger groups compress and read better.
_PIECES = 4


class TableWriter(Protocol):
    """Takes pieces of one table, in order."""

    def write(self, piece: pa.Table) -> None:
        """Add the rows of the piece."""

    def close(self) -> None:
        """Finish the file and wait until it is on disk."""


def open_writer(path: Path, ending: str, schema: pa.Schema) -> TableWriter:
    """A writer of the file at ``path``, in the form that ``ending`` (".csv", ".parquet") means."""
    return ParquetWriter(path, schema) if ending in _PARQUET else CsvWriter(path, schema)


class CsvWriter:
    """Comma-separated, UTF-8, a header, cells in quotes only where they must be."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file, self._schema = path.open("wb"), schema
        self._file.write(",".join(schema.names).encode() + b"\n")

    def write(self, piece: pa.Table) -> None:
        """Add the rows of the piece."""
        plain = pa.table([_plain(column) for column in piece.columns], names=piece.schema.names)
        quoting = "needed" if any(map(_needs_quotes, plain.columns)) else "none"
        options = arrow_csv.WriteOptions(include_header=False, quoting_style=quoting)
        arrow_csv.write_csv(plain, self._file, options)

    def close(self) -> None:
        """Finish the file and wait until it is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class ParquetWriter:
    """Zstandard-compressed Parquet with row groups of several pieces."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = path.open("wb")
        self._writer: Any = parquet.ParquetWriter(self._file, schema, compression="zstd")
        self._schema, self._waiting = schema, list[pa.Table]()

    def write(self, piece: pa.Table) -> None:
        """Add the rows of the piece."""
        self._waiting.append(piece.cast(self._schema))
        if len(self._waiting) == _PIECES:
            self._flush()

    def close(self) -> None:
        """Finish the file and wait until it is on disk."""
        self._flush()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting.clear()


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    return bool(pc.any(pc.match_substring_regex(column, _NEEDS_QUOTES)).as_py())
