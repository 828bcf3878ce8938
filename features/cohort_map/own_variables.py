"""Variables of one's own: what the data dictionary lacks, described in the cohort map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.cohort_map.section import Section
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import CODE, KINDS, OWN_GROUP
from features.errors import MapError

OWN_VARIABLE_KEYS = ("label", "kind", "unit", "range", "codes", "direction", "prior", "evidence")
_DIRECTIONS = {"up": 1, "down": -1, "any": 0}


def read_own_variables(where: str, content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Entries as data/variables.yaml has them, by name; ``where`` begins every message.

    Each is ``{label, unit, range: [low, high], kind, direction: up, down or any, prior:
    {log_hazard_ratio, width}}``, the prior per unit; ``codes`` in place of unit and range for a
    category. Raises MapError.
    """
    entries = {name: _read(name, f"{where}.{name}", entry) for name, entry in content.items()}
    known = Dictionary.load()
    known.extended(entries)
    labelled = {variable.label.casefold(): name for name, variable in known.items()}
    for name, entry in entries.items():
        other = labelled.setdefault(entry["label"].casefold(), name)
        if other != name:
            raise MapError(
                f"{where}.{name}: 'label' is that of {other} as well, so that nobody could tell "
                "their reasons apart"
            )
    return entries


def _read(name: str, where: str, content: Any) -> dict[str, Any]:
    part = Section(where, content, OWN_VARIABLE_KEYS)
    if not name.isidentifier() or name != name.lower():
        part.fail("is not a name in lower case and underscores")
    kind = part.text("kind", "number")
    if kind not in KINDS:
        part.fail(f"'kind' must be one of {', '.join(KINDS)}")
    direction = part.text("direction", "any")
    if direction not in _DIRECTIONS:
        part.fail("'direction' must be up, down or any: does risk rise or fall with it?")
    entry: dict[str, Any] = {
        "label": part.required("label"),
        "group": OWN_GROUP,
        "kind": kind,
        "evidence": part.text("evidence") or "None in the data dictionary.",
        "source": "The cohort map.",
        "own": True,
    }
    if kind == "number":
        entry |= {"unit": part.required("unit"), **_read_range(part)}
    elif "unit" in part or "range" in part:
        part.fail(f"a {kind} has no 'unit' and no 'range'")
    if kind == "category":
        entry["codes"] = list(part.texts("codes"))
        if not all(CODE.fullmatch(code) for code in entry["codes"]):
            part.fail("each of 'codes' is one line of at most 60 characters")
        if direction != "any" or "prior" in part:
            part.fail("a category has no 'direction' and no 'prior': say yes/no variables instead")
    elif "codes" in part:
        part.fail("'codes' are for categories; those of the file belong to 'variables'")
    if _DIRECTIONS[direction]:
        entry["monotone"] = _DIRECTIONS[direction]
    if "prior" in part:
        entry["prior"] = {name: _read_prior(where, part.mapping("prior"))}
    return entry


def _read_range(part: Section) -> dict[str, float]:
    limits = part.texts("range")
    try:
        low, high = (float(limit) for limit in limits)
    except ValueError:
        part.fail("'range' must be [lowest, highest] possible value")
    if not low < high:
        part.fail("'range' must be [lowest, highest] possible value")
    return {"low": low, "high": high}


def _read_prior(where: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A belief about the log hazard ratio per unit, as the data dictionary writes it."""
    part = Section(f"{where}.prior", content, ("log_hazard_ratio", "width"))
    mean, width = part.number("log_hazard_ratio"), part.number("width")
    if mean is None or width is None or not width > 0:
        raise MapError(f"{where}.prior: needs 'log_hazard_ratio' per unit, and a 'width' above 0")
    return {"event": [mean, width], "source": "The cohort map."}
