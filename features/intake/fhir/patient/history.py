"""What a patient has had by the index date."""

from __future__ import annotations

from features.dictionary.known_disease import KNOWN_DISEASE
from features.intake.fhir.elements.facts import CONDITIONS, PROCEDURES
from features.intake.fhir.patient.index_rules import IndexRules
from features.intake.fhir.patient.statements import read_statements
from features.intake.fhir.store.fact_store import Record

HISTORY = ("diabetes", *KNOWN_DISEASE)
# No operation makes diabetes.
_BY_PROCEDURE = frozenset(KNOWN_DISEASE)


def take_history(
    record: Record, rules: IndexRules, day: int, used: list[str]
) -> dict[str, float | str]:
    """1 for what the record says, 0 for what it surely denies; all else is missing.

    What is none of `HISTORY` is never denied: not every code of it is known here.
    ``used`` is given the resources they come from.
    """
    said = read_statements(record, "history", CONDITIONS, rules, day)
    used += [fact.source for fact in said.yes]
    values: dict[str, float | str] = {fact.variable: 1.0 for fact in said.yes}
    for name in HISTORY:
        doubting = {CONDITIONS, PROCEDURES} if name in _BY_PROCEDURE else {CONDITIONS}
        lists = {CONDITIONS, PROCEDURES} if name == "prior_pci" else {CONDITIONS}
        if name not in values and said.deny(name, lists, doubting):
            values[name] = 0.0
    return values
