"""How many scans are measured: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

_NEXT_LINE = 30.0


class Tally:
    """Counts finished scans of ``total`` on standard error."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._told = time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty() and total > 1:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True))
            self._task = self._bar.add_task("scans", total=total)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self) -> None:
        """One more scan is finished."""
        self._done += 1
        if self._bar is not None:
            self._bar.advance(self._task)
        elif time.monotonic() - self._told >= _NEXT_LINE:
            self._told = time.monotonic()
            print(f"{self._done} of {self._total} scans", file=sys.stderr)  # noqa: T201
