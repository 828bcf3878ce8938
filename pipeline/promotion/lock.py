"""One process at a time that registers or promotes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import ConfigError
from pipeline.files.private import hidden_beside

_PATIENCE, _SILENCE, _STEP = 900.0, 2.0, 0.1
_SQLITE = "sqlite:///"


@contextmanager
def one_at_a_time(tracking_uri: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Wait until no other process on this machine is inside for this server.

    One lock for all models of a server: `register` writes several, of which `promote` moves one.
    It ends with its process, however that ends. Says what it waits for after two seconds; raises
    ConfigError after ``patience`` seconds, or where the lock is no file.
    """
    file = _open(_locate(tracking_uri))
    try:
        _wait(file, patience)
        yield
    finally:
        os.close(file)


def _locate(tracking_uri: str) -> Path:
    """Beside the database, which all who use it find; of a server, in the folder for such files."""
    if tracking_uri.startswith(_SQLITE):
        database = Path(tracking_uri.removeprefix(_SQLITE).partition("?")[0]).resolve()
        return hidden_beside(database, "lock")
    key = hashlib.sha256(tracking_uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"calcirisk-promote-{key}.lock"


def _wait(file: int, patience: float) -> None:
    started, said = time.monotonic(), False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - started
        else:
            return
        if waited > patience:
            raise ConfigError(
                f"Another process has been registering or promoting here for {waited:.0f} s. "
                "Look whether it hangs, and end it"
            )
        if waited > _SILENCE and not said:
            said = True
            told = "Waiting for another process that registers or promotes here ..."
            print(told, file=sys.stderr)  # noqa: T201
        time.sleep(_STEP)


def _open(lock: Path) -> int:
    # In a shared folder the kernel lets nobody create what another user already has: read it.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(lock, flags)
    except FileNotFoundError:
        return os.open(lock, flags | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigError(f"{lock} is no lock ({error.strerror}). Remove it") from error
