"""A source whose first batch was looked at before the job began, and is read only once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

from features.intake.sources.source import RawBatch, Source


class BegunSource:
    """The batches of a source with these columns; ``first``: the first of them, None if empty.

    Whoever makes one closes it: an open query holds its table.
    """

    def __init__(self, source: Source, columns: Sequence[str]) -> None:
        self._source, self._columns = source, columns
        self._batches = source.batches(columns)
        self.first = next(self._batches, None)

    def batches(self, start: int = 0) -> Generator[RawBatch]:
        """Batches from number ``start`` on; to be asked for once."""
        if start:
            self.close()
            with closing(self._source.batches(self._columns, start)) as later:
                yield from later
            return
        if self.first is not None:
            yield self.first
            yield from self._batches

    def close(self) -> None:
        """Let go of the source."""
        self._batches.close()
