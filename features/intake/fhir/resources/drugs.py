"""What a medicine holds: its substances, by code or by generic name, and their strength."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from features.intake.fhir.codes.code_table import CodeTable, Meaning
from features.intake.fhir.elements.json_elements import (
    Json,
    codings,
    entries,
    mapping,
    names_of,
    number,
    text,
)

_STRENGTH = re.compile(
    r"(\d{1,5}(?:[.,]\d{1,3})?)\s*(mg|mcg|ug|µg|g)\b(?!\s*/\s*m?l)", re.IGNORECASE
)
_TO_MG = {"mg": 1.0, "g": 1000.0, "mcg": 0.001, "ug": 0.001, "µg": 0.001}
# Between the substances of a combination; a stroke without blanks is one of a unit.
_BETWEEN = re.compile(r"\s+(?:/|\+|&|and|with)\s+|\s*;\s*", re.IGNORECASE)
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])", re.IGNORECASE)
# With these, aspirin is there for pain.
_PAIN_RELIEF = re.compile(
    r"\b(?:acetaminophen|paracetamol|caffeine|codeine|oxycodone|butalbital|carisoprodol)\b", re.I
)
_LARGEST_ANTIPLATELET_ASPIRIN = 325.0
# Where it is put, it stays: no medicine for blood pressure or lipids.
_LOCAL = re.compile(
    r"\b(?:oph(?:th?\w*)?|ocular|eyes?|conjunctival|intravitreal|otic|ears?|auricular|topical|"
    r"cutaneous|scalp|nasal|drops|sprays?|creams?|ointments?|lotions?|foams?|shampoos?|gels?|"
    r"mouthwash)\b|\d\s*%",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"\b(?:needles?|(?<!prefilled )syringes?|lancets?|strips?|swabs?|tubing|infusion sets?|"
    r"reservoirs?|pumps?|glucose meters?|sensors?|containers?|bags?|cases?|coolers?|wallets?|"
    r"insulin pens?)\b",
    re.IGNORECASE,
)
_NOT_TAKEN = re.compile(
    r"\b(?:no|not|non|never|without|free|allerg\w+|avoid|stop|stopped|discontinued?|declined|"
    r"refused|intoleran\w+|placebo|history of|previous|former)\b",
    re.IGNORECASE,
)


class Substance(NamedTuple):
    """A meaning of a medicine and the strength of one unit of it in mg, where told."""

    meaning: Meaning
    strength: float | None


@dataclass(frozen=True)
class Medicine:
    """``substances``: what acts in the body. ``open``: variables that it may or may not concern.

    ``understood``: every part of it is known. ``setting_aside``: why it is none of ours, such as
    eye drops.
    """

    substances: tuple[Substance, ...]
    open: tuple[str, ...]
    understood: bool
    setting_aside: str = ""


def read_medicine(medicine: Json, table: CodeTable, route: object = None) -> Medicine:
    """The substances of a medicine: a Medication, or what stands in place of one.

    Looks at the codes, the names beside them and the ingredients. A name such as RxNorm's
    ``ezetimibe 10 MG / simvastatin 20 MG Oral Tablet`` is read part by part.
    """
    found: dict[Meaning, float | None] = {}
    understood = []
    for concept, strength in _concepts(medicine):
        meanings, whole = _read_concept(concept, table)
        understood.append(whole)
        for meaning, part in meanings.items():
            known = strength if strength is not None else part
            if found.get(meaning) is None:
                found[meaning] = known
    # the code of the whole says it all; without one, every ingredient has to
    whole = understood[0] or (len(understood) > 1 and all(understood[1:]))
    names = " | ".join(_names(medicine))
    variables = tuple(dict.fromkeys(meaning.variable for meaning in found))
    if _DEVICE.search(names):
        return Medicine((), variables, True, "a device")
    if _is_local(names, medicine, route, table):
        return Medicine((), (), True, "acts where it is put: eye, ear, nose, skin")
    if _NOT_TAKEN.search(names):
        return Medicine((), variables, False, "words that may deny it")
    substances = tuple(
        Substance(*one) for one in found.items() if one[0].value not in ("unknown", "none")
    )
    open_ = tuple(meaning.variable for meaning in found if meaning.value == "unknown")
    return Medicine(
        tuple(one for one in substances if not _is_pain_relief(one, medicine)), open_, whole
    )


def _concepts(medicine: Json) -> list[tuple[object, float | None]]:
    concepts: list[tuple[object, float | None]] = [(medicine.get("code"), None)]
    for ingredient in entries(medicine.get("ingredient")):
        ratio = mapping(ingredient.get("strength"))
        top, bottom = mapping(ratio.get("numerator")), mapping(ratio.get("denominator"))
        amount, per = number(top.get("value")), number(bottom.get("value"))
        factor = _TO_MG.get((text(top.get("code")) or text(top.get("unit"))).lower())
        strength = None
        if amount is not None and factor is not None and (per is None or per > 0):
            strength = amount * factor / (per or 1.0)
        concepts.append((ingredient.get("itemCodeableConcept"), strength))
    return concepts


def _read_concept(concept: object, table: CodeTable) -> tuple[dict[Meaning, float | None], bool]:
    """The meanings with their strength, and whether any code or whole name is understood."""
    by_code = [table.find("medication", coding) for coding in codings(concept)]
    found: dict[Meaning, float | None] = dict.fromkeys(
        meaning for one in by_code for meaning in one or ()
    )
    understood = any(one is not None for one in by_code)
    for name in names_of(concept):
        parts = list(_parts(name, table))
        understood = understood or all(known for _, known, _ in parts)
        for meanings, _, strength in parts:
            for meaning in meanings:
                found[meaning] = found.get(meaning) or strength
    return found, understood


def _parts(name: str, table: CodeTable) -> Iterator[tuple[list[Meaning], bool, float | None]]:
    """Of each substance in a name: what it means, whether it is known, its strength."""
    for part in _BETWEEN.split(_open_hyphens(name, table)):
        known = [one.lower() for one in table.name_pattern.findall(part)]
        meanings = [meaning for one in known for meaning in table.names[one]]
        yield meanings, bool(known), _strength_in(part)


def _open_hyphens(name: str, table: CodeTable) -> str:
    """``lisinopril-hydrochlorothiazide`` as two substances, where both are known."""
    words = name.split(" ")
    for place, word in enumerate(words):
        halves = _HYPHEN.split(word)
        if len(halves) > 1 and all(half.lower() in table.names for half in halves):
            words[place] = " / ".join(halves)
    return " ".join(words)


def _names(medicine: Json) -> Iterator[str]:
    yield from names_of(medicine.get("code"))
    yield from names_of(medicine.get("form"))


def _is_local(names: str, medicine: Json, route: object, table: CodeTable) -> bool:
    said = (*codings(route), *codings(medicine.get("form")))
    if any(table.find("route", coding) is not None for coding in said):
        return True
    return bool(_LOCAL.search(" | ".join((names, *names_of(route)))))


def _strength_in(part: str) -> float | None:
    found = _STRENGTH.search(part)
    if found is None:
        return None
    return float(found[1].replace(",", ".")) * _TO_MG[found[2].lower()]


def _is_pain_relief(substance: Substance, medicine: Json) -> bool:
    if substance.meaning != Meaning("antiplatelet", "aspirin"):
        return False
    if substance.strength is not None and substance.strength > _LARGEST_ANTIPLATELET_ASPIRIN:
        return True
    return any(_PAIN_RELIEF.search(name) for name in names_of(medicine.get("code")))
