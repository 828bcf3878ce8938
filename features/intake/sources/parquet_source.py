"""Patients in Parquet: one file, or a folder of files that may be partitioned by column=value."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from features.errors import CohortError, Problem
from features.intake.files.decoding import refuse
from features.intake.files.header import check_header
from features.intake.sources.source import RawBatch, Witness
from features.intake.sources.typed_cells import to_frame

_HIDDEN = (".", "_")
# What Arrow raises for damage: found by fuzzing, its readers of metadata do not keep to its own.
_BROKEN = (pa.ArrowException, ArithmeticError, LookupError, OSError, RuntimeError, ValueError)
_FEW_BYTES = 2  # for a cell, where texts are stored as codes of a dictionary


class ParquetSource:
    """Row groups cut into batches of constant size; see `Source`.

    Files of a folder are read in the order of their names; ``site=north`` in a path is a column.
    """

    unit = "rows"
    decimal = "."

    def __init__(self, path: Path, batch_rows: int) -> None:
        self.name, self._size = path.name, batch_rows
        self._files = _find_files(path)
        self.witness = Witness(self._files, self.name)
        self._parts = [_partitions(file.relative_to(path)) for file in self._files]
        opened = [_open(file) for file in self._files]
        self.columns = (*opened[0].schema_arrow.names, *self._parts[0])
        _refuse_differences(self._files, opened, self._parts, self.name)
        check_header(self.columns, self.name, "")
        self._rows = [file.metadata.num_rows for file in opened]
        self.total = sum(self._rows)
        if not self.total:
            raise refuse(self.name, "has no rows", "Export the cohort again")

    def identity(self) -> dict[str, Any]:
        """Size and hash of each file, and the size of a batch."""
        return {"files": self.witness.identity(), "batch_rows": self._size}

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `Source`; the first row is 1, files one after the other."""
        number, before = 0, 0
        for file, parts, n_rows in zip(self._files, self._parts, self._rows, strict=True):
            n_batches = -(-n_rows // self._size)
            if first < number + n_batches:
                yield from self._of_file(file, parts, columns, number, before, first)
            number, before = number + n_batches, before + n_rows

    def _of_file(
        self,
        path: Path,
        parts: dict[str, str],
        columns: Sequence[str],
        number: int,
        before: int,
        first: int,
    ) -> Iterator[RawBatch]:
        stored = [name for name in dict.fromkeys(columns) if name not in parts]
        try:
            repetitive = _find_repetitive(_open(path))
        except _BROKEN as error:
            raise _damaged(path.name) from error
        reader = _open(path, repetitive)
        # A file without any of the columns still has rows.
        any_column = reader.schema_arrow.names[:1]
        pieces = reader.iter_batches(self._size, columns=stored or any_column, use_threads=False)
        tables = cut_evenly(pieces, self._size)
        start = before + 1
        while True:
            try:
                table = next(tables, None)
            except _BROKEN as error:
                raise _damaged(path.name) from error
            if table is None:
                return
            if number >= first:
                frame = to_frame(table, self.name)
                frame.index = pd.RangeIndex(start, start + len(frame))
                for name, value in parts.items():
                    frame[name] = pd.Series(value, index=frame.index, dtype="str")
                rows = frame if list(frame) == list(columns) else frame[list(columns)]
                yield RawBatch(number, rows, done=start + len(frame) - 1)
            number, start = number + 1, start + table.num_rows


def cut_evenly(pieces: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of ``size``: a piece ends where encoded texts change their codes."""
    held: list[pa.RecordBatch] = []
    room = size
    for piece in pieces:
        rest = piece
        while rest.num_rows >= room:
            yield _join([*held, rest.slice(0, room)])
            rest, held, room = rest.slice(room), [], size
        if rest.num_rows:
            held.append(rest)
            room -= rest.num_rows
    if held:
        yield _join(held)


def _join(held: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    if len(held) == 1:
        return held[0]
    table = pa.Table.from_batches(held).unify_dictionaries().combine_chunks()
    (joined,) = table.to_batches()
    return joined


def _find_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise refuse(str(path), "is not there", "Check the name of the file")
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and not any(part.startswith(_HIDDEN) for part in file.relative_to(path).parts)
    )
    foreign = [file.name for file in files if file.suffix not in (".parquet", ".pq")]
    if foreign or not files:
        what = f"{foreign[0]} is none" if foreign else "there is none"
        raise refuse(path.name, f"must hold Parquet files alone: {what}", "Name one file instead")
    return files


def _partitions(path: Path) -> dict[str, str]:
    cut = (part.partition("=") for part in path.parts[:-1])
    return {
        unquote(name): "" if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
        for name, sign, value in cut
        if sign
    }


def _open(path: Path, encoded: Sequence[str] = ()) -> Any:
    """A file to read; the texts of ``encoded`` columns stay encoded by a dictionary."""
    try:
        # buffered ahead, what was read of a file would be held until its end
        return parquet.ParquetFile(
            path,
            read_dictionary=list(encoded),
            pre_buffer=False,
            page_checksum_verification=True,
        )
    except _BROKEN as error:
        raise _damaged(path.name) from error


def _find_repetitive(reader: Any) -> list[str]:
    """Columns of text that are stored in so few bytes that they must repeat a few values."""
    if not reader.metadata.num_row_groups:
        return []
    schema = reader.schema
    texts = [
        position
        for position in range(len(schema))
        if schema.column(position).logical_type.type == "STRING"
    ]
    names = [schema.column(position).path for position in texts]
    # Read once: of damaged metadata this raises, where what is asked below ends the program.
    next(iter(reader.iter_batches(1, columns=names, use_threads=False)), None)
    group, found = reader.metadata.row_group(0), []
    for position in texts:
        column = group.column(position)
        if column.total_uncompressed_size < _FEW_BYTES * column.num_values:
            found.append(column.path_in_schema)
    return found


def _damaged(name: str) -> CohortError:
    return refuse(name, "is a damaged Parquet file, or none", "Copy it again, whole")


def _refuse_differences(
    files: list[Path], opened: list[Any], parts: list[dict[str, str]], name: str
) -> None:
    columns = set(opened[0].schema_arrow.names)
    problems = [
        Problem("", f"{file.name} has other columns than {files[0].name}", "Export all alike")
        for file, one, of_path in zip(files, opened, parts, strict=True)
        if set(one.schema_arrow.names) != columns or list(of_path) != list(parts[0])
    ]
    if problems:
        raise CohortError(problems[:5], name)
