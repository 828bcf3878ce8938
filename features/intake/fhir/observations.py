"""Observations: measurements and answers, panels with components among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from features.dictionary.variable import Variable
from features.intake.fhir.codes import CodeTable
from features.intake.fhir.dates import When, first_when
from features.intake.fhir.elements import Coding, Json, codings, entries, mapping, number, text
from features.intake.fhir.facts import Fact, Tally
from features.intake.fhir.quantity import UnknownUnitError, convert, read_quantity

_USABLE = ("final", "amended", "corrected")
_DATES = ("effectiveDateTime", "effectiveInstant", "effectivePeriod")
_RESOURCE = "Observation"
_YES_NO = {"Y": 1.0, "N": 0.0, "373066001": 1.0, "373067005": 0.0}


def read_observation(
    resource: Json, table: CodeTable, dictionary: Mapping[str, Variable], tally: Tally
) -> Iterator[Fact]:
    """The measures in an Observation. What is not used is tallied."""
    status = text(resource.get("status"))
    if status not in _USABLE:
        tally.leave_out(_RESOURCE, "status", status)
        return
    parts = [resource, *entries(resource.get("component"))]
    known = [(part, _find(part, table)) for part in parts]
    if not any(variables for _, variables in known):
        tally.miss(_RESOURCE, tuple(one for part in parts for one in codings(part.get("code"))))
        return
    when = first_when(resource, _DATES)
    if when is None:
        named = [name for _, variables in known for name in variables]
        tally.leave_out(_RESOURCE, "without a date", named[0])
        return
    source = f"{_RESOURCE}/{text(resource.get('id'))}"
    for part, variables in known:
        if not variables and part is not resource:
            tally.miss(_RESOURCE, codings(part.get("code")))
        for name in variables:
            yield from _measure(part, dictionary[name], table, when, source, tally)


def _find(part: Json, table: CodeTable) -> tuple[str, ...]:
    found = [
        meaning.variable
        for coding in codings(part.get("code"))
        for meaning in table.find("observation", coding)
    ]
    return tuple(dict.fromkeys(found))


def _measure(
    part: Json, variable: Variable, table: CodeTable, when: When, source: str, tally: Tally
) -> Iterator[Fact]:
    value: float | str | None
    try:
        value = _read_value(part, variable, table)
    except UnknownUnitError as error:
        tally.leave_out(_RESOURCE, f"{variable.name} in an unknown unit", error.unit)
        return
    if value is None:
        tally.leave_out(_RESOURCE, f"{variable.name} without a value that can be read")
        return
    category, amount = (value, None) if isinstance(value, str) else ("", value)
    yield Fact(
        "measure", variable.name, when.first, when.last, when.moment, amount, category, source
    )


def _read_value(part: Json, variable: Variable, table: CodeTable) -> float | str | None:
    if variable.kind == "category":
        return _read_category(part, variable, table)
    if variable.kind == "boolean":
        return _read_boolean(part)
    if "valueInteger" in part:
        whole = number(part.get("valueInteger"))
        return None if whole is None else convert(whole, "", "", variable)
    return read_quantity(mapping(part.get("valueQuantity")), variable)


def _read_category(part: Json, variable: Variable, table: CodeTable) -> str | None:
    said = codings(part.get("valueCodeableConcept"))
    for coding in said:
        for meaning in table.find("answer", coding):
            if meaning.variable == variable.name:
                return meaning.value
    plain = (*said, Coding("variable", text(part.get("valueString")), ""))
    return next(
        (one.code for one in plain if one.system == "variable" and one.code in variable.codes),
        None,
    )


def _read_boolean(part: Json) -> float | None:
    said = part.get("valueBoolean")
    if isinstance(said, bool):
        return float(said)
    answers = codings(part.get("valueCodeableConcept"))
    return next((_YES_NO[one.code] for one in answers if one.code in _YES_NO), None)
