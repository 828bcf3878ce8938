"""What a patient takes on the index date."""

from __future__ import annotations

from features.intake.fhir.drugs import statin_intensity
from features.intake.fhir.facts import UNDATED, Fact, Tally
from features.intake.fhir.rules import YEAR, IndexRules
from features.intake.fhir.store import Record

_DRUGS = (
    "lipid_lowering",
    "ezetimibe",
    "pcsk9_inhibitor",
    "bempedoic_acid",
    "icosapent_ethyl",
    "bp_treated",
    "ras_inhibitor",
    "vitamin_k_antagonist",
    "insulin",
    "sglt2_inhibitor",
    "glp1_agonist",
    "colchicine",
)
_LIPID_DRUGS = (
    "statin_intensity",
    "ezetimibe",
    "pcsk9_inhibitor",
    "bempedoic_acid",
    "icosapent_ethyl",
)
_INTENSITIES = ("none", "low", "moderate", "high")


def take_drugs(
    record: Record, rules: IndexRules, day: int, used: list[str], tally: Tally
) -> dict[str, float | str]:
    """The therapy variables; not taken, where the list of medicines has any entry.

    ``used`` is given the resources they come from.
    """
    drugs = [
        fact for fact in record.facts if fact.kind == "drug" and rules.had_begun(fact.first, day)
    ]
    current = [fact for fact in drugs if fact.last >= day]
    used += [fact.source for fact in current]
    taken = {fact.variable for fact in current}
    listed = rules.has_list(record, "medication", day)
    values: dict[str, float | str] = {name: 1.0 for name in _DRUGS if name in taken}
    if taken & set(_LIPID_DRUGS):
        values["lipid_lowering"] = 1.0
    if listed:
        values = {**dict.fromkeys(_DRUGS, 0.0), **values}
    values |= _take_antiplatelet(current, listed)
    return values | _take_statin(drugs, current, listed, day, tally)


def _take_antiplatelet(current: list[Fact], listed: bool) -> dict[str, float | str]:
    different = {fact.value for fact in current if fact.variable == "antiplatelet"}
    if different:
        return {"antiplatelet": "single" if len(different) == 1 else "dual"}
    return {"antiplatelet": "none"} if listed else {}


def _take_statin(
    drugs: list[Fact], current: list[Fact], listed: bool, day: int, tally: Tally
) -> dict[str, float | str]:
    """Intensity of the strongest statin, and years since the first one on record."""
    taken = [fact for fact in current if fact.variable == "statin_intensity"]
    if not taken:
        return {"statin_intensity": "none", "statin_years": 0.0} if listed else {}
    values: dict[str, float | str] = {}
    known = [statin_intensity(fact.value, fact.number) for fact in taken]
    intensities = [one for one in known if one is not None]
    if intensities:
        values["statin_intensity"] = max(intensities, key=_INTENSITIES.index)
    else:
        tally.leave_out("Medication", "a statin without a dose")
    begun = [fact.first for fact in drugs if fact.variable == "statin_intensity"]
    dated = [first for first in begun if first != UNDATED]
    if dated:
        values["statin_years"] = round((day - min(dated)) / YEAR, 4)
    return values
