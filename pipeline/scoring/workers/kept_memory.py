"""Memory that is freed and asked for again with every batch, kept instead of given back."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# The parameters of mallopt(3), as malloc.h numbers them.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 1 << 30


def keep_freed_memory() -> None:
    """Have the C library keep what is freed for the next batch; does nothing where it cannot.

    Else each large array comes as fresh pages that the kernel has to clear first: a fifth of the
    time of a job without reasons.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        set_option(option, _LARGEST)


@contextmanager
def spared_from_collection() -> Iterator[None]:
    """Have the garbage collector pass over all that is loaded by now.

    Every batch sets it going; looking through all modules takes longer than some of its steps.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
