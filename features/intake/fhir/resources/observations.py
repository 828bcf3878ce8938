"""Observations: measurements and answers, panels with components among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from features.dictionary.variable import Variable
from features.intake.fhir.codes.code_table import CodeTable
from features.intake.fhir.elements.addresses import resolve
from features.intake.fhir.elements.dates import When, first_when
from features.intake.fhir.elements.facts import Fact
from features.intake.fhir.elements.json_elements import (
    Coding,
    Json,
    codings,
    entries,
    mapping,
    names_of,
    number,
    text,
)
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.resources.calcium import (
    TOTAL,
    OtherCalciumError,
    is_calcium,
    is_vessel,
    place,
)
from features.intake.fhir.resources.quantity import UnknownUnitError, convert, read_quantity

_USABLE = ("final", "amended", "corrected")
_DATES = ("effectiveDateTime", "effectiveInstant", "effectivePeriod")
_RESOURCE = "Observation"
_TRUTH = {"yes": 1.0, "no": 0.0}
_PRESSURES = ("systolic_bp", "diastolic_bp")
# SNOMED CT: right and left upper arm, upper arm, upper limb; anything else may be an ankle.
_ARMS = ("368209003", "368208006", "40983000", "53120007")
_ARM_WORDS = re.compile(r"\b(?:arms?|brachial|upper limbs?|wrists?)\b", re.IGNORECASE)


def read_observation(
    resource: Json,
    patient: str,
    base: str,
    table: CodeTable,
    dictionary: Mapping[str, Variable],
    losses: Losses,
) -> Iterator[Fact]:
    """The measures in an Observation of ``patient``. What is not used is counted.

    ``base``: the server that relative references are to.
    """
    status = text(resource.get("status"))
    if status not in _USABLE:
        losses.leave_out(_RESOURCE, "status", status)
        return
    focus = resource.get("focus")
    if focus and {resolve(one, "Patient", base) for one in entries(focus)} != {patient}:
        losses.leave_out(_RESOURCE, "is not about the patient: focus")
        return
    known = _parts(resource, table)
    if not any(variables for _, variables in known):
        losses.miss(_RESOURCE, tuple(one for part, _ in known for one in codings(part.get("code"))))
        return
    when = first_when(resource, _DATES)
    if when is None:
        named = [name for _, variables in known for name in variables]
        losses.leave_out(_RESOURCE, "without a date", named[0])
        return
    for part, variables in known:
        if not variables and part is not resource:
            losses.miss(_RESOURCE, codings(part.get("code")))
        for name in variables:
            yield from _measure(part, resource, name, table, dictionary, when, losses)


def _parts(resource: Json, table: CodeTable) -> list[tuple[Json, tuple[str, ...]]]:
    """The Observation and its components, each with the variables that its code means."""
    whole = _find(resource, table)
    known = [(resource, whole)]
    for part in entries(resource.get("component")):
        found = _find(part, table)
        if not found and TOTAL in whole and is_vessel(part, table):
            found = (TOTAL,)
        known.append((part, found))
    if len(known) > 1 and not any(key.startswith("value") for key in resource):
        # the head of a panel, which has no value of its own
        inside = {name for _, names in known[1:] for name in names}
        known[0] = (resource, () if inside else whole)
    return known


def _find(part: Json, table: CodeTable) -> tuple[str, ...]:
    found = [
        meaning.variable
        for coding in codings(part.get("code"))
        for meaning in table.find("observation", coding) or ()
    ]
    return tuple(dict.fromkeys(found))


def _measure(
    part: Json,
    resource: Json,
    name: str,
    table: CodeTable,
    dictionary: Mapping[str, Variable],
    when: When,
    losses: Losses,
) -> Iterator[Fact]:
    value: float | str | None
    try:
        placed = place(name, part, resource, table) if is_calcium(name) else name
        if name in _PRESSURES and not _at_the_arm(part, resource):
            losses.leave_out(_RESOURCE, f"{name} elsewhere than at the arm")
            return
        value = _read_value(part, dictionary[placed], table)
    except OtherCalciumError as error:
        losses.leave_out(_RESOURCE, f"{name} of a part or by a method not known", str(error))
        return
    except UnknownUnitError as error:
        losses.leave_out(_RESOURCE, f"{name} in an unknown unit", error.unit)
        return
    if value is None:
        losses.leave_out(_RESOURCE, f"{name} without a value that can be read")
        return
    sign = text(mapping(part.get("valueQuantity")).get("comparator"))
    if sign:
        losses.remark(_RESOURCE, f"{name} is a limit, read as the value", sign)
    category, amount = (value, None) if isinstance(value, str) else ("", value)
    yield Fact("measure", placed, when.first, when.last, when.moment, amount, category)


def _at_the_arm(part: Json, resource: Json) -> bool:
    sites = [one.get("bodySite") for one in (part, resource) if one.get("bodySite")]
    return all(
        any(one.code in _ARMS for one in codings(site))
        or any(_ARM_WORDS.search(name) for name in names_of(site))
        for site in sites
    )


def _read_value(part: Json, variable: Variable, table: CodeTable) -> float | str | None:
    if part.get("dataAbsentReason"):
        return None
    if variable.kind == "category":
        return _read_category(part, variable, table)
    if variable.kind == "boolean":
        return _read_boolean(part, table)
    if "valueInteger" in part:
        whole = number(part.get("valueInteger"))
        return None if whole is None else convert(whole, "", "", variable)
    return read_quantity(mapping(part.get("valueQuantity")), variable)


def _read_category(part: Json, variable: Variable, table: CodeTable) -> str | None:
    said = codings(part.get("valueCodeableConcept"))
    for coding in said:
        for meaning in table.find("answer", coding) or ():
            if meaning.variable == variable.name:
                return meaning.value
    plain = (*said, Coding("variable", text(part.get("valueString")), ""))
    return next(
        (one.code for one in plain if one.system == "variable" and one.code in variable.codes),
        None,
    )


def _read_boolean(part: Json, table: CodeTable) -> float | None:
    said = part.get("valueBoolean")
    if isinstance(said, bool):
        return float(said)
    answers = {
        _TRUTH[meaning.value]
        for coding in codings(part.get("valueCodeableConcept"))
        for meaning in table.find("answer", coding) or ()
        if meaning.variable == "boolean"
    }
    return answers.pop() if len(answers) == 1 else None
