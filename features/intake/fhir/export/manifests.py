"""The manifest of a bulk export: which server it came from, and how much it should hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from features.intake.fhir.elements.addresses import plain_server
from features.intake.fhir.elements.json_elements import Json, entries, mapping, number, text
from features.intake.fhir.export.bounded_file import refuse
from features.intake.fhir.export.export_items import Item, Note, Resource
from features.intake.fhir.export.json_documents import is_manifest

_LARGEST = 1 << 20


@dataclass
class Manifests:
    """What the manifests of a folder say, and what of it was found.

    ``servers``: base URL by folder. ``expected``, ``found``: resources by type.
    """

    servers: dict[Path, str] = field(default_factory=dict)
    expected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    n_failures: int = 0

    def server_of(self, file: Path) -> str:
        """The server that a file came from, "" where no manifest beside or above it says."""
        return next((self.servers[one] for one in file.parents if one in self.servers), "")

    def count(self, item: Item) -> None:
        """One more that was found."""
        if self.expected and isinstance(item, Resource):
            self.found[text(item.body.get("resourceType"))] += 1

    def check(self) -> None:
        """Raise CohortError where resources are missing."""
        for kind, count in self.expected.items():
            if self.found[kind] < count:
                refuse(
                    "The manifest of the export",
                    f"lists {count:,} {kind}, {self.found[kind]:,} are here",
                    "Fetch all files that it names",
                )

    def failures(self) -> Iterator[Note]:
        """Files of errors that a manifest names: a part of the export failed."""
        for _ in range(self.n_failures):
            yield Note("OperationOutcome", "the manifest names files of errors", "", False)


def read_manifests(files: Iterable[Path]) -> Manifests:
    """The manifests among the files of an export."""
    found = Manifests()
    for file in files:
        if file.suffix != ".json" or file.stat().st_size > _LARGEST:
            continue
        data = file.read_bytes()
        if b'"transactionTime"' not in data:
            continue
        try:
            body = mapping(json.loads(data))
        except (ValueError, RecursionError):
            continue
        if is_manifest(body):
            _add(found, file.parent, body)
    return found


def _add(found: Manifests, folder: Path, body: Json) -> None:
    found.servers[folder] = _exporting_server(text(body.get("request")))
    found.n_failures += len(entries(body.get("error")))
    for output in entries(body.get("output")):
        count = number(output.get("count"))
        if count is not None:
            found.expected[text(output.get("type"))] += int(count)


def _exporting_server(request: str) -> str:
    """The base URL in ``https://server/base/Group/7/$export?_type=...``."""
    address = request.split("?")[0].split("/$export")[0].removesuffix("/Patient")
    head, group, _ = address.rpartition("/Group/")
    return plain_server(head if group else address) if "://" in address else ""
