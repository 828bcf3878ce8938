"""What a source of patients must be able to do: a file, a folder, a query, a health record.

A source hands over the same batches each time it is read, so that a job that was killed can go on
behind its last finished batch.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from features.intake.sources.witness import Witness
from features.intake.validation.findings import no_rejects


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
