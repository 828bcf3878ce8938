"""How loops are compiled by numba. Imports it at its top: import this where it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Loop = TypeVar("Loop")

# Not "nnan": missing values must stay visible. Sums may be reordered, or nothing vectorises.
REORDERED = frozenset({"reassoc", "contract", "nsz"})


def compiled(exact: bool = False) -> Callable[[Loop], Loop]:
    """Compile, once per machine where a cache can be written, else per process.

    The loop runs on the caller's thread and lets others run. ``exact``: no sum is reordered, so
    that numpy's numbers come out to the last bit.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    options["fastmath"] = False if exact else set(REORDERED)

    def compile_loop(function: Loop) -> Loop:
        made: Any
        try:
            made = njit(cache=True, **options)(function)
        except RuntimeError:
            made = njit(**options)(function)
        return made  # type: ignore[no-any-return]

    return compile_loop
