"""A scored batch as it is kept until the output stands: its tables as Arrow files."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import pandas as pd
import pyarrow as pa

from pipeline.scoring.batch import BatchRules, score_batch

ROW = "__row"
"""The column with the row number; no source has one of that name."""


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
        together = pd.concat([rejects, unreadable], ignore_index=True)
        rejects = together.sort_values("row", ignore_index=True)
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
