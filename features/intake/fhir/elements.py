"""Parts of a FHIR resource, taken out without trust: whatever has the wrong shape is absent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

Json = Mapping[str, object]

_SYSTEMS = {
    "http://loinc.org": "loinc",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    "http://snomed.info/sct": "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "icd10",
    "urn:oid:2.16.840.1.113883.6.3": "icd10",
    "urn:oid:2.16.840.1.113883.6.90": "icd10",
    "http://www.whocc.no/atc": "atc",
    "http://fhir.de/CodeSystem/bfarm/atc": "atc",
    "urn:oid:2.16.840.1.113883.6.73": "atc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.238": "cdcrec",
    "urn:calcirisk:variable": "variable",
}
_LONGEST = 255


class Coding(NamedTuple):
    """One code. ``system`` is a short name where the system is known, else its address."""

    system: str
    code: str
    display: str


def mapping(value: object) -> Json:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[Json]:
    """The objects of a list; everything else in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The text, stripped, or "" where it is none, is endless or cannot be stored."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return ""
    stripped = value.strip()
    return stripped if stripped.isprintable() else ""


def number(value: object) -> float | None:
    """The finite number, or None. A number written as text is none: FHIR has decimals."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def codings(concept: object) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept that have a code or a display."""
    found = (
        Coding(
            _SYSTEMS.get(text(one.get("system")), text(one.get("system"))),
            text(one.get("code")),
            text(one.get("display")),
        )
        for one in entries(mapping(concept).get("coding"))
    )
    return tuple(coding for coding in found if coding.code or coding.display)


def status_codes(concept: object) -> frozenset[str]:
    """The bare codes of a CodeableConcept, such as ``active`` or ``refuted``."""
    return frozenset(coding.code for coding in codings(concept))


def reference(value: object, of: str) -> str:
    """The identity behind a reference to a resource type, "" where it is to something else.

    ``Patient/7``, ``https://server/Patient/7/_history/2`` and ``urn:uuid:7`` all give ``7``.
    """
    target = text(mapping(value).get("reference")).split("/_history/")[0]
    if target.startswith(("urn:uuid:", "urn:oid:")):
        return target.split(":", 2)[2]
    head, _, identity = target.rpartition("/")
    return identity if head == of or head.endswith(f"/{of}") else ""


def identity_of(full_url: object) -> str:
    """The identity that the address of a Bundle entry ends in."""
    address = text(full_url)
    if address.startswith(("urn:uuid:", "urn:oid:")):
        return address.split(":", 2)[2]
    return address.rpartition("/")[2]
