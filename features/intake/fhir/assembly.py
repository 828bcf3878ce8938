"""From what is known of one patient to the variables on one day: the index date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from features.dictionary.variable import Variable
from features.intake.fhir.facts import UNDATED, Fact, Tally
from features.intake.fhir.rules import YEAR, IndexRules
from features.intake.fhir.store import Record
from features.intake.fhir.therapy import take_drugs

# Not measured again because they hardly change.
LASTING = ("height", "lpa")
_HISTORY = ("diabetes", "prior_cad", "prior_stroke", "prior_pad", "prior_aaa", "prior_pci")
_SHORTEST_BETWEEN_SCANS = 30


@dataclass(frozen=True)
class Row:
    """Values by variable, missing ones left out; the index date; the resources they come from."""

    values: dict[str, float | str]
    index_day: int
    basis: tuple[str, ...]


class UnreadableError(Exception):
    """A patient who cannot be scored; the text says why."""


def assemble(
    record: Record, rules: IndexRules, dictionary: Mapping[str, Variable], tally: Tally
) -> Row:
    """The variables of a patient on the index date. Raises UnreadableError."""
    patient = record.patient
    if patient.problem or patient.born is None:
        raise UnreadableError(patient.problem or "no birth date")
    measures = [fact for fact in record.facts if fact.kind == "measure" and rules.knows(fact.last)]
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
    values |= _take_history(record, rules, day, used)
    values |= take_drugs(record, rules, day, used, tally)
    values |= _take_measures(measures, day, rules, dictionary, used, tally)
    return Row(values, day, tuple(dict.fromkeys(used)))


def _take_measures(
    facts: Iterable[Fact],
    day: int,
    rules: IndexRules,
    dictionary: Mapping[str, Variable],
    used: list[str],
    tally: Tally,
) -> dict[str, float | str]:
    by_variable: dict[str, list[Fact]] = {}
    for fact in facts:
        by_variable.setdefault(fact.variable, []).append(fact)
    values: dict[str, float | str] = {}
    for name, found in by_variable.items():
        oldest = day - rules.lookback_years * YEAR
        recent = [fact for fact in found if fact.last >= oldest or name in LASTING]
        if not recent:
            tally.leave_out("Observation", f"{name} older than {rules.lookback_years:g} years")
            continue
        values[name] = _latest(recent, dictionary[name], used)
    return values | _take_prior_scan(by_variable, values, used)


def _latest(facts: list[Fact], variable: Variable, used: list[str]) -> float | str:
    """The value at the latest moment; of several, the mean, or the highest code of a category."""
    latest = max(fact.moment for fact in facts)
    last = [fact for fact in facts if fact.moment == latest]
    used += sorted(fact.source for fact in last)
    if variable.kind == "category":
        return max((fact.value for fact in last), key=variable.codes.index)
    numbers = sorted(fact.number for fact in last if fact.number is not None)
    if variable.kind == "boolean":
        return numbers[-1]
    return sum(numbers) / len(numbers)


def _take_prior_scan(
    facts: Mapping[str, list[Fact]], values: Mapping[str, float | str], used: list[str]
) -> dict[str, float | str]:
    """The scan before the last one, a month or more earlier, unless it was measured as such."""
    found: dict[str, float | str] = {}
    for name in ("cac_agatston", "cac_volume"):
        scans = facts.get(name, [])
        if name not in values or f"prior_{name}" in values or "prior_scan_years" in values:
            continue
        last = max(scan.last for scan in scans)
        earlier = [scan for scan in scans if last - scan.last >= _SHORTEST_BETWEEN_SCANS]
        if not earlier:
            continue
        before = max(earlier, key=lambda scan: (scan.moment, scan.source))
        years = round((last - before.last) / YEAR, 4)
        if before.number is None or found.get("prior_scan_years", years) != years:
            continue
        used.append(before.source)
        found |= {f"prior_{name}": before.number, "prior_scan_years": years}
    return found


def _take_history(
    record: Record, rules: IndexRules, day: int, used: list[str]
) -> dict[str, float | str]:
    """What a patient has had; not had, where the list of conditions has any entry."""
    known = [
        fact for fact in record.facts if fact.kind == "history" and rules.had_begun(fact.first, day)
    ]
    used += [fact.source for fact in known]
    values: dict[str, float | str] = {fact.variable: 1.0 for fact in known}
    if rules.has_list(record, "condition", day):
        values = {**dict.fromkeys(_HISTORY, 0.0), **values}
    return values
