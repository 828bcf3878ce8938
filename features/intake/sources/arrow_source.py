"""Patients in Arrow's own form: a file (Feather too), or any table in memory that speaks it."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd
import pyarrow as pa

from features.errors import CohortError
from features.intake.files.decoding import refuse
from features.intake.files.header import check_header
from features.intake.sources.parquet_source import cut_evenly
from features.intake.sources.source import RawBatch, Witness
from features.intake.sources.typed_cells import to_frame

ARROW_FILE, FEATHER_1, ARROW_STREAM = b"ARROW1", b"FEA1", b"\xff\xff\xff\xff"


@runtime_checkable
class SpeaksArrow(Protocol):
    """A table with the Arrow C stream: of polars, DuckDB, pyarrow, pandas and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule with the stream."""


class ArrowSource:
    """Record batches cut into batches of constant size; see `Source`. The first row is 1."""

    unit = "rows"
    decimal = "."
    total: int | None = None

    def __init__(self, table: Path | SpeaksArrow, name: str, batch_rows: int) -> None:
        if isinstance(table, pa.RecordBatchReader):
            table = table.read_all()  # it can be read once, and a source is read more often
        self._table, self.name, self._size = table, name, batch_rows
        self.witness = Witness([table] if isinstance(table, Path) else (), name)
        with self._opened() as reader:
            self.columns = tuple(map(str, reader.schema.names))
        check_header(self.columns, name, "")

    def identity(self) -> dict[str, Any]:
        """Size and hash of the file, or a hash of all cells; the size of a batch."""
        if isinstance(self._table, Path):
            return {"files": self.witness.identity(), "batch_rows": self._size}
        digest = hashlib.sha256()
        with self._opened() as reader:
            for batch in reader:
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, batch.schema) as writer:
                    writer.write_batch(batch)
                digest.update(sink.getvalue())
        return {"sha256": digest.hexdigest(), "batch_rows": self._size}

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `features.intake.sources.source.Source`."""
        wanted = list(dict.fromkeys(columns))
        with self._opened() as reader:
            # without any of the columns there are still rows
            kept = wanted or list(self.columns[:1])
            pieces = (_without_views(batch.select(kept)) for batch in reader if batch.num_rows)
            start = 1
            for number, piece in enumerate(self._sound(cut_evenly(pieces, self._size))):
                if number >= first:
                    frame = to_frame(piece, self.name)
                    frame.index = pd.RangeIndex(start, start + len(frame))
                    yield RawBatch(number, frame[list(columns)], done=start + len(frame) - 1)
                start += piece.num_rows

    @contextmanager
    def _opened(self) -> Iterator[pa.RecordBatchReader]:
        if not isinstance(self._table, Path):
            yield pa.RecordBatchReader.from_stream(self._table)
            return
        try:
            with pa.memory_map(str(self._table)) as file:
                reader = _read_file(file)
                yield reader
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.name) from error

    def _sound(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise _damaged(self.name) from error
            if batch is None:
                return
            yield batch


def _read_file(file: pa.NativeFile) -> pa.RecordBatchReader:
    start = file.read(len(ARROW_FILE))
    file.seek(0)
    if start.startswith(FEATHER_1):
        from pyarrow import feather

        return feather.read_table(file).to_reader()
    if not start.startswith(ARROW_FILE):
        return pa.ipc.open_stream(file)
    opened = pa.ipc.open_file(file)
    groups = (opened.get_batch(i) for i in range(opened.num_record_batches))
    return pa.RecordBatchReader.from_batches(opened.schema, groups)


def _without_views(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Categories of polars are views of texts, which pyarrow cannot take apart."""

    def taken_apart(column: pa.Array) -> pa.Array:
        kind = column.type
        if not (pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type)):
            return column
        texts = column.dictionary.cast(pa.large_string())
        return pa.DictionaryArray.from_arrays(column.indices, texts)

    return pa.RecordBatch.from_arrays(list(map(taken_apart, batch.columns)), batch.schema.names)


def _damaged(name: str) -> CohortError:
    return refuse(name, "is a damaged Arrow file, or a table that broke off", "Write it again")
