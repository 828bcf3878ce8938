"""One batch of raw rows, worked out and made ready to be kept: no file, no state, any source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa

from features.array_types import BoolArray
from features.derivation.calcium import EARLIER_CALCIUM
from features.derivation.columns import Columns
from features.errors import ConfigError
from features.intake.cells.conversion import as_text
from features.intake.rows import RowRules, read_rows
from features.intake.validation.findings import join_rejects, rejects_table
from models.explanation.explanation import RankedReason
from models.storage.model_folder import About
from pipeline.scoring.columns import (
    IDENTIFIER,
    MISSING,
    SOURCE_COLUMNS,
)

ROW = "__row"
"""The column with the row number; no source has one of that name."""
UNTOLD = (
    "what the model gave for this sound row is no number that can be true: a fault of model, "
    "program or machine. Score it again; if it comes again, report it"
)


@dataclass(frozen=True)
class BatchRules(ABC):
    """All that a batch is worked by, whatever is worked out: made once for every batch of a source.

    ``keep``: columns of the source that are carried through.
    """

    rows: RowRules

    @property
    @abstractmethod
    def about(self) -> About:
        """The model's own description."""

    @property
    @abstractmethod
    def keep(self) -> tuple[str, ...]:
        """The columns of the source that are carried through."""

    @property
    @abstractmethod
    def told(self) -> Mapping[str, dict[str, Any]]:
        """Every column of the output in its order: its type, and what it means."""

    @property
    @abstractmethod
    def named(self) -> Collection[str]:
        """The columns that the output has, or may have, but for what is carried through."""

    @property
    @abstractmethod
    def counted(self) -> tuple[str, ...]:
        """The columns of the output that the tally counts."""

    @abstractmethod
    def fill(self, columns: Columns) -> pd.DataFrame:
        """The columns of the output, and `MISSING`, but for the patient and what is carried."""

    @abstractmethod
    def find_untold(self, scored: pd.DataFrame, columns: Columns) -> BoolArray:
        """Rows (n,) of what `fill` gave without a number that is owed to every such patient.

        No sound model on a sound machine leaves one.
        """

    @abstractmethod
    def quicken(self, n_rows: float) -> Self:
        """The rules with compiled loops, where there are rows enough to repay loading them."""

    @abstractmethod
    def set_threads(self, n_threads: int) -> None:
        """Have the trees of the model take so many threads."""

    def name_unlearnt(self, filled: Collection[str]) -> tuple[str, ...]:
        """Labels of variables of these columns that the model has learnt nothing of."""
        return ()

    @property
    def for_first(self) -> Self:
        """The rules for the first batch, which shows what the columns are like."""
        return replace(self, rows=replace(self.rows, whole=True))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source that are read, each once."""
        return tuple(dict.fromkeys((*self.rows.columns, *self.keep)))

    @property
    def output(self) -> tuple[str, ...]:
        """The columns of the table that comes out, but for those that name model and run."""
        return tuple(name for name in self.told if name not in SOURCE_COLUMNS)

    @property
    def staged(self) -> tuple[str, ...]:
        """The columns of a finished batch: those of the output, and `MISSING`."""
        return (*self.output, MISSING)

    @property
    def has_earlier_scans(self) -> bool:
        """Whether the source has a column on an earlier scan."""
        return any(name in self.rows.cohort_map.variables for name in EARLIER_CALCIUM)


def score_batch(rows: pd.DataFrame, rules: BatchRules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is worked out, and rejects: every row (index: its number) is in exactly one of the two.

    ``rows``: raw cells, text or typed, with at least ``rules.columns``. The first table has the
    columns ``rules.staged`` and the row number as index; rejects are ``row``, ``patient_id``,
    ``column``, ``rule``. Repeated identifiers are not looked for: that needs all batches. Raises
    CohortError where the batch is a first one (`BatchRules.for_first`) with a column that is wrong
    as a whole.
    """
    read = read_rows(rows, rules.rows)
    scored, rejects = rules.fill(read.columns), read.rejects
    scored.insert(0, IDENTIFIER, read.identifiers)
    untold = rules.find_untold(scored, read.columns)
    if untold.any():
        lost = scored.loc[untold, IDENTIFIER]
        rejects = join_rejects(rejects, rejects_table(lost.index, lost.to_numpy(), "", UNTOLD))
        scored = scored[~untold]
    for name in rules.keep:
        scored[name] = as_text(rows.loc[scored.index, name])
    if len(scored) + len(rejects) != len(rows):
        raise AssertionError(
            f"{len(rows)} rows read, {len(scored)} scored and {len(rejects)} rejected"
        )
    return scored[list(rules.staged)], rejects


def refuse_absent(keep: Sequence[str], columns: Sequence[str]) -> None:
    """Raises ConfigError where the source lacks a column that is to be carried through."""
    absent = [name for name in keep if name not in columns]
    if absent:
        raise ConfigError(f"--keep {', '.join(absent)}: no such column in the source")


def add_reasons(
    table: pd.DataFrame, reasons: Sequence[RankedReason], points: Literal["text", "column"]
) -> pd.DataFrame:
    """The table with ``reason_1`` and so on: "Age +4.2", or the number in a column of its own."""
    for rank, reason in enumerate(reasons, start=1):
        if points == "column":
            table[f"reason_{rank}"] = reason.name()
            table[f"reason_{rank}_points"] = np.where(reason.points == 0, np.nan, reason.points)
        else:
            table[f"reason_{rank}"] = reason.tell()
    return table


@dataclass(frozen=True)
class Part:
    """Every row of a batch, in one of two Arrow files; ``rejects`` is empty where there are none.

    ``scored``: the columns `BatchRules.staged` and `ROW`. ``scored_crc``, ``rejects_crc``: CRC-32
    of the files, taken by whoever made them.
    """

    n_scored: int
    n_rejected: int
    scored: pa.Buffer
    rejects: pa.Buffer
    scored_crc: int
    rejects_crc: int


def score_part(rows: pd.DataFrame, unreadable: pd.DataFrame, rules: BatchRules) -> Part:
    """Score raw rows; ``unreadable``: those that could not even be cut into cells, as rejects."""
    scored, rejects = score_batch(rows, rules)
    if len(unreadable):
        rejects = join_rejects(rejects, unreadable)
    return make_part(scored, rejects)


def make_part(scored: pd.DataFrame, rejects: pd.DataFrame) -> Part:
    """What `score_batch` gives, made ready to be kept."""
    numbered = scored.rename_axis(ROW).reset_index()
    kept = _to_arrow_file(rejects) if len(rejects) else pa.py_buffer(b"")
    file = _to_arrow_file(numbered)
    return Part(len(scored), len(rejects), file, kept, crc32(file), crc32(kept))


def _to_arrow_file(table: pd.DataFrame) -> pa.Buffer:
    cells = pa.Table.from_pandas(table, preserve_index=False)
    file = pa.BufferOutputStream()
    with pa.ipc.new_file(file, cells.schema) as writer:
        writer.write_table(cells)
    return file.getvalue()
