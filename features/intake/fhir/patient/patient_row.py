"""From what is known of one patient to the variables on one day: the index date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.derivation.calcium import EARLIER_CALCIUM
from features.dictionary.variable import Variable
from features.intake.fhir.elements.facts import OPEN, UNDATED
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.history import take_history
from features.intake.fhir.patient.index_rules import YEAR, IndexRules
from features.intake.fhir.patient.measures import known_measures, take_measures
from features.intake.fhir.patient.plausible import ImpossibleValueError
from features.intake.fhir.patient.therapy import take_drugs
from features.intake.fhir.resources.relatives import OF_RELATIVES, RELATIVE
from features.intake.fhir.store.fact_store import Record

_NO = (0.0, "none")
# Of a statin that is taken: an amount of zero is for the rules of combination to judge.
_AMOUNTS = ("statin_years", "statin_dose")
_SAID_OF = {"history": "Condition", "drug": "Medication", "listed": "", "denial": "", "doubt": ""}


@dataclass(frozen=True)
class Row:
    """Values by variable, missing ones left out; the index date; the resources they come from.

    ``days``: when each was measured (ordinal); what is not in it holds on the index date.
    """

    values: dict[str, float | str]
    index_day: int
    basis: tuple[str, ...]
    days: dict[str, int]


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
        measured = take_measures(measures, day, rules, dictionary, used, losses)
    except ImpossibleValueError as error:
        raise UnreadableError(str(error)) from None
    denied = _deny_what_is_on_record(measured.values, values)
    for name in denied:
        losses.leave_out("Observation", f"{name} denied, though diagnoses or medicines have it")
    kept = {name: value for name, value in measured.values.items() if name not in denied}
    _remark_on_measures(measured.days, values, kept, day, losses)
    _count_later(record, day, losses)
    days = {name: measured.days[name] for name in kept if name in measured.days}
    return Row(values | kept, day, tuple(dict.fromkeys(used)), days)


def _remark_on_measures(
    days: dict[str, int],
    values: dict[str, float | str],
    measured: dict[str, float | str],
    day: int,
    losses: Losses,
) -> None:
    """What was measured and must be looked at: it may have changed since, or be wrong.

    It counts all the same.
    """
    if _is_before_statin(days.get("ldl_cholesterol"), values, day):
        losses.remark("Observation", "ldl_cholesterol is of before the first statin on record")
    if day - days.get("cac_agatston", day) > YEAR:
        losses.remark("Observation", "cac_agatston is of over a year before the index date")
    seen_before = any(measured.get(name, 0) != 0 for name in EARLIER_CALCIUM)
    if measured.get("cac_agatston") == 0 and seen_before:
        losses.remark("Observation", "cac_agatston is 0 though an earlier scan showed calcium")


def _is_before_statin(measured: int | None, values: dict[str, float | str], day: int) -> bool:
    """Whether LDL was measured before a statin that is taken began, by all that is on record.

    An order may renew an older one, so that nobody can know, and the value is left as it is.
    """
    years = values.get("statin_years", 0.0)
    if measured is None or not isinstance(years, float):
        return False
    return day - measured > years * YEAR + 1 > 1


def _deny_what_is_on_record(
    measured: dict[str, float | str], recorded: dict[str, float | str]
) -> list[str]:
    """Variables that an Observation denies and a diagnosis or a medicine taken affirms."""
    return [
        name
        for name, value in measured.items()
        if value in _NO and name in recorded and recorded[name] not in _NO and name not in _AMOUNTS
    ]


def _count_later(record: Record, day: int, losses: Losses) -> None:
    """Conditions and medicines of a later day are not looked at, and said so."""
    for fact in record.facts:
        name = _SAID_OF.get(fact.kind)
        if fact.kind == "history" and fact.variable == OF_RELATIVES:
            name = RELATIVE
        if name and day < fact.first < OPEN:
            losses.leave_out(name, f"{fact.variable} dated after the index date")
