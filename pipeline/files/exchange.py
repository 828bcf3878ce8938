"""Files and folders that take their places together: all of them, or all is as it was before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def exchange(places: Mapping[Path, Path | None], aside: Path) -> None:
    """Put what is new in each place, None for nothing; where that fails, what was there is back.

    The first place is what a person calls the output: it goes first and comes last, so that whoever
    finds it finds what belongs to it, also where the process is killed in between. ``aside``: an
    empty folder of ours on the same file system, for what was there.
    """
    moves = [(place, aside / str(number)) for number, place in enumerate(places)]
    moves += [(new, place) for place, new in reversed([*places.items()]) if new is not None]
    begun: list[tuple[Path, Path]] = []
    try:
        for before, now in moves:
            if os.path.lexists(before):
                begun.append((before, now))
                before.rename(now)
    except BaseException:
        for before, now in reversed(begun):
            if not os.path.lexists(before):
                now.rename(before)
        raise
