"""Patients in a text file: cells with a delimiter between them, packed or not, in any encoding."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from features.cohort_map.dialect import Dialect
from features.errors import CohortError, ConfigError
from features.intake.files.cohort_file import drop_separator_line, read_bytes
from features.intake.files.decoding import refuse
from features.intake.files.raw_table import RawTable
from features.intake.sources.source import RawBatch, Witness, no_rows
from features.intake.sources.text.line_ledger import LineLedger
from features.intake.sources.text.text_stream import TextStream, unpacked_chunks
from features.intake.validation.findings import no_rejects, rejects_table

_HEAD, _FEWEST_BYTES, _MOST_BYTES = 1 << 20, 1 << 16, 1 << 26
# Cut into cells at a time: twice as fast as whole batches, which the processor's cache cannot hold.
_CUT_BYTES = 1 << 21
_MANY_RAGGED = 0.01
_CUT_TRIES = 200


class CsvSource:
    """A text file read in blocks of constant size; see `Source`."""

    unit = "bytes"

    def __init__(self, path: Path, dialect: Dialect, batch_rows: int) -> None:
        self._path, self.name = path, path.name
        self.witness = Witness([path], path.name)
        data, whole = _read_head(path)
        if dialect.encoding:
            data = recode(data, dialect.encoding, path.name, whole)
        head = _read_start(data, path.name, dialect.delimiter, whole)
        self._delimiter = head.delimiter
        self._encoding = dialect.encoding or head.encoding
        self.decimal = dialect.decimal or head.decimal
        self.columns = tuple(map(str, head.frame.columns))
        start = data.decode(head.encoding, errors="ignore").lstrip("\ufeff")
        _, self._first_row = drop_separator_line(start)
        per_row = max(1, len(data) // len(head.frame))
        self._block = int(np.clip(batch_rows * per_row, _FEWEST_BYTES, _MOST_BYTES))
        self.total = path.stat().st_size
        self._cut_short = False
        self._ledger: LineLedger | None = None

    def identity(self) -> dict[str, Any]:
        """Size and hash of the file, and how it is read."""
        return {
            "files": self.witness.identity(),
            "encoding": self._encoding,
            "delimiter": self._delimiter,
            "block": [self._block, _CUT_BYTES],
        }

    def notes(self) -> list[str]:
        """That the last line has no end, as of a file cut short, and that records span lines."""
        told = "The last line of the file has no line end: make sure that the file is whole"
        spanning = [] if self._ledger is None else self._ledger.notes()
        return [*([told] if self._cut_short else []), *spanning]

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `Source`; packed or not, the file is read from its start."""
        skip = 0
        if self._first_row == 3:
            skip = self._length_of_separator_line()
        self._ledger = ledger = LineLedger(self.name, self._delimiter, len(self.columns))
        with TextStream(self._path, self._encoding, skip, ledger) as stream:
            ragged: list[Any] = []
            numbers = _Numbers(self._first_row, ragged)
            reader = self._open(stream, ragged)
            number, n_parsed = -1, 0
            pieces = max(1, round(self._block / _CUT_BYTES))
            for number, table in enumerate(_tables(reader, self.name, pieces, ledger)):
                if number == 0:
                    numbers.refuse_many_ragged(table.num_rows, self.name)
                n_parsed += table.num_rows
                rows = table.slice(1) if number == 0 else table
                taken = numbers.take(rows.num_rows)
                if number >= first:
                    yield self._batch(number, rows, taken, columns, stream.position)
            left = numbers.rest()
            ledger.finish()
            ledger.compare(n_parsed + numbers.n_ragged)
            if len(left):
                last = rejects_table(left, "", "", numbers.rule)
                yield RawBatch(number + 1, no_rows(columns), last, self.total)
            self._cut_short = not stream.ended

    def _open(self, stream: TextStream, ragged: list[Any]) -> Any:
        def skip(row: Any) -> str:
            ragged.append(row)
            return "skip"

        names = [f"f{i}" for i in range(len(self.columns))]
        size = min(self._block, _CUT_BYTES)
        return arrow_csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            arrow_csv.ReadOptions(use_threads=False, block_size=size, column_names=names),
            arrow_csv.ParseOptions(
                delimiter=self._delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )

    def _batch(
        self,
        number: int,
        table: pa.Table,
        taken: tuple[npt.NDArray[np.int64], pd.DataFrame],
        columns: Sequence[str],
        done: int,
    ) -> RawBatch:
        numbers, unreadable = taken
        frame = table.rename_columns(list(self.columns)).to_pandas()
        frame = frame.set_axis(pd.Index(numbers)).astype("str")
        frame = frame[~_is_blank(frame)]
        return RawBatch(number, frame[list(columns)], unreadable, done)

    def _length_of_separator_line(self) -> int:
        """In characters, its end with it."""
        head = b""
        with TextStream(self._path, self._encoding) as stream:
            while b"\n" not in head and (more := stream.read(4_096)):
                head += more
        return len(head.partition(b"\n")[0].decode("utf-8")) + 1


class _Numbers:
    """Row numbers of what is read, those of ragged rows left out; these become rejects."""

    rule = "more or fewer cells than the header"

    def __init__(self, first_row: int, ragged: list[Any]) -> None:
        self._next, self._first, self._ragged = first_row, first_row, ragged
        self._waiting: list[int] = []
        self.n_ragged = 0

    def _collect(self) -> npt.NDArray[np.int64]:
        self._waiting += [one.number + self._first - 2 for one in self._ragged]
        self.n_ragged += len(self._ragged)
        self._ragged.clear()
        return np.array(self._waiting, dtype=np.int64)

    def take(self, n_rows: int) -> tuple[npt.NDArray[np.int64], pd.DataFrame]:
        """The numbers (n,) of the next sound rows, and the rejects that stand before the last."""
        waiting = self._collect()
        candidates = np.arange(self._next, self._next + n_rows + len(waiting), dtype=np.int64)
        numbers = candidates[~np.isin(candidates, waiting)][:n_rows]
        if not n_rows:
            return numbers, no_rejects()
        self._next = int(numbers[-1]) + 1
        passed = waiting[waiting < self._next]
        self._waiting = waiting[waiting >= self._next].tolist()
        return numbers, rejects_table(passed, "", "", self.rule)

    def rest(self) -> npt.NDArray[np.int64]:
        """Ragged rows behind the last sound one."""
        return self._collect()

    def refuse_many_ragged(self, n_rows: int, name: str) -> None:
        """Raises CohortError where the first block says that the file is no table."""
        count = len(self._collect())
        if count > max(1, _MANY_RAGGED * (n_rows + count)):
            remedy = "Look for a delimiter inside a text and put that text in quotation marks"
            rule = "has rows with more or fewer cells than the header"
            raise refuse(name, rule, remedy, rows=count)


def _tables(reader: Any, name: str, pieces: int, ledger: LineLedger) -> Iterator[pa.Table]:
    """What the reader gives, so many of its pieces together."""
    while True:
        try:
            table = pa.Table.from_batches(list(islice(reader, pieces)), reader.schema)
        except pa.ArrowException as error:
            where = ledger.open_quotation()
            rule = f"cannot be read as a table: a quotation mark seems to be left open{where}"
            remedy = "Look for a lone quotation mark and export the cohort again"
            raise refuse(name, rule, remedy) from error
        if not table.num_rows and not table.column(0).num_chunks:
            return
        yield table


def _is_blank(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    blank = np.ones(len(frame), dtype=bool)
    for name in frame:
        if not blank.any():
            break
        blank[blank] = frame[name].to_numpy()[blank] == ""
    return blank


def _read_head(path: Path) -> tuple[bytes, bool]:
    """The first mebibyte, unpacked, and whether that is all."""
    head = b""
    try:
        with path.open("rb") as file:
            for chunk in unpacked_chunks(file, path.name):
                head += chunk
                if len(head) > _HEAD:
                    return head[:_HEAD], False
    except FileNotFoundError as error:
        raise refuse(str(path), "is not there", "Check the name of the file") from error
    except OSError as error:
        raise refuse(str(path), f"cannot be read ({error.strerror})", "Check it") from error
    return head, True


def recode(data: bytes, encoding: str, name: str, whole: bool) -> bytes:
    """The text in UTF-8. Raises ConfigError or CohortError where it is not in that encoding."""
    try:
        text = data.decode(encoding, errors="strict" if whole else "ignore")
    except LookupError as error:
        raise ConfigError(f"--encoding {encoding} is not known") from error
    except UnicodeDecodeError as error:
        raise refuse(name, f"is not {encoding}", "Declare another --encoding") from error
    return text.removeprefix("\ufeff").encode("utf-8-sig")


def _read_start(data: bytes, name: str, delimiter: str, whole: bool) -> RawTable:
    """The head of the file as a table; a head that is cut off ends behind some whole row."""
    if whole:
        return read_bytes(data, name, delimiter, skip_ragged=True)
    for _ in range(_CUT_TRIES):
        cut = data.rfind(b"\n")
        if cut <= 0:
            break
        # Two bytes a letter: the other half of the line end.
        data = data[: cut + 1 + (data[:2] in (b"\xff\xfe",) or data[1:2] == b"\0")]
        try:
            return read_bytes(data, name, delimiter, skip_ragged=True)
        except CohortError as error:
            if "quotation mark" not in str(error):
                raise
        data = data[:cut]
    return read_bytes(data, name, delimiter, skip_ragged=True)
