"""The last known measurement of each variable, and the scan before the last one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from features.dictionary.variable import Variable
from features.intake.fhir.elements.facts import Fact
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.index_rules import YEAR, IndexRules

# Not measured again because they hardly change.
LASTING = ("height", "lpa_mass", "lpa_molar")
_SHORTEST_BETWEEN_SCANS = 30


class ImpossibleValueError(Exception):
    """A value that counts is out of the possible range; the text is the rule."""


def known_measures(facts: Iterable[Fact], rules: IndexRules, losses: Losses) -> list[Fact]:
    """The measurements that may be known on the index date; later ones are counted."""
    found = []
    for fact in facts:
        if fact.kind != "measure":
            continue
        known = rules.taken_by(fact)
        if known is not None:
            found.append(known)
        elif fact.first > rules.today:
            losses.leave_out("Observation", f"{fact.variable} dated in the future")
        else:
            losses.leave_out("Observation", f"{fact.variable} dated after the index date")
    return found


def take_measures(
    facts: Iterable[Fact],
    day: int,
    rules: IndexRules,
    dictionary: Mapping[str, Variable],
    used: list[str],
    losses: Losses,
) -> dict[str, float | str]:
    """Values by variable; ``used`` is given the resources. Raises ImpossibleValueError."""
    by_variable: dict[str, list[Fact]] = {}
    for fact in facts:
        by_variable.setdefault(fact.variable, []).append(fact)
    values: dict[str, float | str] = {}
    for name, found in by_variable.items():
        oldest = day - rules.lookback_years * YEAR
        recent = [fact for fact in found if fact.last >= oldest or name in LASTING]
        if not recent:
            losses.leave_out("Observation", f"{name} older than {rules.lookback_years:g} years")
            continue
        values[name] = _latest(recent, dictionary[name], used)
    return values | _take_prior_scan(by_variable, values, dictionary, used)


def _latest(facts: list[Fact], variable: Variable, used: list[str]) -> float | str:
    """The value at the latest moment; of several, the mean, or the highest code of a category."""
    latest = max(fact.moment for fact in facts)
    last = [fact for fact in facts if fact.moment == latest]
    used += sorted(fact.source for fact in last)
    if variable.kind == "category":
        return max((fact.value for fact in last), key=variable.codes.index)
    numbers = sorted(fact.number for fact in last if fact.number is not None)
    _must_be_possible(numbers, variable)
    if variable.kind == "boolean":
        return numbers[-1]
    return sum(numbers) / len(numbers)


def _must_be_possible(numbers: Iterable[float], variable: Variable) -> None:
    """Every value by itself: two impossible ones can have a possible mean."""
    low, high = variable.low, variable.high
    if low is None or high is None:
        return
    if any(not low <= number <= high for number in numbers):
        rule = f"{variable.name} outside {low:g} to {high:g} {variable.unit}"
        raise ImpossibleValueError(rule)


def _take_prior_scan(
    facts: Mapping[str, list[Fact]],
    values: Mapping[str, float | str],
    dictionary: Mapping[str, Variable],
    used: list[str],
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
        _must_be_possible([before.number], dictionary[name])
        used.append(before.source)
        found |= {f"prior_{name}": before.number, "prior_scan_years": years}
    return found
