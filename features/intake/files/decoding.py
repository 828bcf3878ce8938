"""From the bytes of a cohort file to its text, or a message that says what the file really is."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from dataclasses import dataclass

from features.errors import CohortError, Problem

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_SAVE = "Save it as CSV (UTF-8) and try again"
_FOREIGN = (
    (b"PK\x03\x04", "is an Excel workbook or a zip archive, whatever its name", _SAVE),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook, whatever its name", _SAVE),
    (b"%PDF", "is a PDF", _SAVE),
    (b"$FL2", "is an SPSS file", _SAVE),
    (b"<stata_dta>", "is a Stata file", _SAVE),
    (b"HEADER RECORD***", "is a SAS transport file", _SAVE),
    (PARQUET, "is a Parquet file in a compressed one", "Unpack it: Parquet is compressed already"),
    (b"BZh", "is compressed with bzip2", "Unpack it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ", "is compressed with xz", "Unpack it, or compress it with gzip or zstd"),
    (b"7z\xbc\xaf", "is a 7z archive", "Unpack it, or compress it with gzip or zstd"),
    (b"SQLite format 3", "is a SQLite database", "Export the table as CSV"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the file itself", "Run git lfs pull"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODE_PAGES = ("cp1252", "cp1251", "cp1253")
_SAMPLE = 100_000
_MIXED_SHARE = 0.05
_ALLOWED_CONTROLS = b"\t\n\r\x0b\x0c\x1a"


@dataclass(frozen=True)
class Text:
    """The text of a file and the encoding that it was in."""

    content: str
    encoding: str


def refuse(
    name: str, rule: str, remedy: str, column: str = "", rows: int | None = None
) -> CohortError:
    """A CohortError with one problem of the file called ``name``."""
    return CohortError([Problem(column, rule, remedy, rows)], name)


def unpack(data: bytes, name: str) -> bytes:
    """The bytes inside gzip or zstd, which are known by their first bytes, not by the name.

    Raises CohortError where the compressed data are cut short or damaged.
    """
    damaged = refuse(name, "is a truncated or damaged compressed file", "Copy it again, whole")
    if data.startswith(GZIP):
        try:
            return gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise damaged from error
    if data.startswith(ZSTD):
        import zstandard

        stream = zstandard.ZstdDecompressor().decompressobj()
        try:
            unpacked = stream.decompress(data)
        except zstandard.ZstdError as error:
            raise damaged from error
        if not stream.eof:
            raise damaged
        return unpacked + (unpack(stream.unused_data, name) if stream.unused_data else b"")
    return data


def decode(data: bytes, name: str) -> Text:
    """The text of these bytes: byte order mark, UTF-16, UTF-8, else the likeliest code page.

    Raises CohortError where they are no text, or the text of something that is no table.
    """
    for magic, rule, remedy in _FOREIGN:
        if data.startswith(magic):
            raise refuse(name, rule, remedy)
    text = _decode_marked(data, name) or _decode_unmarked(data, name)
    start = text.content.lstrip()[:1]
    if not start:
        raise refuse(name, "is empty", "Export the cohort again")
    if start == "<":
        raise refuse(name, "is a web page or XML, perhaps a saved error page", _SAVE)
    if start in "{[":
        raise refuse(name, "is JSON", _SAVE)
    return text


def _decode_marked(data: bytes, name: str) -> Text | None:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return Text(data.decode(encoding), encoding)
            except UnicodeDecodeError as error:
                rule = f"says that it is {encoding.upper()} but is not"
                raise refuse(name, rule, "Save it as UTF-8") from error
    return None


def _decode_unmarked(data: bytes, name: str) -> Text:
    sample = data[:_SAMPLE]
    encoding = _utf16_without_mark(sample)
    if encoding:
        return Text(data.decode(encoding, errors="replace"), encoding)
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        rule = f"holds NUL bytes (the first in line {line}): damaged, or not a text file"
        raise refuse(name, rule, "Export the cohort again as CSV")
    controls = sum(byte < 32 and byte not in _ALLOWED_CONTROLS for byte in sample)
    if controls > len(sample) / 1000:
        raise refuse(name, "is not text but binary data", _SAVE)
    try:
        return Text(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        if _is_mixed(data):
            rule = "is not in one encoding: some lines are UTF-8, others are not"
            raise refuse(name, rule, "Save it as UTF-8 as a whole") from None
        encoding = _guess_code_page(sample)
        return Text(data.decode(encoding, errors="replace"), encoding)


def _utf16_without_mark(sample: bytes) -> str | None:
    """UTF-16 written without its mark: every other byte of plain text is then zero."""
    even, odd = sample[0::2], sample[1::2]
    if not odd:
        return None
    even_zeros, odd_zeros = even.count(0) / len(even), odd.count(0) / len(odd)
    if odd_zeros > 0.5 and even_zeros < 0.1:
        return "utf-16-le"
    return "utf-16-be" if even_zeros > 0.5 and odd_zeros < 0.1 else None


def _is_mixed(data: bytes) -> bool:
    """Letters of UTF-8, which code pages hardly ever make by chance, beside what is none."""
    pairs = len(re.findall(rb"[\xc3-\xc5][\x80-\xbf]", data))
    others = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return pairs > 2 and pairs > others * _MIXED_SHARE


def _guess_code_page(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_CODE_PAGES)).best()
    return best.encoding if best else "cp1252"
