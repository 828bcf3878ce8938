"""Tables written piece by piece to one file: CSV or Parquet, by the ending of its name."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipeline.files.private import open_private
from pipeline.scoring.columns import IDENTIFIER

_PARQUET = (".parquet", ".pq")
TABLES = (".csv", *_PARQUET)
"""Endings of files that `open_writer` writes."""
_BREAKING = np.zeros(256, dtype=bool)
_BREAKING[list(b'",\r\n')] = True
_QUOTE, _COMMA, _LINE_END, _NOTHING = (
    pa.scalar(text, pa.large_string()) for text in ('"', ",", "\n", "")
)
# Pieces in one row group: larger groups compress and read better.
_PIECES = 4


class TableWriter(Protocol):
    """Takes pieces of one table, in order."""

    def write(self, piece: pa.Table) -> None:
        """Add the rows of the piece."""

    def close(self) -> None:
        """Finish the file and wait until it is on disk."""

    def abandon(self) -> None:
        """Let go of the file as it is; nothing where it is finished."""


def open_writer(path: Path, ending: str, schema: pa.Schema) -> TableWriter:
    """A writer of the file at ``path``, in the form that ``ending`` (".csv", ".parquet") means."""
    return ParquetWriter(path, schema) if ending in _PARQUET else CsvWriter(path, schema)


class CsvWriter:
    """Comma-separated, UTF-8, a header, cells in quotes only where they must be."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = open_private(path)
        self._file.write(",".join(schema.names).encode() + b"\n")

    def write(self, piece: pa.Table) -> None:
        """Add the rows of the piece."""
        for batch in piece.to_batches():
            *cells, last = map(_as_cells, batch.columns)
            ended = pc.binary_join_element_wise(last, _NOTHING, _LINE_END)
            lines = pc.binary_join_element_wise(*cells, ended, _COMMA)
            _, offsets, text = lines.buffers()
            if len(lines):
                ends = np.frombuffer(offsets, np.int64)[lines.offset + len(lines)]
                start = np.frombuffer(offsets, np.int64)[lines.offset]
                self._file.write(memoryview(text)[int(start) : int(ends)])

    def close(self) -> None:
        """Finish the file and wait until it is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file as it is; nothing where it is finished."""
        abandon(self._file)


class ParquetWriter:
    """Zstandard-compressed Parquet with row groups of several pieces."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = open_private(path)
        # Identifiers and risks hardly repeat: a dictionary of them costs time and saves nothing.
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        repeating = [name for name in texts if name != IDENTIFIER]
        sought = [name for name in schema.names if name not in repeating]
        self._writer: Any = parquet.ParquetWriter(
            self._file,
            schema,
            compression="zstd",
            use_dictionary=repeating,
            write_statistics=sought,
            write_page_checksum=True,
        )
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

    def abandon(self) -> None:
        """Let go of the file as it is; nothing where it is finished."""
        self._writer.is_open = False  # or it would write the rest when it is collected
        abandon(self._file)

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting.clear()


def abandon(file: IO[Any]) -> None:
    """Close a file that nobody finishes, whatever its disk says."""
    with suppress(OSError):
        file.close()


def _as_cells(column: pa.Array) -> pa.Array:
    """The text of each cell, empty where missing, in quotes where it would break the line."""
    if pa.types.is_dictionary(column.type):
        return pc.fill_null(_as_cells(column.dictionary).take(column.indices), "")
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    cells = pc.fill_null(column.cast(pa.large_string()), "")
    if not is_text or not _may_break(cells):
        return cells
    breaks = pc.match_substring_regex(cells, '[",\r\n]')
    doubled = pc.replace_substring(cells, '"', '""')
    quoted = pc.binary_join_element_wise(_QUOTE, doubled, _QUOTE, _NOTHING)
    return pc.if_else(breaks, quoted, cells)


def _may_break(cells: pa.Array) -> bool:
    """Whether any byte of the texts needs quotes around it."""
    _, offsets, data = cells.buffers()
    if data is None or not len(cells):
        return False
    ends = np.frombuffer(offsets, np.int64)
    first, last = ends[cells.offset], ends[cells.offset + len(cells)]
    return bool(_BREAKING[np.frombuffer(data, np.uint8)[int(first) : int(last)]].any())
