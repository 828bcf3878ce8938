"""From what is known of one patient to the variables on one day: the index date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.dictionary.variable import Variable
from features.intake.fhir.elements.facts import OPEN, UNDATED
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.history import take_history
from features.intake.fhir.patient.index_rules import YEAR, IndexRules
from features.intake.fhir.patient.measures import (
    ImpossibleValueError,
    known_measures,
    take_measures,
)
from features.intake.fhir.patient.therapy import take_drugs
from features.intake.fhir.store.fact_store import Record

_SAID_OF = {"history": "Condition", "drug": "Medication", "listed": "", "denial": "", "doubt": ""}


@dataclass(frozen=True)
class Row:
    """Values by variable, missing ones left out; the index date; the resources they come from."""

    values: dict[str, float | str]
    index_day: int
    basis: tuple[str, ...]


class UnreadableError(Exception):
    """A patient who cannot be scored; the text says why."""


def make_row(
    record: Record, rules: IndexRules, dictionary: Mapping[str, Variable], losses: Losses
) -> Row:
    """The variables of a patient on the index date. Raises UnreadableError."""
    patient = record.patient
    if patient.problem or patient.born is None:
        raise UnreadableError(patient.problem or "no birth date")
    measures = known_measures(record.facts, rules, losses)
    day = rules.day
    if day is None:
        if not measures:
            raise UnreadableError("no dated measurement; give an index date")
        day = max(fact.last for fact in measures)
    if patient.died is not None and (patient.died == UNDATED or patient.died <= day):
        raise UnreadableError("has died by the index date")
    if patient.born > day:
        raise UnreadableError("born after the index date")
    values: dict[str, float | str] = {"age": round((day - patient.born) / YEAR, 4)}
    values |= {"sex": patient.sex} if patient.sex else {}
    values |= {"ethnicity": patient.ethnicity} if patient.ethnicity else {}
    used: list[str] = []
    values |= take_history(record, rules, day, used)
    values |= take_drugs(record, rules, day, used, losses)
    try:
        values |= take_measures(measures, day, rules, dictionary, used, losses)
    except ImpossibleValueError as error:
        raise UnreadableError(str(error)) from None
    _count_later(record, day, losses)
    return Row(values, day, tuple(dict.fromkeys(used)))


def _count_later(record: Record, day: int, losses: Losses) -> None:
    """Conditions and medicines of a later day are not looked at, and said so."""
    for fact in record.facts:
        name = _SAID_OF.get(fact.kind)
        if name and day < fact.first < OPEN:
            losses.leave_out(name, f"{fact.variable} dated after the index date")
