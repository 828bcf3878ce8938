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

_PATIENCE, _SILENCE, _STEP = 900.0, 2.0, 0.1


@contextmanager
def one_at_a_time(tracking_uri: str, name: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Wait until no other process on this machine is inside for this server and model.

    The lock ends with its process, however that ends. Says what it waits for after two seconds;
    raises ConfigError after ``patience`` seconds, or where the lock is no file.
    """
    key = hashlib.sha256(f"{tracking_uri}\0{name}".encode()).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f"calcirisk-promote-{key}.lock"
    file = _open(lock)
    try:
        _wait(file, name, patience)
        yield
    finally:
        os.close(file)


def _wait(file: int, name: str, patience: float) -> None:
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
                f"Another process has been registering or promoting {name} for {waited:.0f} s. "
                "Look whether it hangs, and end it"
            )
        if waited > _SILENCE and not said:
            said = True
            told = f"Waiting for another process that registers or promotes {name} ..."
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
