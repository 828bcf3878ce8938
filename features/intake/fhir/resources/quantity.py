"""A FHIR Quantity, its unit in UCUM, as a number in the canonical unit of a variable."""

from __future__ import annotations

import re

from features.dictionary.units import find_unit, to_canonical
from features.dictionary.variable import Variable
from features.intake.fhir.elements.json_elements import Json, number, text

_COUNTED = ("AU", "lesions", "vessels", "score", "points", "pack-years")
# UCUM: an annotation in braces says of what, and does not change the unit.
_ANNOTATION = re.compile(r"(?<=[a-zA-Z0-9])\{(?:creat|creatinine|hb|hgb)\}", re.IGNORECASE)
_UNITY = re.compile(r"1|\{[^{}]*\}")
_ANNOTATED_COUNT = re.compile(r"\A\{[^{}]*\}/")
# The same ratio in other parts of a gram.
_SAME_RATIO = {"ug/mg": "mg/g", "mcg/mg": "mg/g", "ng/ug": "mg/g", "g/kg": "mg/g"}


class UnknownUnitError(Exception):
    """The unit is none that the variable accepts; ``unit`` holds it."""

    def __init__(self, unit: str) -> None:
        super().__init__(unit)
        self.unit = unit


def read_quantity(quantity: Json, variable: Variable) -> float | None:
    """The value in the canonical unit; None where there is none. Raises UnknownUnitError.

    A limit of detection (``comparator``) stands for the value.
    """
    value = number(quantity.get("value"))
    if value is None:
        return None
    return convert(value, text(quantity.get("code")), text(quantity.get("unit")), variable)


def convert(value: float, code: str, unit: str, variable: Variable) -> float:
    """A value with its UCUM code and its printed unit. Raises UnknownUnitError.

    Where both are units of the variable and say different things, neither is believed.
    """
    found = [_find(spelling, variable) for spelling in (code, unit)]
    known = [one for one in found if one is not None]
    if len(known) == 2 and variable.units[known[0]] != variable.units[known[1]]:
        raise UnknownUnitError(f"{code}, printed as {unit}")
    if known:
        return float(to_canonical(value, variable, known[0]))
    written = code or unit
    if variable.unit in _COUNTED and (not written or _UNITY.fullmatch(written)):
        return value
    raise UnknownUnitError(written)


def _find(spelling: str, variable: Variable) -> str | None:
    if not spelling:
        return None
    plain = _ANNOTATION.sub("", spelling)
    found = find_unit(_SAME_RATIO.get(plain.lower(), plain), variable)
    # {cigarettes}/d: an annotation alone is one of something
    return found or find_unit(_ANNOTATED_COUNT.sub("1/", plain), variable)
