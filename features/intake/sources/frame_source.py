"""Patients that are in memory already."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from typing import Any

import pandas as pd

from features.intake.sources.source import RawBatch, Witness


class FrameSource:
    """Rows of a table; see `features.intake.sources.source.Source`. The first row is 1."""

    unit = "rows"
    decimal = "."

    def __init__(self, frame: pd.DataFrame, name: str, batch_rows: int) -> None:
        self._frame = frame.set_axis(pd.RangeIndex(1, len(frame) + 1))
        self.name, self._size = name, batch_rows
        self.columns = tuple(map(str, frame.columns))
        self.total = len(frame)
        self.witness = Witness((), name)

    def identity(self) -> dict[str, Any]:
        """Number of rows and a hash of them all."""
        hashes = pd.util.hash_pandas_object(self._frame).to_numpy()
        digest = hashlib.sha256(hashes.tobytes()).hexdigest()
        return {"rows": self.total, "sha256": digest, "batch_rows": self._size}

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `features.intake.sources.source.Source`."""
        for number in range(first, -(-self.total // self._size)):
            rows = self._frame.iloc[number * self._size : (number + 1) * self._size]
            yield RawBatch(number, rows[list(columns)], done=int(rows.index[-1]))
