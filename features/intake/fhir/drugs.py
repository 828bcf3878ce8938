"""What a medicine holds: its substances, by code or by generic name, and their strength."""

from __future__ import annotations

import re
from typing import NamedTuple

from features.intake.fhir.codes import CodeTable, Meaning
from features.intake.fhir.elements import Json, codings, entries, mapping, number, text

_STRENGTH = re.compile(
    r"(\d{1,5}(?:[.,]\d{1,3})?)\s*(mg|mcg|ug|µg|g)\b(?!\s*/\s*m?l)", re.IGNORECASE
)
_TO_MG = {"mg": 1.0, "g": 1000.0, "mcg": 0.001, "ug": 0.001, "µg": 0.001}
# With these, aspirin is there for pain.
_PAIN_RELIEF = re.compile(
    r"\b(?:acetaminophen|paracetamol|caffeine|codeine|oxycodone|butalbital|carisoprodol)\b", re.I
)
_LARGEST_ANTIPLATELET_ASPIRIN = 325.0

# Daily doses (mg) from which on an intensity holds: Grundy SM et al. 2018 AHA/ACC cholesterol
# guideline, Circulation 2019;139:e1082-e1143, table 3. Simvastatin 80 mg is not in it and lowers
# LDL cholesterol by less than half: moderate. Any dose of pitavastatin is moderate.
_INTENSITY = {
    "atorvastatin": ((40.0, "high"), (0.0, "moderate")),
    "rosuvastatin": ((20.0, "high"), (0.0, "moderate")),
    "simvastatin": ((20.0, "moderate"), (0.0, "low")),
    "pravastatin": ((40.0, "moderate"), (0.0, "low")),
    "lovastatin": ((40.0, "moderate"), (0.0, "low")),
    "fluvastatin": ((80.0, "moderate"), (0.0, "low")),
    "pitavastatin": ((0.0, "moderate"),),
}


class Substance(NamedTuple):
    """A meaning of a medicine and the strength of one unit of it in mg, where told."""

    meaning: Meaning
    strength: float | None


def statin_intensity(statin: str, daily_mg: float | None) -> str | None:
    """low, moderate or high; None where the dose is not known and decides."""
    steps = _INTENSITY[statin]
    if daily_mg is None:
        return steps[0][1] if len(steps) == 1 else None
    return next(intensity for least, intensity in steps if daily_mg >= least)


def find_substances(medicine: Json, table: CodeTable) -> tuple[Substance, ...]:
    """The substances of a medicine: a Medication, or what stands in place of one.

    Looks at the codes, the names beside them and the ingredients. A name such as RxNorm's
    ``ezetimibe 10 MG / simvastatin 20 MG Oral Tablet`` is read part by part.
    """
    found: dict[Meaning, float | None] = {}
    for concept, strength in _concepts(medicine):
        for meaning, part in _read_concept(concept, table):
            known = strength if strength is not None else part
            if found.get(meaning) is None:
                found[meaning] = known
    substances = tuple(Substance(*one) for one in found.items())
    return tuple(one for one in substances if not _is_pain_relief(one, medicine))


def names_of(concept: object) -> tuple[str, ...]:
    """The names in a concept: of its codes, and its own text."""
    names = [coding.display for coding in codings(concept)]
    return tuple(name for name in (*names, text(mapping(concept).get("text"))) if name)


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


def _read_concept(concept: object, table: CodeTable) -> list[tuple[Meaning, float | None]]:
    by_code = [
        meaning for coding in codings(concept) for meaning in table.find("medication", coding)
    ]
    by_name: dict[Meaning, float | None] = {}
    for name in names_of(concept):
        for part in name.split(" / "):
            strength = _strength_in(part)
            for pattern, meanings in table.names:
                if pattern.search(part):
                    for meaning in meanings:
                        by_name[meaning] = by_name.get(meaning) or strength
    found: dict[Meaning, float | None] = dict.fromkeys(by_code)
    for meaning in found:
        found[meaning] = by_name.get(meaning)
    return list((found | by_name).items())


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
