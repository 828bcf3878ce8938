"""What an export is made of."""

from __future__ import annotations

from typing import NamedTuple

from features.intake.fhir.elements.json_elements import Json
from features.intake.fhir.elements.versions import Version


class Resource(NamedTuple):
    """A resource and where it stands; ``full_url`` of its Bundle entry, where it has one.

    ``server``: the base URL that it lies at and that its relative references are to, "" where it
    is not known. ``file``: to be named in an error.
    """

    file: str
    where: str
    body: Json
    version: Version
    full_url: str = ""
    server: str = ""


class Broken(NamedTuple):
    """A line or an entry that holds no resource, and why.

    ``kind`` and ``patient``: its type and the reference to its patient, as far as they can be made
    out, "" where they cannot.
    """

    where: str
    rule: str
    kind: str = ""
    patient: str = ""


class Deletion(NamedTuple):
    """A resource was deleted."""

    address: str
    version: Version


class Note(NamedTuple):
    """Something of the export as a whole. Not ``harmless``: a part of it is missing."""

    resource: str
    reason: str
    detail: str
    harmless: bool


Item = Resource | Broken | Deletion | Note
