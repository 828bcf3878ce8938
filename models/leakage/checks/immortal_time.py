"""Immortal time: who must live to be given a value has no early events.

A drug begun at any time of follow-up and recorded as yes or no seems to protect: those who died
early had no time to begin it (Suissa 2008, Am J Epidemiol 167:492). Its mark is a rate of events
that is low at first and then catches up with that of the others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.array_types import BoolArray
from models.leakage.chance import deviations_needed
from models.leakage.inspected_cohort import Subject, is_flag
from models.leakage.leak import Leak
from models.leakage.limits import FEWEST_EVENTS, Limits

ERROR_RATE = 3e-3
"""Of this check in one honest cohort: it rests on early events, and these are few."""

_EARLY_SHARE = 0.5
_FEWEST_LATE = 10
_REMEDY = "It looks begun during follow-up: use what was so at entry"


def check_immortal_time(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Levels whose patients have far fewer early events than late ones would have us expect.

    Only yes, and each level of a category: that a "no" has few early events means that a "yes" has
    many, as after surgery.
    """
    sample = subject.sample
    if sample.endpoint.is_fixed_horizon or sample.has_event.sum() < 2 * FEWEST_EVENTS:
        return
    flags = [one for one in sample.markers if one.kind != "missing" and is_flag(one.values)]
    needed = deviations_needed(len(flags), ERROR_RATE)
    for marker in flags:
        ratio, deviation = early_ratio(marker.values == 1, marker.known, sample)
        if ratio < limits.min_early_ratio and deviation < -needed:
            measured = f"{marker.what} goes with {ratio:.0%} of the early events expected"
            yield Leak("immortal_time", marker.column, measured, _REMEDY)


def early_ratio(inside: BoolArray, known: BoolArray, sample: Subject) -> tuple[float, float]:
    """Early events of those inside over those expected; its logarithm in standard errors.

    Expected: the early rate of the others, times the ratio of the late rates. Early is the time of
    the first half of all events. 1 and 0 where there are too few events to tell.
    """
    cut = float(np.quantile(sample.endpoint.time[sample.has_event], _EARLY_SHARE))
    outside = known & ~inside
    early, early_years = _count(inside, sample, 0.0, cut)
    other_early, other_early_years = _count(outside, sample, 0.0, cut)
    late, late_years = _count(inside, sample, cut, np.inf)
    other_late, other_late_years = _count(outside, sample, cut, np.inf)
    if min(late, other_late, other_early) < _FEWEST_LATE or early_years <= 0:
        return 1.0, 0.0
    proportion = (late / late_years) / (other_late / other_late_years)
    expected = proportion * (other_early / other_early_years) * early_years
    ratio = (early + 0.5) / (expected + 0.5)
    variance = 1 / (early + 0.5) + 1 / other_early + 1 / late + 1 / other_late
    return ratio, float(np.log(ratio) / np.sqrt(variance))


def _count(which: BoolArray, sample: Subject, start: float, end: float) -> tuple[int, float]:
    """Events of the marked patients between two times, and the years they were followed."""
    time, flag = sample.endpoint.time[which], sample.has_event[which]
    years = (np.minimum(time, end) - start).clip(min=0)
    return int((flag & (time > start) & (time <= end)).sum()), float(years.sum())
