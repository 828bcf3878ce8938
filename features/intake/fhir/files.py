"""The resources in a Bundle, an ndjson export or a folder of either, one after the other."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from features.errors import CohortError, Problem
from features.intake.fhir.elements import Json, mapping, text

_LINES = (".ndjson", ".jsonl")
SUFFIXES = (*_LINES, ".json")
# A Bundle is held whole; a population comes as ndjson, line by line.
_LARGEST_BUNDLE = 1 << 30
_LONGEST_LINE = 1 << 26


class Resource(NamedTuple):
    """A resource and where it stands; ``full_url`` of its Bundle entry, where it has one."""

    where: str
    body: Json
    full_url: str = ""


class Broken(NamedTuple):
    """A line that holds no resource, and why."""

    where: str
    rule: str


def is_fhir(path: Path) -> bool:
    """Whether the path looks like a health record: by its name, or by what a folder holds."""
    if path.is_dir():
        held = {_suffix(file) for file in path.iterdir() if file.is_file()}
        return bool(held & set(SUFFIXES)) and ".parquet" not in held
    return _suffix(path) in SUFFIXES


def list_files(path: Path) -> tuple[Path, ...]:
    """The files of an export in order of their names. Raises CohortError where there are none."""
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if _suffix(file) in SUFFIXES)
        if not found:
            _refuse(path, "holds no .json and no .ndjson file", "Give the folder of the export")
        return tuple(found)
    if not path.is_file():
        _refuse(path, "is not there", "Check the path")
    return (path,)


def read_resources(path: Path) -> Iterator[Resource | Broken]:
    """Every resource, and every line that holds none. Raises CohortError for a file as a whole."""
    for file in list_files(path):
        try:
            lines = _suffix(file) in _LINES
            yield from _read_lines(file) if lines else _read_bundle(file)
        except (OSError, EOFError, zlib.error) as error:
            rule = "is damaged or cannot be read" if file.exists() else "has gone away"
            raise CohortError([Problem("", rule, "Export it again")], file.name) from error


def _suffix(file: Path) -> str:
    return Path(file.name.removesuffix(".gz")).suffix.lower()


def _open(file: Path) -> BinaryIO:
    if file.suffix == ".gz":
        return cast(BinaryIO, gzip.open(file, "rb"))
    return file.open("rb")


def _refuse(file: Path, rule: str, remedy: str) -> None:
    raise CohortError([Problem("", rule, remedy)], file.name)


def _parse(data: bytes) -> object:
    """Raises ValueError where the bytes are no JSON."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("too deep") from None


def _read_lines(file: Path) -> Iterator[Resource | Broken]:
    with _open(file) as source:
        position = 0
        while line := source.readline(_LONGEST_LINE):
            position += 1
            where = f"{file.name} line {position}"
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                _refuse(file, f"line {position} is longer than 64 MiB", "Give one resource a line")
            if not line.strip():
                continue
            yield _read_line(line, where)


def _read_line(line: bytes, where: str) -> Resource | Broken:
    try:
        body = mapping(_parse(line))
    except ValueError:
        return Broken(where, "no JSON: cut off or damaged")
    if not text(body.get("resourceType")):
        return Broken(where, "no FHIR resource")
    return Resource(where, body)


def _read_bundle(file: Path) -> Iterator[Resource | Broken]:
    with _open(file) as source:
        data = source.read(_LARGEST_BUNDLE + 1)
    if len(data) > _LARGEST_BUNDLE:
        _refuse(file, "is a Bundle of more than 1 GiB", "Export a population as ndjson")
    try:
        whole = mapping(_parse(data))
    except ValueError:
        _refuse(file, "is no JSON: cut off or damaged", "Export it again")
    kind = text(whole.get("resourceType"))
    if not kind:
        _refuse(file, "is no FHIR resource", "Give a Bundle or an ndjson export")
    if kind != "Bundle":
        yield Resource(file.name, whole)
        return
    listed = whole.get("entry")
    for position, entry in enumerate(listed if isinstance(listed, list) else [], start=1):
        where = f"{file.name} entry {position}"
        body = mapping(mapping(entry).get("resource"))
        if text(body.get("resourceType")):
            yield Resource(where, body, text(mapping(entry).get("fullUrl")))
        else:
            yield Broken(where, "no FHIR resource")
