"""Conditions and procedures: what a patient has had."""

from __future__ import annotations

from collections.abc import Iterator

from features.intake.fhir.codes import CodeTable, Meaning
from features.intake.fhir.dates import first_when
from features.intake.fhir.elements import Json, codings, status_codes, text
from features.intake.fhir.facts import UNDATED, Fact, Tally

_BEGINNINGS = ("onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate")
_PERFORMED = ("performedDateTime", "performedPeriod")
# Diabetes that is over is no diabetes; an infarction that is over has still been one.
_MUST_LAST = ("diabetes",)
_OVER = frozenset({"inactive", "remission", "resolved"})
_DOUBTFUL = frozenset({"unconfirmed", "provisional", "differential", "entered-in-error"})


def read_condition(resource: Json, table: CodeTable, tally: Tally) -> Iterator[Fact]:
    """The history in a Condition. One that is refuted, doubtful or in error is tallied."""
    verification = status_codes(resource.get("verificationStatus"))
    unusable = verification & (_DOUBTFUL | {"refuted"})
    if unusable:
        tally.leave_out("Condition", "verification status", min(unusable))
        return
    over = status_codes(resource.get("clinicalStatus")) & _OVER
    for fact in _read_history(resource, "Condition", table, _BEGINNINGS, tally):
        if over and fact.variable in _MUST_LAST:
            tally.leave_out("Condition", f"{fact.variable} is over", min(over))
        else:
            yield fact


def read_procedure(resource: Json, table: CodeTable, tally: Tally) -> Iterator[Fact]:
    """The history in a Procedure that was completed."""
    status = text(resource.get("status"))
    if status != "completed":
        tally.leave_out("Procedure", "status", status)
        return
    yield from _read_history(resource, "Procedure", table, _PERFORMED, tally)


def _read_history(
    resource: Json, name: str, table: CodeTable, dates: tuple[str, ...], tally: Tally
) -> Iterator[Fact]:
    said = codings(resource.get("code"))
    meanings: list[Meaning] = []
    for coding in said:
        kind = "condition" if name == "Condition" else "procedure"
        meanings += table.find(kind, coding)  # type: ignore[arg-type]
    if not meanings:
        tally.miss(name, said)
    day = beginning(resource, dates)
    source = f"{name}/{text(resource.get('id'))}"
    for variable in dict.fromkeys(meaning.variable for meaning in meanings):
        yield Fact("history", variable, day, day, 0.0, 1.0, "", source)


def beginning(resource: Json, dates: tuple[str, ...] = _BEGINNINGS) -> int:
    """The latest day on which it can have begun, UNDATED where no date is given."""
    when = first_when(resource, dates)
    return UNDATED if when is None else when.last


def is_listed(resource: Json) -> bool:
    """Whether a Condition stands in the patient's list, whatever its code."""
    return "entered-in-error" not in status_codes(resource.get("verificationStatus"))
