"""Calcium of one scan at a time: the last one, and the one before it as the prior scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from features.dictionary.variable import Variable
from features.intake.fhir.elements.facts import Fact
from features.intake.fhir.elements.losses import Losses
from features.intake.fhir.patient.index_rules import YEAR
from features.intake.fhir.patient.plausible import require_possible

_SHORTEST_BETWEEN_SCANS = 30
_VAGUEST = 0.2
_GROUPS = ("calcium", "morphology")
# Of CT angiography, which is another scan than that for calcium.
_ANGIOGRAPHY = frozenset(
    {"cad_rads", "plaque_volume", "noncalcified_plaque_volume", "low_attenuation_burden"}
)
# What a scan for calcium measures; how it was made is no scan by itself.
_AMOUNTS = (
    "cac_agatston",
    *(f"cac_agatston_{vessel}" for vessel in ("lm", "lad", "lcx", "rca")),
    "cac_volume",
    "cac_mass",
)
_PRIOR = ("cac_agatston", "cac_volume")
_OF_EARLIER = " of an earlier scan than the last"
Measured = Mapping[str, list[Fact]]


def day_of_last_scan(measured: Measured) -> int | None:
    """The last day (ordinal) on which calcium was measured, None where it never was.

    ``measured``: by variable, what may be known on the index date.
    """
    days = [fact.last for name in _AMOUNTS for fact in measured.get(name, ())]
    return max(days, default=None)


def keep_last_scan(
    measured: Measured, day: int | None, dictionary: Mapping[str, Variable], losses: Losses
) -> dict[str, list[Fact]]:
    """What was measured, of calcium only what belongs to the scan of ``day``; the rest is counted.

    The score of one scan beside vessels, volume or lesions of another would be nobody's. What was
    reported within a month of the last scan is of that scan.
    """
    if day is None:
        return dict(measured)
    kept: dict[str, list[Fact]] = {}
    for name, facts in measured.items():
        of_scan = list(facts)
        if dictionary[name].group in _GROUPS and name not in _ANGIOGRAPHY:
            of_scan = [fact for fact in facts if day - fact.last < _SHORTEST_BETWEEN_SCANS]
        if of_scan:
            kept[name] = of_scan
        elif name not in _PRIOR:
            losses.leave_out("Observation", f"{name}{_OF_EARLIER}")
    return kept


def take_prior_scan(
    measured: Measured,
    day: int | None,
    values: Mapping[str, float | str],
    dictionary: Mapping[str, Variable],
    used: list[str],
    losses: Losses,
) -> dict[str, float | str]:
    """The scan before that of ``day``, a month or more earlier, unless it was recorded as such.

    ``used`` is given the resources. Raises ImpossibleValueError.
    """
    found: dict[str, float | str] = {}
    for name in _PRIOR:
        if day is None:
            continue
        earlier = [
            scan for scan in measured.get(name, ()) if day - scan.last >= _SHORTEST_BETWEEN_SCANS
        ]
        before = _at_the_latest_moment(earlier)
        numbers = sorted(scan.number for scan in before if scan.number is not None)
        if not numbers:
            continue
        apart = _days_apart(before[0], _of_day(measured, day))
        if apart is None:
            losses.leave_out("Observation", f"{name} of an earlier scan, dated too vaguely")
            continue
        years = round(apart / YEAR, 4)
        recorded = f"prior_{name}" in values or "prior_scan_years" in values
        if recorded or found.get("prior_scan_years", years) != years:
            if name not in values:
                losses.leave_out("Observation", f"{name}{_OF_EARLIER}")
            continue
        require_possible(numbers, dictionary[name])
        used += sorted(scan.source for scan in before)
        found |= {f"prior_{name}": sum(numbers) / len(numbers), "prior_scan_years": years}
    return found


def _of_day(measured: Measured, day: int) -> Fact:
    """A measurement of the scan of ``day``."""
    return next(fact for name in _AMOUNTS for fact in measured.get(name, ()) if fact.last == day)


def _days_apart(before: Fact, now: Fact) -> float | None:
    """Days between two scans, each in the middle of what its date can mean.

    None where the dates leave it open by more than a fifth: rates would be of the date.
    """
    apart = (now.first + now.last - before.first - before.last) / 2
    vague = (now.last - now.first + before.last - before.first) / 2
    return None if vague > _VAGUEST * apart else apart


def _at_the_latest_moment(scans: Iterable[Fact]) -> list[Fact]:
    """Of several scores at one moment the mean counts, as of any measurement."""
    known = list(scans)
    latest = max((scan.moment for scan in known), default=0.0)
    return [scan for scan in known if scan.moment == latest]
