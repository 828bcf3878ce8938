"""What a source of patients must be able to do: a file, a folder, a query, a health record.

A source hands over the same batches each time it is read, so that a job that was killed can go on
behind its last finished batch. Its witness knows its files as they were when reading began: what is
made of them holds while they are the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from features.errors import CohortError, ConfigError
from features.intake.files.decoding import refuse
from features.intake.validation.findings import no_rejects

_CHUNK = 1 << 22


class Witness:
    """Size, time, place and hash of files; made before any of them is read.

    The hashes are worked out beside the reading, the first time from `start` on and the second
    time, from `compare_contents` on, when all is read. Raises CohortError where one is no
    file, as a pipe or a device that can be read only once.
    """

    def __init__(self, files: Sequence[Path], name: str) -> None:
        self._files, self._name = tuple(files), name
        self._before = [_look(file) for file in self._files]
        self._pool = ThreadPoolExecutor(1, "hash")
        self._first: Future[list[str]] | None = None
        self._second: Future[list[str]] | None = None

    def start(self) -> Future[list[str]]:
        """Begin to hash the files; `identity` waits for it."""
        if self._first is None:
            self._first = self._pool.submit(_hash_all, self._files)
        return self._first

    def identity(self) -> list[dict[str, Any]]:
        """Size and SHA-256 of each file, as plain values for JSON."""
        sizes = [size for _, size, _, _ in self._before]
        return [
            {"bytes": size, "sha256": digest}
            for size, digest in zip(sizes, self.start().result(), strict=True)
        ]

    def require_same(self) -> None:
        """Raises CohortError where a file is another one by its size, time or place."""
        try:
            same = [_look(file) for file in self._files] == self._before
        except CohortError:
            same = False
        if not same:
            raise self._changed()

    def compare_contents(self) -> None:
        """Begin to hash the files again; `require_same_contents` waits for it."""
        self._second = self._pool.submit(_hash_all, self._files)

    def require_same_contents(self) -> None:
        """Raises CohortError where a file no longer holds what it held when reading began."""
        first = self.start().result()
        self.require_same()
        if self._second is None:
            self.compare_contents()
        assert self._second is not None
        if self._second.result() != first:
            raise self._changed()
        self.require_same()

    def _changed(self) -> CohortError:
        remedy = "Leave it alone while it is read; what was scored of it is not kept. Begin anew"
        return refuse(self._name, "was changed while it was read", remedy)


def require_file(path: Path) -> None:
    """Raises CohortError where there is nothing to read, or what can be read only once."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError as error:
        raise refuse(str(path), "is not there", "Check the name of the file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no name of a file"
        raise refuse(str(path), f"cannot be read ({reason})", "Check it") from error
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        rule = "is a pipe or a device, which can be read only once"
        raise refuse(str(path), rule, "Write what comes from it to a file, and score that")


def _look(file: Path) -> tuple[int, int, int, int]:
    require_file(file)
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _hash_all(files: Sequence[Path]) -> list[str]:
    return [hash_file(file) for file in files]


def hash_file(file: Path) -> str:
    """SHA-256 of all the bytes of a file. Raises ConfigError where it cannot be read."""
    total, buffer = hashlib.sha256(), bytearray(_CHUNK)
    view = memoryview(buffer)
    try:
        opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while count := os.readv(opened, [buffer]):
                total.update(view[:count])
        finally:
            os.close(opened)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror})") from error
    return total.hexdigest()


def no_rows(columns: Sequence[str]) -> pd.DataFrame:
    """Raw rows of these columns without a row."""
    index = pd.Index([], dtype="int64")
    return pd.DataFrame({name: pd.Series([], index, dtype="str") for name in columns}, index)


@dataclass(frozen=True)
class RawBatch:
    """Raw rows (n, columns), their cells as text or typed; the index is the row number (int64).

    In files the header is row 1; elsewhere the first row is 1. ``unreadable``: rows that could not
    even be cut into cells, as ``row``, ``patient_id`` (empty), ``column`` (empty), ``rule``; they
    count as rows of the source. ``done``: how far the source has been read, in its own ``unit``.
    """

    number: int
    rows: pd.DataFrame
    unreadable: pd.DataFrame = field(default_factory=no_rejects)
    done: int = 0

    @property
    def n_rows(self) -> int:
        """Rows of the source in this batch."""
        return len(self.rows) + len(self.unreadable)


class Source(Protocol):
    """Rows of patients that can be read from the start, or from any batch on."""

    @property
    def name(self) -> str:
        """What messages call the source."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column there is, in order."""

    @property
    def decimal(self) -> str:
        """The decimal sign of numbers that come as text."""

    @property
    def unit(self) -> str:
        """What ``total`` and `RawBatch.done` count: "rows" or "bytes"."""

    @property
    def total(self) -> int | None:
        """All there is to read, for the progress bar; None where nobody knows before the end."""

    @property
    def witness(self) -> Witness:
        """The files that are read, which must stay as they are until all is read."""

    def identity(self) -> dict[str, Any]:
        """What must not have changed when a killed job goes on: plain values for JSON."""

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """Batches from number ``first`` on, with at least these columns.

        Who leaves them early closes them: an open query holds its table.

        Raises CohortError where the source is damaged, ConfigError where it has gone away.
        """

    def notes(self) -> list[str]:
        """What a person should know of the source once it has been read, one sentence each."""


@runtime_checkable
class KnowsRecorded(Protocol):
    """A source with the same columns whatever it holds; once read, it knows which are filled."""

    @property
    def recorded(self) -> tuple[str, ...]:
        """These columns."""


def filled_columns(source: Source) -> tuple[str, ...]:
    """The columns in which any row that was read has a value; all, where nobody knows."""
    return source.recorded if isinstance(source, KnowsRecorded) else source.columns
