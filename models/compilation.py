"""How loops are compiled by numba. Imports it at its top: import this where it is used."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

try:
    import fcntl
except ImportError:  # Windows
    _CAN_LOCK = False
else:
    _CAN_LOCK = True

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
            with _kept_in(cache_folder()):
                made = njit(cache=True, **options)(function)
        except RuntimeError:
            made = njit(**options)(function)
        else:
            made.compile = _one_at_a_time(made.compile)
        return made  # type: ignore[no-any-return]

    return compile_loop


def _one_at_a_time(compile_signature: Callable[..., Any]) -> Callable[..., Any]:
    """Of processes that need a loop at the same moment one compiles it, the others take it then."""

    def wait_and_compile(signature: Any) -> Any:
        with _alone():
            return compile_signature(signature)

    return wait_and_compile


_held = threading.local()


@contextmanager
def _alone() -> Iterator[None]:
    """While no other process compiles; a loop that calls another compiles it within its own turn.

    Where files cannot be locked, each process compiles for itself.
    """
    if not _CAN_LOCK or getattr(_held, "already", False):
        yield
        return
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError:
        yield
        return
    with lock:
        with suppress(OSError):  # some file systems know no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        _held.already = True
        try:
            yield
        finally:
            _held.already = False


@cache
def cache_folder() -> Path:
    """Where the machine code of these very sources is kept, those of all models together.

    For numba by itself looks at the file of a loop, not at those of the loops that it calls, and
    would go on with what they were before.
    """
    rooms = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(rooms.rglob("*.py")))
    if config.CACHE_DIR:
        base = Path(config.CACHE_DIR)
    elif os.access(rooms, os.W_OK):
        base = rooms / "__pycache__"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "calcirisk"
    return base / f"loops-{sha256(sources).hexdigest()[:16]}"


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before
