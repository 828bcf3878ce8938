"""Relatives: coronary disease at an early age in a first-degree relative.

Early is below 55 years in a male and below 65 in a female relative: Grundy SM et al. Circulation
2019;139:e1082, table 6 (2018 AHA/ACC guideline on cholesterol). Only what surely is so counts, and
nothing is ever denied: no record names every relative.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from features.dictionary.variable import Variable
from features.intake.fhir.codes.code_table import CodeTable
from features.intake.fhir.elements.dates import first_when
from features.intake.fhir.elements.facts import OPEN, UNDATED, Fact
from features.intake.fhir.elements.json_elements import (
    Coding,
    Json,
    codings,
    entries,
    mapping,
    number,
    status_codes,
    text,
)
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.resources.quantity import UnknownUnitError, convert

RELATIVE = "FamilyMemberHistory"
OF_RELATIVES = "family_history"
_USABLE = ("completed", "partial")
_DISEASE = "prior_cad"
_EARLY = {"male": 55.0, "female": 65.0}
_OLDEST = 130.0
_SEXES = ("male", "female")


class Ages(NamedTuple):
    """The lowest and the highest age in years that a record allows."""

    low: float = 0.0
    high: float = math.inf


class Relative(NamedTuple):
    """``sex``: "" where it is not told. ``lived``: to what age at most the record can speak."""

    sex: str
    lived: float

    def is_early(self, onset: Ages) -> bool | None:
        """Whether a disease that began at this age is premature; None where that is open."""
        limits = [_EARLY[self.sex]] if self.sex else list(_EARLY.values())
        high = min(onset.high, self.lived)
        if onset.low > high:
            return None
        if high < min(limits):
            return True
        return False if onset.low >= max(limits) else None


def read_relative(
    resource: Json, table: CodeTable, dictionary: Mapping[str, Variable], losses: Losses
) -> Iterator[Fact]:
    """Yes where a FamilyMemberHistory tells of it. What is not used is counted."""
    status = text(resource.get("status"))
    if status not in _USABLE or resource.get("notDone") is True:
        losses.leave_out(RELATIVE, "status", status)
        return
    relative = _find_relative(resource, table, dictionary["age"], losses)
    if relative is None:
        return
    early = [
        _is_early(condition, relative, table, dictionary["age"], losses)
        for condition in entries(resource.get("condition"))
    ]
    if any(early):
        when = first_when(resource, ("date",))
        yield Fact("history", OF_RELATIVES, when.last if when else UNDATED, OPEN, 0, 1.0)


def _find_relative(
    resource: Json, table: CodeTable, age: Variable, losses: Losses
) -> Relative | None:
    """The relative, None where it is none of the first degree or that is not known."""
    said = codings(resource.get("relationship"))
    known = [found for found in (table.find("relative", one) for one in said) if found is not None]
    if not known:
        losses.miss(RELATIVE, said)
        return None
    degrees = {dict(meanings).get(OF_RELATIVES, "") for meanings in known}
    if degrees != {"yes"}:
        rule = "leaves the degree open" if degrees != {""} else "not of the first degree"
        losses.leave_out(RELATIVE, rule, _first_code(said))
        return None
    sexes = {dict(meanings).get("sex", "") for meanings in known} | _sex_of(resource)
    sexes.discard("")
    if len(sexes) > 1:
        losses.leave_out(RELATIVE, "sex at odds with the relationship", _first_code(said))
        return None
    return Relative(next(iter(sexes), ""), _lived(resource, age))


def _sex_of(resource: Json) -> set[str]:
    """Of R4 a concept, of STU3 a code."""
    said = status_codes(resource.get("sex")) | status_codes(resource.get("gender"))
    return {one for one in said if one in _SEXES}


def _is_early(
    condition: Json, relative: Relative, table: CodeTable, age: Variable, losses: Losses
) -> bool:
    said = codings(condition.get("code"))
    known = [found for found in (table.find("condition", one) for one in said) if found is not None]
    if not known:
        losses.miss(RELATIVE, said)
        return False
    values = {one.value for meanings in known for one in meanings if one.variable == _DISEASE}
    if "yes" not in values:
        if values:
            losses.leave_out(RELATIVE, "leaves coronary disease open", _first_code(said))
        return False
    early = relative.is_early(_onset(condition, age))
    if early is None:
        told = next((name for name in condition if name.startswith("onset")), "")
        losses.leave_out(RELATIVE, "coronary disease, and the age leaves open if early", told)
    elif not early:
        losses.leave_out(RELATIVE, "coronary disease at no early age")
    return early is True


def _onset(condition: Json, age: Variable) -> Ages:
    """The ages at which it can have begun. A period or words say none that is sure."""
    for name in ("onsetAge", "onsetQuantity"):
        if name in condition:
            return _read_age(mapping(condition[name]), age)
    span = mapping(condition.get("onsetRange"))
    low, high = (_read_age(mapping(span.get(end)), age) for end in ("low", "high"))
    return Ages(low.low, high.high)


def _lived(resource: Json, age: Variable) -> float:
    """The age at death, or on the day of the record: what a relative has had began by then."""
    told = ["deceasedAge", "deceasedQuantity"]
    if resource.get("estimatedAge") is not True:
        told += ["ageAge", "ageQuantity"]
    return min(_read_age(mapping(resource.get(name)), age).high for name in told)


def _read_age(quantity: Json, age: Variable) -> Ages:
    """An age in a known unit, or any where it is in none; "<" and ">" are limits."""
    value = number(quantity.get("value"))
    if value is None:
        return Ages()
    try:
        years = convert(value, text(quantity.get("code")), text(quantity.get("unit")), age)
    except UnknownUnitError:
        return Ages()
    if not 0 <= years <= _OLDEST:
        return Ages()
    return {
        "": Ages(years, years),
        "<": Ages(0.0, math.nextafter(years, -math.inf)),
        "<=": Ages(0.0, years),
        ">": Ages(years),
        ">=": Ages(years),
    }.get(text(quantity.get("comparator")), Ages())


def _first_code(said: tuple[Coding, ...]) -> str:
    return next((f"{one.system} {one.code}" for one in said if one.code), "")
