"""A text file of any size as a stream of UTF-8, whatever it is packed or encoded in."""

from __future__ import annotations

import codecs
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from features.errors import CohortError, ConfigError
from features.intake.files.decoding import GZIP, ZSTD, decode, refuse
from features.intake.sources.text.line_ledger import LineLedger

_RAW, _CHUNK = 1 << 16, 1 << 20
# Of zstd, whose smallest block of four bytes may hold 128 KiB.
_ZSTD_RAW = 1 << 12
_LONGEST_LINE, _MOST_BLANK = 1 << 24, 1_000_000


def unpacked_chunks(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The content of a file, out of gzip or zstd where it is packed, about a mebibyte at a time.

    Raises CohortError where a packed file is cut short or damaged, ConfigError where the disk
    fails.
    """
    try:
        head = file.read(_RAW)
        if head.startswith(GZIP):
            yield from _unpack(head, file, lambda: zlib.decompressobj(31), name, _RAW)
        elif head.startswith(ZSTD):
            import zstandard

            make = zstandard.ZstdDecompressor().decompressobj
            yield from _unpack(head, file, make, name, _ZSTD_RAW)
        else:
            while head:
                yield head
                head = file.read(_CHUNK)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read on ({error.strerror})") from error


def _unpack(
    head: bytes, file: BinaryIO, make: Callable[[], Any], name: str, size: int
) -> Iterator[bytes]:
    """``size``: packed bytes that are unpacked at a time, so that few never fill the memory."""
    damaged = refuse(name, "is a truncated or damaged compressed file", "Copy it again, whole")
    unpacker = None
    while head:
        try:
            unpacker = unpacker or make()
            head, later = head[:size], head[size:]
            yield unpacker.decompress(head)
        except Exception as error:  # zstandard's own error cannot be named without importing it
            if type(error).__name__ not in ("error", "ZstdError"):
                raise
            raise damaged from error
        # What follows one packed stream may be another; zeros are padding.
        head = later
        if unpacker.eof:
            head = (unpacker.unused_data + later).lstrip(b"\0")
            unpacker = None
        head = head or file.read(_RAW)
    if unpacker is not None:
        raise damaged


class TextStream(io.RawIOBase):
    """Lines as UTF-8 with ``\\n`` at their ends; blanks alone in a line and control-Z are gone.

    ``encoding``: as `decoding.decode` names it. ``skip``: how many characters at
    the very start to leave out. ``ledger``: counts the lines that are handed over. ``ended``:
    whether the last line had an end, known at the end. Raises CohortError for a line longer than
    16 MiB, and for more than a million empty lines within the table.
    """

    def __init__(
        self, path: Path, encoding: str, skip: int = 0, ledger: LineLedger | None = None
    ) -> None:
        super().__init__()
        self._ledger = ledger
        self._name, self._skip = path.name, skip
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
        self._chunks = unpacked_chunks(self._file, path.name)
        self._decoder, self._ascii = _newline_decoder(encoding, "strict"), True
        self._may_switch = encoding == "utf-8"
        self._holds_nul = encoding.startswith(("utf-16", "utf-32"))
        self._held, self._ready, self._started = "", b"", False
        self._n_blank = 0
        self._all_read, self.ended = False, True

    @property
    def position(self) -> int:
        """Bytes of the file read so far."""
        return 0 if self._file.closed else self._file.tell()

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Close the file behind the stream."""
        self._file.close()
        super().close()

    def read(self, size: int = -1, /) -> bytes:
        """As many bytes as asked for, fewer only at the end."""
        parts, length = [self._ready], len(self._ready)
        while (size < 0 or length < size) and not self._all_read:
            more = self._next()
            parts.append(more)
            length += len(more)
        whole = b"".join(parts)
        size = len(whole) if size < 0 else size
        self._ready = whole[size:]
        return whole[:size]

    def _next(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            self._all_read = True
            text = self._held + self._decode(b"", final=True)
            self.ended = text.endswith("\n") or not text
            whole = text.rstrip("\n") + "\n" if text.strip("\n") else ""
            return self._clean(self._without_trailing(whole))
        if b"\0" in chunk and not self._holds_nul:
            rule = "holds NUL bytes: damaged, or not a text file"
            raise refuse(self._name, rule, "Export the cohort again as CSV")
        text = self._held + self._decode(chunk)
        cut = text.rfind("\n") + 1
        self._held = text[cut:]
        if len(self._held) > _LONGEST_LINE:
            rule = f"has a line of more than {_LONGEST_LINE >> 20} MiB: damaged, or not a table"
            raise refuse(self._name, rule, "Export the cohort again as CSV, a line for each row")
        return self._clean(self._without_trailing(text[:cut]))

    def _without_trailing(self, text: str) -> str:
        """Empty lines are held back, as a number: at the very end of the file they are no rows."""
        rest = text.rstrip("\n")
        if not rest:
            self._n_blank += len(text)
            return ""
        n_blank, self._n_blank = self._n_blank, len(text) - len(rest) - 1
        if n_blank > _MOST_BLANK:
            rule = f"has more than {_MOST_BLANK:,} empty lines in a row"
            raise refuse(self._name, rule, "Export the cohort again")
        return "\n" * n_blank + rest + "\n"

    def _clean(self, text: str) -> bytes:
        if not self._started and text:
            n_lines, self._started = text.count("\n"), True
            text = text.lstrip("\n")[self._skip :].lstrip("\n")
            if self._ledger is not None:
                self._ledger.skip(n_lines - text.count("\n"))
        if "\x1a" in text:
            text = text.replace("\x1a", "")
        if "\n " in text or "\n\t" in text:
            text = re.sub(r"(?m)^[ \t]+$", "", text)
        cleaned = text.encode("utf-8", "replace")
        if self._ledger is not None and cleaned:
            self._ledger.add(cleaned)
        return cleaned

    def _decode(self, chunk: bytes, final: bool = False) -> str:
        before = self._decoder.getstate()[0]
        try:
            text: str = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            text = self._switch(before + chunk, final, error)
        self._ascii = self._ascii and text.isascii()
        return text

    def _switch(self, data: bytes, final: bool, error: UnicodeDecodeError) -> str:
        """All was ASCII so far, so that the code page can still be found out."""
        if not (self._may_switch and self._ascii):
            raise _mixed(self._name) from error
        self._may_switch = False
        start = data.rfind(b"\n", 0, error.start) + 1
        encoding = decode(b"a\n" + data[start:], self._name).encoding
        self._decoder = _newline_decoder(encoding, "replace")
        text: str = self._decoder.decode(data, final)
        return text


def _newline_decoder(encoding: str, errors: str) -> Any:
    guessed = encoding.startswith("cp125")
    decoder = codecs.getincrementaldecoder(encoding)("replace" if guessed else errors)
    return io.IncrementalNewlineDecoder(decoder, translate=True)


def _mixed(name: str) -> CohortError:
    rule = "is not in one encoding: what began as one goes on as another, or is damaged"
    return refuse(name, rule, "Save it as UTF-8, or declare its --encoding")
