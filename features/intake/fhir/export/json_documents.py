"""The JSON documents in a file: one a line, or one after the other over any number of lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from features.intake.fhir.elements.json_elements import Json, mapping, text
from features.intake.fhir.export.bounded_file import BoundedFile, refuse
from features.intake.fhir.export.export_items import Broken

_BLANK = re.compile(r"[ \t\r\n]*")
_KIND = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]{1,64})"')
_PATIENT = re.compile(rb'"reference"\s*:\s*"([^"\s\\]{0,200}Patient/[A-Za-z0-9\-.]{1,64})"')


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which every name stands once: of two values neither is to be believed."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


class Document(NamedTuple):
    """A JSON object and where it stands in the file, such as ``line 3``; "" where it is all."""

    place: str
    body: Json


def read_documents(path: Path, name: str, lines: bool) -> Iterator[Document | Broken]:
    """The objects of a file. ``lines``: by its name it has one a line, each to be read by itself.

    Raises CohortError for what is no JSON as a whole.
    """
    with BoundedFile(path, name) as file:
        first = _first_line(file)
        by_line = len(_parse_all(first) or []) == 1
        if not by_line:
            whole = _whole_or_none(path, name, lines)
            if whole is not None:
                yield from whole
                return
        if by_line and not lines:
            # a file of lines under the name of a Bundle, or a Bundle on one line
            second = _first_line(file)
            if not second:
                yield from _documents([_parse_or_none(first)], name)
                return
    yield from _read_lines(path, name)


def _first_line(file: BoundedFile) -> bytes:
    """The next line that is not blank."""
    line = file.read_line()
    while line and not line.strip():
        line = file.read_line()
    return line


def _whole_or_none(path: Path, name: str, lines: bool) -> list[Document] | None:
    """The documents of a file that is not one a line; None if it has to be read by line."""
    if lines and path.stat().st_size > _SAMPLE and _many_lines_hold(path, name):
        return None
    with BoundedFile(path, name) as file:
        data = file.read_rest(b"")
    found = _parse_all(data)
    if found is not None and not (lines and any(not _is_resource(one) for one in found)):
        return list(_documents(found, name))
    if lines:
        return None
    refuse(name, "is no JSON: cut off or damaged", "Export it again")


_SAMPLE = 1 << 20


def _many_lines_hold(path: Path, name: str) -> bool:
    """Whether any of the next lines is JSON by itself, although the first is not."""
    with BoundedFile(path, name) as file:
        return any(_parse_or_none(file.read_line()) is not None for _ in range(100))


def _read_lines(path: Path, name: str) -> Iterator[Document | Broken]:
    held = broken = position = 0
    opens_json = False
    with BoundedFile(path, name) as file:
        while line := file.read_line():
            position += 1
            opens_json = opens_json or line.strip() in (b"{", b"[")
            if not line.strip():
                continue
            found = _parse_or_none(line)
            body = mapping(found)
            if text(body.get("resourceType")):
                held += 1
                yield Document(f"line {position}", body)
            else:
                broken += 1
                rule = "no JSON: cut off or damaged" if found is None else "no FHIR resource"
                yield Broken(f"{name} line {position}", rule, *_make_out(line))
    if broken > 1 and not held and opens_json:
        refuse(
            name,
            "is no JSON: cut off or damaged, and over several lines",
            "Export it again, one resource a line, or a whole Bundle as .json",
        )


def _make_out(line: bytes) -> tuple[str, str]:
    """Type and patient of a resource that is cut off, where there is just one of each in sight."""
    kinds = set(_KIND.findall(line))
    kind = "" if b"Bundle" in kinds else _only(kinds)
    return kind, _only(set(_PATIENT.findall(line)))


def _only(found: set[bytes]) -> str:
    """The one text there is; "" for none, several, or what is in no UTF-8."""
    try:
        return found.pop().decode() if len(found) == 1 else ""
    except UnicodeDecodeError:
        return ""


def _is_resource(value: object) -> bool:
    return bool(text(mapping(value).get("resourceType")))


def _documents(found: list[object], name: str) -> Iterator[Document]:
    for number, one in enumerate(found, start=1):
        body = mapping(one)
        if not text(body.get("resourceType")) and not is_manifest(body):
            refuse(name, "is no FHIR resource", "Give a Bundle or an ndjson export")
        yield Document(f"document {number}" if len(found) > 1 else "", body)


def is_manifest(body: Json) -> bool:
    """Whether it is the manifest of a bulk export, which names its files and the server."""
    return {"transactionTime", "request", "output"} <= set(body)


def _parse_or_none(data: bytes) -> object | None:
    """The one JSON value in the bytes; None where they are none. A bare null is none either."""
    found = _parse_all(data)
    return found[0] if found is not None and len(found) == 1 else None


def _parse_all(data: bytes) -> list[object] | None:
    """All JSON values in the bytes, one after the other; None where any part of them is none."""
    try:
        written = data.decode("utf-8-sig")
        found, position = [], _blank_to(written, 0)
        while position < len(written):
            value, end = _DECODER.raw_decode(written, position)
            found.append(value)
            position = _blank_to(written, end)
    except (ValueError, RecursionError):
        return None
    return found or None


def _blank_to(written: str, position: int) -> int:
    found = _BLANK.match(written, position)
    return found.end() if found else position
