"""The journal of a job: a line for each finished batch, so that no damage to it goes unseen.

A line holds the checksums of the batch's files, and its own, which goes on from the line before: a
line that is changed, doubled, lost or moved breaks the chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

_CHECK = "check"


class DamagedError(Exception):
    """What was kept is not what was written; the text says what."""


@dataclass(frozen=True)
class Finished:
    """One line of the journal: what is in a finished batch.

    ``seal``: hash of its raw rows. ``scored_crc``, ``rejects_crc``: CRC-32 of its two files.
    """

    batch: int
    rows: int
    scored: int
    rejected: int
    done: int
    seal: str = ""
    scored_crc: int = 0
    rejects_crc: int = 0


def write_lines(entries: Iterable[Finished], check: int = 0) -> tuple[bytes, int]:
    """The lines of these entries, behind a line with this checksum; and that of the last one."""
    lines = b""
    for entry in entries:
        line, check = seal(asdict(entry), check)
        lines += line
    return lines, check


def read_lines(lines: bytes) -> tuple[list[Finished], int]:
    """The entries of whole lines, and the checksum of the last. Raises DamagedError."""
    entries: list[Finished] = []
    check = 0
    for number, line in enumerate(lines.splitlines()):
        stored, check = unseal(line, check)
        try:
            entry = Finished(**stored)
        except TypeError as error:
            raise DamagedError("the journal is of another version") from error
        if entry.batch != number or entry.rows != entry.scored + entry.rejected:
            raise DamagedError("the journal does not go on from batch to batch")
        entries.append(entry)
    return entries, check


def seal(stored: Mapping[str, Any], before: int = 0) -> tuple[bytes, int]:
    """A line of JSON with a checksum that goes on from the one before; and that checksum."""
    check = crc32(_text(stored), before)
    return _text({**stored, _CHECK: check}) + b"\n", check


def unseal(line: bytes, before: int = 0) -> tuple[dict[str, Any], int]:
    """What `seal` was given, and its checksum. Raises DamagedError where the line is not whole."""
    try:
        stored = json.loads(line)
        check = stored.pop(_CHECK)
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise DamagedError("a line is no line of ours") from error
    if check != crc32(_text(stored), before) or line.rstrip(b"\n") != _text(
        {**stored, _CHECK: check}
    ):
        raise DamagedError("a line is not what was written")
    return stored, check


def _text(stored: Mapping[str, Any]) -> bytes:
    return json.dumps(stored).encode()
