"""A file, packed or not, that cannot grow beyond what a health record can be."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, cast

from features.errors import CohortError, Problem

LONGEST = 1 << 26
"""Bytes of a line, of a Bundle and of any other JSON: each is held whole, with its objects some

nine times as much.
"""
# Health records pack to a tenth or a fiftieth; what packs better than this holds nothing.
_DENSEST, _SMALL = 400, 1 << 26


def refuse(file: str, rule: str, remedy: str) -> NoReturn:
    """Raise CohortError for a file as a whole."""
    raise CohortError([Problem("", rule, remedy)], file)


class BoundedFile:
    """Bytes of a file, unpacked. Raises CohortError as soon as there are too many of them."""

    def __init__(self, path: Path, name: str) -> None:
        self._name, self._read = name, 0
        packed = path.suffix == ".gz"
        self._most = max(_SMALL, _DENSEST * path.stat().st_size) if packed else None
        self._file = cast(BinaryIO, gzip.GzipFile(path)) if packed else path.open("rb")

    def __enter__(self) -> BoundedFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read_line(self) -> bytes:
        """The next line with its end, b"" behind the last. Raises CohortError if too long."""
        line = self._count(self._file.readline(LONGEST + 1))
        if len(line) > LONGEST:
            refuse(self._name, "holds a line of more than 64 MiB", "Give one resource a line")
        return line

    def read_rest(self, before: bytes) -> bytes:
        """``before`` and all that follows. Raises CohortError if too long."""
        rest = before + self._count(self._file.read(LONGEST + 1 - len(before)))
        if len(rest) > LONGEST:
            refuse(
                self._name,
                "is a Bundle of more than 64 MiB",
                "Export a population as ndjson, one resource a line",
            )
        return rest

    def _count(self, data: bytes) -> bytes:
        self._read += len(data)
        if self._most is not None and self._read > self._most:
            rule = f"unpacks to more than {_DENSEST} times its size"
            refuse(self._name, rule, "No health record does. Export it again")
        return data
