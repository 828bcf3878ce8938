"""Conditions and procedures: what a patient has had, has not had, and may have had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from features.intake.fhir.codes.code_table import CodeTable, Kind, Meaning
from features.intake.fhir.elements.dates import When, first_when
from features.intake.fhir.elements.facts import (
    CONDITIONS,
    ENDED,
    OPEN,
    PROCEDURES,
    UNDATED,
    Fact,
    FactKind,
)
from features.intake.fhir.elements.json_elements import (
    Coding,
    Json,
    category_codes,
    codings,
    entries,
    mapping,
    names_of,
    status_codes,
    text,
)
from features.intake.fhir.elements.losses import Losses

_ONSETS = ("onsetDateTime", "onsetPeriod")
_RECORDED = ("recordedDate", "assertedDate")
_PERFORMED = ("performedDateTime", "performedPeriod")
_ENDS = ("abatementDateTime", "abatementPeriod")
_OVER_UNDATED = ("abatementAge", "abatementRange", "abatementString", "abatementBoolean")
# Diabetes that is over is no diabetes; an infarction that is over has still been one.
_MUST_LAST = ("diabetes", "dialysis")
_LASTING = frozenset({"active", "recurrence", "relapse"})
_SURE = frozenset({"confirmed"})
# Who has not one kind of diabetes may have another: what is refuted is no "no" either.
_NOTHING_SAID = frozenset({"refuted", "entered-in-error"})
# An encounter has a diagnosis of its own; that is no list of what the patient has.
_NO_LIST = frozenset({"encounter-diagnosis", "health-concern"})
# Germany: A (ausgeschlossen) is ruled out, V (Verdacht) suspected.
_GM_CERTAINTY = "icd-10-gm-diagnosesicherheit"
_NOTHING_DONE = ("not-done", "entered-in-error", "preparation")


def read_condition(resource: Json, table: CodeTable, losses: Losses) -> Iterator[Fact]:
    """The history in a Condition. What is not used is counted."""
    said = codings(resource.get("code"))
    day = _begin(first_when(resource, _ONSETS), first_when(resource, _RECORDED))
    verification = _said(resource, "verificationStatus") | _german_certainty(resource)
    nothing_said = verification & _NOTHING_SAID
    if nothing_said:
        losses.leave_out("Condition", "verification status", min(nothing_said))
        return
    absent = _absence(said, table)
    meanings = _find("condition", said, table)
    if verification - _SURE:
        code = min(status_codes(resource.get("verificationStatus")) - _SURE, default="")
        losses.leave_out("Condition", "verification status", code)
        names = [one.variable for one in absent or meanings or ()]
        yield from _each("doubt", names or ([CONDITIONS] if meanings is None else ()), day)
        return
    if absent:
        yield from _deny(absent, day)
        return
    if not category_codes(resource) or category_codes(resource) - _NO_LIST:
        yield Fact("listed", CONDITIONS, day.latest, OPEN)
    for fact in _read_history("Condition", said, meanings, CONDITIONS, day, losses):
        yield from _while_it_lasts(fact, resource, losses)


def read_procedure(resource: Json, table: CodeTable, losses: Losses) -> Iterator[Fact]:
    """The history in a Procedure that was completed; one that was begun leaves it open."""
    status = text(resource.get("status"))
    if status in _NOTHING_DONE or resource.get("notDone") is True:
        losses.leave_out("Procedure", "status", status)
        return
    said, day = codings(resource.get("code")), _begin(first_when(resource, _PERFORMED))
    absent = _absence(said, table)
    meanings = _find("procedure", said, table)
    if status != "completed":
        losses.leave_out("Procedure", "status", status)
        names = [one.variable for one in meanings or ()]
        yield from _each("doubt", names or ([PROCEDURES] if meanings is None else ()), day)
    elif absent:
        yield from _deny(absent, day)
    else:
        yield from _read_history("Procedure", said, meanings, PROCEDURES, day, losses)


class Beginning(NamedTuple):
    """The earliest and the latest day on which it can have begun: 0 and UNDATED if not known."""

    earliest: int
    latest: int


def _begin(onset: When | None, recorded: When | None = None) -> Beginning:
    """What is recorded on a day had begun by then, nobody knows when."""
    latest = onset or recorded
    return Beginning(onset.first if onset else 0, latest.last if latest else UNDATED)


def _read_history(
    name: str,
    said: tuple[Coding, ...],
    meanings: tuple[Meaning, ...] | None,
    whole: str,
    day: Beginning,
    losses: Losses,
) -> Iterator[Fact]:
    """Yes for what the codes mean, doubt for what they leave open, for all where none is known."""
    if not meanings:
        losses.miss(name, said)
    if meanings is None:
        yield from _each("doubt", [whole], day)
        return
    sure = {one.variable for one in meanings if one.value == "yes"}
    for one in meanings:
        if one.value == "yes":
            yield Fact("history", one.variable, day.latest, OPEN, day.earliest, 1.0)
        elif one.variable not in sure:
            losses.leave_out(name, f"leaves {one.variable} open", _first_code(said))
            yield from _each("doubt", [one.variable], day)


def _find(kind: Kind, said: tuple[Coding, ...], table: CodeTable) -> tuple[Meaning, ...] | None:
    """What all codes together mean; None where not one of them is understood."""
    found = [table.find(kind, coding) for coding in said]
    if all(one is None for one in found):
        return None
    return tuple(dict.fromkeys(meaning for one in found for meaning in one or ()))


def _absence(said: tuple[Coding, ...], table: CodeTable) -> tuple[Meaning, ...]:
    return tuple(one for coding in said for one in table.find("absence", coding) or ())


def _deny(absent: Iterable[Meaning], day: Beginning) -> Iterator[Fact]:
    """``no known problems``, or that nothing is known of them."""
    for one in absent:
        yield from _each("denial" if one.value == "no" else "doubt", [one.variable], day)


def _each(kind: FactKind, variables: Iterable[str], day: Beginning) -> Iterator[Fact]:
    for variable in dict.fromkeys(variables):
        yield Fact(kind, variable, day.latest, OPEN, day.earliest)


def _while_it_lasts(fact: Fact, resource: Json, losses: Losses) -> Iterator[Fact]:
    """What must last counts until it is over; in remission or inactive it is open."""
    if fact.kind != "history" or fact.variable not in _MUST_LAST:
        yield fact
        return
    status, end = _said(resource, "clinicalStatus"), first_when(resource, _ENDS)
    if status - _LASTING - {"resolved"}:
        losses.leave_out(
            "Condition", f"{fact.variable} in remission, inactive or not known to last"
        )
        yield fact._replace(kind="doubt")
    elif end is not None:
        yield fact._replace(last=end.last)
    elif "resolved" in status or any(resource.get(name) for name in _OVER_UNDATED):
        losses.leave_out("Condition", f"{fact.variable} is over", "resolved")
        yield fact._replace(last=ENDED)
    else:
        yield fact


def _said(resource: Json, name: str) -> frozenset[str]:
    """The codes of a status, or its words in place of one; "?" where it says nothing."""
    found = resource.get(name)
    codes = status_codes(found) or frozenset(names_of(found))
    return frozenset(one.lower() for one in codes) or frozenset("?" if found else ())


def _german_certainty(resource: Json) -> frozenset[str]:
    means = {"A": "refuted", "V": "unconfirmed"}
    found = [
        means.get(text(mapping(extension.get("valueCoding")).get("code")))
        for coding in entries(mapping(resource.get("code")).get("coding"))
        for extension in entries(coding.get("extension"))
        if text(extension.get("url")).endswith(_GM_CERTAINTY)
    ]
    return frozenset(one for one in found if one)


def _first_code(said: tuple[Coding, ...]) -> str:
    return next((f"{one.system} {one.code}" for one in said if one.code), "")
