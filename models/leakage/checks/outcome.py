"""Columns made from the outcome: they tell the event or its time almost without fail."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.array_types import FloatArray
from features.endpoint import COMPETING, EVENT
from models.leakage.association import area, bin_values, concordance, deviations_of_flag
from models.leakage.chance import deviations_needed, lower_limit_of_area
from models.leakage.inspected_cohort import Marker, Subject, rank
from models.leakage.leak import Leak
from models.leakage.limits import FEWEST_EVENTS, Limits

TELLS_EVENT = 0.95
"""Area under the curve: an event flag with one in twenty copied wrongly has 0.95."""

TELLS_TIME = 0.9
"""Share of the variance of the time's rank that 20 bins of the column explain."""

TOLD_BY_TIME = 0.7
"""Share of the variance of the column that 20 bins of the time explain: it may rise and fall."""

HONEST = 0.85
"""Whole published models of incident cardiac events stay below it (limits); what lies above it by
chance in a small cohort is no leak."""

_OUTCOMES = {EVENT: "the event", COMPETING: "the competing event"}
_FINDINGS = {EVENT: "event", COMPETING: "competing"}
_REMEDY = "It looks derived from the outcome: remove it from the map and list it under outcomes"
_MISSING = (
    "It looks filled in because of the outcome: remove it, or complete it for all patients alike"
)


def check_outcome(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Values that tell the event, values that tell the time, gaps that tell the event."""
    sample = subject.sample
    if min(int(sample.has_event.sum()), int((~sample.has_event).sum())) < FEWEST_EVENTS:
        return
    time = rank(sample.endpoint.time)
    for marker in sample.markers:
        if marker.kind == "missing":
            yield from _check_gaps(marker, sample, limits)
            continue
        for finding, measured in _describe(marker, sample, time):
            yield Leak("outcome", marker.column, measured, _REMEDY, finding=finding)


def _describe(marker: Marker, sample: Subject, time: FloatArray) -> Iterator[tuple[str, str]]:
    """What of the outcome the values tell: the finding, and in words."""
    for code, outcome in _OUTCOMES.items():
        flag, known = sample.endpoint.event == code, marker.known
        n_with, n_without = int(flag[known].sum()), int((~flag[known]).sum())
        if min(n_with, n_without) < FEWEST_EVENTS:
            continue
        tells = area(marker.values, flag)
        if tells > TELLS_EVENT and lower_limit_of_area(tells, n_with, n_without) > HONEST:
            measured = f"{marker.what} tells {outcome} (area under the curve {tells:.3f})"
            yield _FINDINGS[code], measured
    explained = explain(time[marker.known], marker.values[marker.known])
    if explained > TELLS_TIME:
        yield "time", f"{marker.what} explains {explained:.0%} of the follow-up time"
    elif marker.kind == "value":
        known = marker.known
        explained = explain(marker.values[known], sample.endpoint.time[known])
        if explained > TOLD_BY_TIME:
            yield "time", f"{explained:.0%} of it is explained by the follow-up time"


def _check_gaps(marker: Marker, sample: Subject, limits: Limits) -> Iterator[Leak]:
    tells = concordance(marker.values, sample.endpoint)
    n_with, n_without = int(sample.has_event.sum()), int((~sample.has_event).sum())
    if lower_limit_of_area(tells, n_with, n_without) <= limits.max_missing_c_index:
        return
    needed = deviations_needed(len(sample.columns.columns))
    if deviations_of_flag(marker.values == 1, sample.has_event) < needed:
        return
    if not is_structural(marker, sample):
        measured = f"{marker.what} tells the event (C {tells:.2f})"
        yield Leak("missingness", marker.column, measured, _MISSING)


def explain(target: FloatArray, by: FloatArray) -> float:
    """Share of the variance of ``target`` (n,) that lies between bins of ``by`` (n,)."""
    bins = bin_values(by).to_numpy()
    counts = np.bincount(bins)
    # With few patients a bin, bins explain much by chance.
    if len(target) < 10 * len(counts):
        return 0.0
    centred = target - target.mean()
    total = float((centred**2).sum())
    sums = np.bincount(bins, centred)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    return between / total if total > 0 else 0.0


def is_structural(marker: Marker, sample: Subject) -> bool:
    """Whether the gaps follow from the commonest value of a complete column.

    Density, say, exists only where there is calcium: the gap tells no more than the score of 0.
    """
    gaps = rank(marker.values)
    for other in sample.markers:
        if other.column == marker.column or other.kind == "missing":
            continue
        known = other.known
        if known.mean() < 0.9:
            continue
        distinct, counts = np.unique(other.values[known], return_counts=True)
        commonest = (other.values == distinct[counts.argmax()]).astype(np.float64)
        if abs(float(gaps @ rank(commonest))) > 0.9:
            return True
    return False
