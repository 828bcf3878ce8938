"""Memory through which one process hands objects over to others, instead of through a pipe."""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from itertools import accumulate
from multiprocessing.reduction import DupFd
from typing import Any

Sizes = tuple[int, ...]
"""How many bytes of a `Handover` are an object without its buffers, and each of these."""


class Handover:
    """Anonymous memory for one object at a time, as large as the largest so far.

    Made before the other processes are started, and given to them with their arguments. Not in
    ``/dev/shm``, of which containers have little. Where the system has no such memory (macOS), a
    file without a name in the folder of temporary files.
    """

    def __init__(self, file: int | None = None) -> None:
        self._file = _open_nameless() if file is None else file
        self._seen: memoryview | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (DupFd(self._file),)

    def put(self, what: object) -> Sizes:
        """Copy an object here, in place of the one before; what others need to `take` it.

        Raises OSError where there is no memory left.
        """
        found: list[pickle.PickleBuffer] = []
        stripped = pickle.dumps(what, protocol=5, buffer_callback=found.append)
        buffers = [memoryview(stripped), *(one.raw() for one in found)]
        sizes = tuple(map(len, buffers))
        if sum(sizes) > os.fstat(self._file).st_size:
            os.ftruncate(self._file, sum(sizes))
        os.lseek(self._file, 0, os.SEEK_SET)
        _write(self._file, buffers)
        return sizes

    def take(self, sizes: Sizes) -> Any:
        """The object; its buffers are read where they are, and true until the next `put` here."""
        held = self._seen
        if held is None or len(held) < sum(sizes):
            # Looked at anew only where it has grown: else its pages are known already.
            held = memoryview(mmap.mmap(self._file, 0, access=mmap.ACCESS_READ))
            self._seen = held
        ends = list(accumulate(sizes))
        stripped, *buffers = (held[end - size : end] for size, end in zip(sizes, ends, strict=True))
        return pickle.loads(stripped, buffers=buffers)

    def close(self) -> None:
        """Give the memory back as soon as nobody has it open."""
        self._seen = None
        os.close(self._file)


def _open_nameless() -> int:
    try:
        return os.memfd_create("calcirisk")
    except AttributeError:
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())


def _write(file: int, buffers: list[memoryview]) -> None:
    waiting = [one for one in buffers if len(one)]
    most = os.sysconf("SC_IOV_MAX")  # that the system takes in one call
    while waiting:
        written = os.writev(file, waiting[:most])
        while waiting and written >= len(waiting[0]):
            written -= len(waiting.pop(0))
        if written:
            waiting[0] = waiting[0][written:]


def _received(file: Any) -> Handover:
    return Handover(file.detach())
