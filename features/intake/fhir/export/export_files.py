"""The resources in a Bundle, an ndjson export or a folder of either, one after the other."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from features.errors import CohortError, Problem
from features.intake.fhir.export.bounded_file import refuse
from features.intake.fhir.export.bundles import Pages, unfold
from features.intake.fhir.export.export_items import Broken, Item, Note
from features.intake.fhir.export.json_documents import is_manifest, read_documents
from features.intake.fhir.export.manifests import Manifests, read_manifests

_LINES = (".ndjson", ".jsonl")
SUFFIXES = (*_LINES, ".json")


def is_fhir(path: Path) -> bool:
    """Whether the path looks like a health record: by its name, or by what a folder holds."""
    if path.is_dir():
        held = {_suffix(file) for file in _walk(path)}
        return bool(held & set(SUFFIXES)) and ".parquet" not in held
    return _suffix(path) in SUFFIXES


def list_files(path: Path) -> tuple[Path, ...]:
    """The files of an export, of subfolders too, in order of their names.

    Raises CohortError where there are none.
    """
    if path.is_dir():
        found = [file for file in _walk(path) if _suffix(file) in SUFFIXES]
        if not found:
            refuse(path.name, "holds no .json and no .ndjson file", "Give the folder of the export")
        return tuple(found)
    if not path.is_file():
        refuse(path.name, "is not there", "Check the path")
    return (path,)


def name_file(file: Path, export: Path) -> str:
    """The name of a file of an export, with its subfolders."""
    return file.relative_to(export).as_posix() if export.is_dir() else file.name


def read_resources(path: Path) -> Iterator[Item]:
    """Every resource, and every line that holds none. Raises CohortError for a file as a whole."""
    pages = Pages()
    files = list_files(path)
    manifests = read_manifests(files) if path.is_dir() else Manifests()
    if path.is_dir():
        yield from _name_unread(path)
    for file in files:
        name = name_file(file, path)
        try:
            for item in _read_file(file, name, manifests.server_of(file), pages):
                manifests.count(item)
                yield item
        except (OSError, EOFError, zlib.error) as error:
            rule = "is damaged or cannot be read" if file.exists() else "has gone away"
            raise CohortError([Problem("", rule, "Export it again")], name) from error
    pages.check()
    manifests.check()
    yield from manifests.failures()


def _read_file(file: Path, name: str, server: str, pages: Pages) -> Iterator[Item]:
    for document in read_documents(file, name, _suffix(file) in _LINES):
        if isinstance(document, Broken):
            yield document
        elif not is_manifest(document.body):
            yield from unfold(document.body, name, document.place, server, pages)


def _walk(folder: Path) -> Iterator[Path]:
    """The files below a folder in order; hidden ones and links to folders are not followed."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        yield from (Path(here) / one for one in sorted(files) if not one.startswith("."))


def _name_unread(folder: Path) -> Iterator[Note]:
    """Files of other kinds, and links to folders: what is in them is not known."""
    for file in _walk(folder):
        if _suffix(file) not in SUFFIXES:
            yield Note("file", "not read: neither .json nor .ndjson", file.suffix, True)
    for here, folders, _ in os.walk(folder):
        for one in folders:
            if (Path(here) / one).is_symlink():
                yield Note("file", "not read: a link to a folder", "", False)


def _suffix(file: Path) -> str:
    return Path(file.name.removesuffix(".gz")).suffix.lower()
