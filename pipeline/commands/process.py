"""What the program asks of the system for itself: whose its files are, how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from features.errors import ConfigError
from pipeline.files.faults import describe_fault, is_fault

# A registry may be shared by several people, and holds no patient.
_SHARED = frozenset({"register", "promote"})


@contextmanager
def run_as_program(arguments: Sequence[str]) -> Iterator[None]:
    """What is written is its owner's alone; who is asked to end (SIGTERM) ends what they began.

    Raises ConfigError in place of what the system did not do and no command has told better.
    """
    before = os.umask(0o077)
    if _SHARED & set(arguments):
        os.umask(before)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        with suppress(ValueError):  # elsewhere than in the main thread
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    except MemoryError as error:
        told = "There is too little memory. Close other programs, or give it fewer --workers"
        raise ConfigError(told) from error
    except OSError as error:
        if not is_fault(error):
            raise
        reason, remedy = describe_fault(error)
        what = error.filename or "A file"
        raise ConfigError(f"{what} cannot be read or written ({reason}): {remedy}") from error
    except ModuleNotFoundError as error:
        if error.name != "fcntl":
            raise
        told = "This command needs the file locks of Linux or macOS. On Windows run it in WSL"
        raise ConfigError(told) from error
    finally:
        os.umask(before)
