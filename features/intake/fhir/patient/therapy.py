"""What a patient takes on the index date."""

from __future__ import annotations

from features.derivation.therapy import ADDED, statin_intensity
from features.intake.fhir.elements.facts import MEDICINES, UNDATED
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.index_rules import YEAR, IndexRules
from features.intake.fhir.patient.statements import Statements, read_statements
from features.intake.fhir.store.fact_store import Record

_DRUGS = (
    "lipid_lowering",
    *ADDED,
    "bp_treated",
    "ras_inhibitor",
    "vitamin_k_antagonist",
    "insulin",
    "sglt2_inhibitor",
    "glp1_agonist",
    "colchicine",
)
_LIPID_DRUGS = ("statin_intensity", *ADDED)
_INTENSITIES = ("none", "low", "moderate", "high")


def take_drugs(
    record: Record, rules: IndexRules, day: int, used: list[str], losses: Losses
) -> dict[str, float | str]:
    """The therapy variables: taken, surely not taken, or missing.

    ``used`` is given the resources they come from.
    """
    said = read_statements(record, "drug", MEDICINES, rules, day)
    used += [fact.source for fact in said.yes]
    taken = {fact.variable for fact in said.yes}
    values: dict[str, float | str] = {name: 1.0 for name in _DRUGS if name in taken}
    if taken & set(_LIPID_DRUGS):
        values["lipid_lowering"] = 1.0
    values |= {name: 0.0 for name in _DRUGS if name not in values and _denied(said, name)}
    if values.get("lipid_lowering") == 0.0 and said.doubted & set(_LIPID_DRUGS):
        del values["lipid_lowering"]
    values |= _take_antiplatelet(said) | _take_anticoagulant(said) | _take_binder(said)
    return values | _take_statin(said, day, losses)


def _denied(said: Statements, variable: str) -> bool:
    return said.deny(variable, {MEDICINES}, {MEDICINES})


def _take_antiplatelet(said: Statements) -> dict[str, float | str]:
    """One more may be among what is not understood: then one is not known to be single."""
    different = {fact.value for fact in said.yes if fact.variable == "antiplatelet"}
    if len(different) > 1:
        return {"antiplatelet": "dual"}
    if different and not said.doubted & {"antiplatelet", MEDICINES}:
        return {"antiplatelet": "single"}
    return {"antiplatelet": "none"} if not different and _denied(said, "antiplatelet") else {}


def _take_anticoagulant(said: Statements) -> dict[str, float | str]:
    """The class of the one that is taken; of two at once it is not known which will stay."""
    classes = {fact.value for fact in said.yes if fact.variable == "anticoagulant"}
    classes |= {one.variable for one in said.yes if one.variable == "vitamin_k_antagonist"}
    if len(classes) == 1:
        return {"anticoagulant": classes.pop()}
    denied = _denied(said, "anticoagulant") and _denied(said, "vitamin_k_antagonist")
    return {"anticoagulant": "none"} if denied and not classes else {}


def _take_binder(said: Statements) -> dict[str, float | str]:
    """The class of phosphate binder; never denied, since not every code of one is known here."""
    classes = {fact.value for fact in said.yes if fact.variable == "phosphate_binder"}
    return {"phosphate_binder": classes.pop()} if len(classes) == 1 else {}


def _take_statin(said: Statements, day: int, losses: Losses) -> dict[str, float | str]:
    """Intensity of the strongest statin, drug and dose of the only one, years since the first."""
    taken = [fact for fact in said.yes if fact.variable == "statin_intensity"]
    if not taken:
        none = _denied(said, "statin_intensity")
        return {"statin_intensity": "none", "statin_years": 0.0} if none else {}
    values: dict[str, float | str] = {}
    known = [statin_intensity(fact.value, fact.number) for fact in taken]
    intensities = [one for one in known if one is not None]
    if intensities:
        values["statin_intensity"] = max(intensities, key=_INTENSITIES.index)
    else:
        losses.leave_out("Medication", "a statin without a dose")
    if len({(fact.value, fact.number) for fact in taken}) == 1:
        values["statin_drug"] = taken[0].value
        if taken[0].number is not None:
            values["statin_dose"] = taken[0].number
    begun = [fact.first for fact in said.begun if fact.variable == "statin_intensity"]
    dated = [first for first in begun if first != UNDATED]
    if dated:
        values["statin_years"] = round((day - min(dated)) / YEAR, 4)
    return values
