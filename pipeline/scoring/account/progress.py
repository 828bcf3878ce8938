"""How far a job is: a bar with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any, Self

_FIRST_LINE, _NEXT_LINES = 10.0, 60.0

log = logging.getLogger("calcirisk.score")


class Progress:
    """Tells how far the source has been read; ``total`` and ``done`` in units of its own.

    ``things``: what is counted beside it; ``task``: what is done with them.
    """

    def __init__(self, total: int | None, things: str = "rows", task: str = "scoring") -> None:
        self._total, self._things = total, things
        self._started = self._told = time.monotonic()
        self._rows = 0
        self._bar: Any = None
        if sys.stderr.isatty():
            self._bar = _make_bar()
            self._task = self._bar.add_task(task, total=total, rate="")

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

    def advance(self, rows: int, done: int) -> None:
        """``rows`` more are finished; the source has been read up to ``done``."""
        self._rows += rows
        now = time.monotonic()
        rate = self._rows / max(now - self._started, 1e-9)
        pace = f"{rate:,.{0 if rate >= 10 else 1}f} {self._things}/s"
        if self._bar is not None:
            self._bar.update(self._task, completed=done, rate=pace)
            return
        if now - self._started >= _FIRST_LINE and (
            self._told == self._started or now - self._told >= _NEXT_LINES
        ):
            self._told = now
            share = f", {100 * done / self._total:.0f} %" if self._total else ""
            print(f"{self._rows:,} {self._things}{share}, {pace}", file=sys.stderr)  # noqa: T201


def _make_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
