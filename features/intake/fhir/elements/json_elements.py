"""Parts of a FHIR resource, taken out without trust: whatever has the wrong shape is absent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from features.intake.fhir.elements.code_systems import name_system

Json = Mapping[str, object]

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
            name_system(text(one.get("system"))),
            text(one.get("code")),
            text(one.get("display")),
        )
        for one in entries(mapping(concept).get("coding"))
    )
    return tuple(coding for coding in found if coding.code or coding.display)


def status_codes(concept: object) -> frozenset[str]:
    """The bare codes of a status: of a CodeableConcept, or plain text as in STU3."""
    if isinstance(concept, str):
        return frozenset(filter(None, [text(concept)]))
    return frozenset(coding.code for coding in codings(concept))


def category_codes(resource: Json) -> frozenset[str]:
    """The bare codes of all categories; a single category as in STU3 counts as well."""
    found = resource.get("category")
    listed = found if isinstance(found, list) else [found]
    return frozenset(code for concept in listed for code in status_codes(concept))


def names_of(concept: object) -> tuple[str, ...]:
    """The names in a concept: of its codes, and its own text."""
    names = [coding.display for coding in codings(concept)]
    return tuple(name for name in (*names, text(mapping(concept).get("text"))) if name)


def holds(value: object, name: str) -> bool:
    """Whether an element of that name stands anywhere in the value and holds anything."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if found.get(name):
                return True
            waiting += [one for one in found.values() if isinstance(one, dict | list)]
        elif isinstance(found, list):
            waiting += found
    return False
