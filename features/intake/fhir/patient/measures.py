"""The last known measurement of each variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from features.dictionary.variable import Variable
from features.intake.fhir.elements.facts import Fact
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.index_rules import YEAR, IndexRules
from features.intake.fhir.patient.plausible import require_possible
from features.intake.fhir.patient.scans import day_of_last_scan, keep_last_scan, take_prior_scan

# Not measured again because they hardly change.
LASTING = ("height", "lpa_mass", "lpa_molar", "menopause_age")
# History that can be over; of all other history a yes stays one.
_MAY_END = ("dialysis",)


class Measures(NamedTuple):
    """``values`` by variable; ``days``: when each was measured (ordinal), but for a prior scan."""

    values: dict[str, float | str]
    days: dict[str, int]


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
) -> Measures:
    """The last values; ``used`` is given the resources. Raises ImpossibleValueError."""
    by_variable: dict[str, list[Fact]] = {}
    for fact in facts:
        by_variable.setdefault(fact.variable, []).append(fact)
    recent: dict[str, list[Fact]] = {}
    oldest = day - rules.lookback_years * YEAR
    for name, found in by_variable.items():
        still = [fact for fact in found if fact.last >= oldest or _lasts(fact, dictionary[name])]
        if still:
            recent[name] = still
        else:
            losses.leave_out("Observation", f"{name} older than {rules.lookback_years:g} years")
    scanned = day_of_last_scan(recent)
    values: dict[str, float | str] = {}
    days: dict[str, int] = {}
    for name, found in keep_last_scan(recent, scanned, dictionary, losses).items():
        last = _latest(found)
        used += sorted(fact.source for fact in last)
        values[name], days[name] = _value(last, dictionary[name]), last[0].last
        quit_since = values[name]
        if name == "years_since_quitting" and isinstance(quit_since, float) and quit_since > 0:
            # more have gone by since it was recorded
            values[name] = round(quit_since + (day - days[name]) / YEAR, 4)
    values |= take_prior_scan(by_variable, scanned, values, dictionary, used, losses)
    return Measures(values, days)


def _lasts(fact: Fact, variable: Variable) -> bool:
    """Whether age makes it no less true: who has had an infarction has had one."""
    if variable.name in LASTING:
        return True
    of_history = variable.group == "history" or variable.name == "prior_pci"
    yes = variable.kind == "boolean" and fact.number == 1
    return of_history and yes and variable.name not in _MAY_END


def _latest(facts: list[Fact]) -> list[Fact]:
    latest = max(fact.moment for fact in facts)
    return [fact for fact in facts if fact.moment == latest]


def _value(facts: list[Fact], variable: Variable) -> float | str:
    """Of several values at one moment the mean, a yes, or the highest code of a category."""
    if variable.kind == "category":
        return max((fact.value for fact in facts), key=variable.codes.index)
    numbers = sorted(fact.number for fact in facts if fact.number is not None)
    require_possible(numbers, variable)
    if variable.kind == "boolean":
        return numbers[-1]
    return sum(numbers) / len(numbers)
