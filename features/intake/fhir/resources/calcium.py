"""Which calcium a score is of: the whole heart or one vessel, by Agatston or by another method.

One code serves them all; what tells them apart stands in the site, the method, or the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from features.intake.fhir.codes.code_table import CodeTable, Kind
from features.intake.fhir.elements.json_elements import (
    Coding,
    Json,
    codings,
    mapping,
    names_of,
    text,
)

TOTAL = "cac_agatston"
_BY_METHOD = (TOTAL, "cac_volume", "cac_mass")
_CALCIUM = ("cac_", "prior_cac_")
# Words that make a score one of a part, or of another kind, where no code says of which.
_PART = re.compile(
    r"\b(?:l(?:ad|m|mca|cx|ca)|rca|cx|pda|left|right|circumflex|descending|diagonal|marginal|ramus|"
    r"proximal|distal|segments?|vessels?|grafts?|stents?|aort\w*|mitral|valv\w*|thorac\w*|"
    r"carotid|percentiles?|volume|mass|density|equivalent|arterial age|prior|previous|change|"
    r"progression|category|grade|visual)\b",
    re.IGNORECASE,
)


class OtherCalciumError(Exception):
    """A score of a part or by a method that no variable holds; the text is a code or ""."""


def is_calcium(name: str) -> bool:
    """Whether site and method decide what this variable is."""
    return name.startswith(_CALCIUM)


def is_vessel(part: Json, table: CodeTable) -> bool:
    """Whether the code of a component is a coronary artery."""
    return _look_up("site", [part.get("code")], table) is not None


def place(name: str, part: Json, resource: Json, table: CodeTable) -> str:
    """The variable that a value read as ``name`` belongs to. Raises OtherCalciumError.

    ``part``: the Observation ``resource`` itself or one of its components.
    """
    if holds_body_structure(resource):
        raise OtherCalciumError("bodyStructure")
    sites = [one.get("bodySite") for one in (part, resource) if one.get("bodySite")]
    site = _must_know("site", sites, table) or _look_up("site", [part.get("code")], table)
    methods = [one.get("method") for one in (part, resource) if one.get("method")]
    method = _must_know("method", methods, table)
    if name != TOTAL:
        by_method = method in (None, name) or (method == TOTAL and "agatston" in name)
        if site not in (None, TOTAL, name) or not by_method:
            raise OtherCalciumError(site or method or "")
        return name
    if method not in (None, TOTAL):
        if site not in (None, TOTAL):
            raise OtherCalciumError(f"{site} by {method}")
        return str(method)
    if site is None and any(_PART.search(word) for word in names_of(part.get("code"))):
        raise OtherCalciumError("words beside the code")
    return site or TOTAL


def holds_body_structure(resource: Json) -> bool:
    """Whether the site lies in another resource, which is not read."""
    return bool(resource.get("bodyStructure"))


def _must_know(kind: Kind, concepts: list[object], table: CodeTable) -> str | None:
    """What the concepts say, None where there are none. Raises OtherCalciumError for others."""
    if not concepts:
        return None
    found = _look_up(kind, concepts, table)
    if found is None:
        said = [f"{one.system} {one.code}" for concept in concepts for one in codings(concept)]
        raise OtherCalciumError(said[0] if said else f"{kind} in words")
    return found


def _look_up(kind: Kind, concepts: Iterable[object], table: CodeTable) -> str | None:
    """The one variable that codes and text mean. Raises OtherCalciumError where they disagree."""
    found = set()
    for concept in concepts:
        plain = Coding("text", text(mapping(concept).get("text")), "")
        for coding in (*codings(concept), plain):
            found |= {one.variable for one in table.find(kind, coding) or ()}
    parts = found - {TOTAL} if kind == "site" else found
    if len(parts) > 1:
        raise OtherCalciumError(" and ".join(sorted(parts)))
    return next(iter(parts), TOTAL if found else None)
