"""What a fault of the operating system means for the person who asked, and what they can do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import ConfigError

_REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room in your quota",
    errno.EFBIG: "make room",
    errno.EROFS: "take a place that can be written",
    errno.EACCES: "take a place that you may write",
    errno.EPERM: "take a place that you may write",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "close other programs: the system has no open file left",
    errno.ENOMEM: "give it more memory, or fewer --workers",
    errno.ENAMETOOLONG: "take a shorter name",
    errno.EIO: "have the disk looked at",
    errno.ELOOP: "remove the symbolic link in its place",
}


def is_fault(error: OSError) -> bool:
    """Whether it is a fault of the system or of a place, and none of the program."""
    return error.errno in _REMEDIES


def describe_fault(error: OSError) -> tuple[str, str]:
    """Why it failed, and what to do, as the ends of sentences."""
    if error.errno is None:
        return "the disk failed", _REMEDIES[errno.EIO]
    return os.strerror(error.errno), _REMEDIES.get(error.errno, "look at the disk")


@contextmanager
def reporting_faults(out: Path) -> Iterator[None]:
    """Raises ConfigError in place of OSError: why ``out`` cannot be written, and what to do."""
    try:
        yield
    except OSError as error:
        reason, remedy = describe_fault(error)
        raise ConfigError(
            f"{out} cannot be written ({reason}). What is scored so far is kept: {remedy} and go "
            "on with --resume"
        ) from error
