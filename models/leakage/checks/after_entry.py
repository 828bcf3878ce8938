"""Columns known only after entry: they follow the length of follow-up.

Among patients with the same outcome nothing known at entry can foretell closely how long they
were followed, but for the calendar: who entered late was followed briefly, and customs change.
What is recorded during follow-up (visits, last age, dates, drugs begun) does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.endpoint import CENSORED, COMPETING, EVENT
from models.leakage.inspected_cohort import Marker, Subject, rank, to_numbers
from models.leakage.leak import Leak
from models.leakage.limits import FEWEST_EVENTS, Limits
from models.leakage.mortality import AGE, correlation_of_age

_GROUPS = {CENSORED: "the censored", EVENT: "those with the event", COMPETING: "the others"}
_SURE = 6.0
_COPY = 0.999
_REMEDY = "It looks recorded after entry: use the value at entry, or list it under outcomes"


def check_follow_up(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Columns that follow the length of follow-up, alone or once another column is allowed for.

    Age at the end, say, follows it once age at entry is allowed for.
    """
    sample, told = subject.sample, set[str]()
    for code, group in _GROUPS.items():
        members = np.asarray(sample.endpoint.event == code)
        if members.sum() < FEWEST_EVENTS:
            continue
        markers = [one for one in sample.markers if _varies(one.values[members])]
        if not markers:
            continue
        found = correlate_with_follow_up(markers, sample, members)
        # A column is told once, however many of its markers and groups of patients tell.
        for place in np.argsort(-found, kind="stable"):
            column, size = markers[place].column, float(found[place])
            sure = size * np.sqrt(members.sum()) > _SURE
            if size <= limits.max_follow_up_correlation or not sure or column in told:
                continue
            if not (column == AGE and _is_mortality(size, sample, members)):
                told.add(column)
                measured = (
                    f"{markers[place].what} follows the length of follow-up among {group} "
                    f"(rank correlation {size:.2f})"
                )
                yield Leak("after_entry", column, measured, _REMEDY, finding="follow_up")


def _is_mortality(size: float, sample: Subject, members: BoolArray) -> bool:
    """Whether age goes with a shorter follow-up, and no more closely than death alone does that."""
    age, time = to_numbers(sample.columns[AGE])[members], sample.endpoint.time[members]
    known = np.isfinite(age)
    if float(rank(age[known]) @ rank(time[known])) > 0:
        return False
    by_chance = 3 / np.sqrt(known.sum())
    return bool(size < by_chance - correlation_of_age(age, time))


def correlate_with_follow_up(
    markers: list[Marker], sample: Subject, members: BoolArray
) -> FloatArray:
    """(markers,) largest |rank correlation| with time among the members, alone or given another.

    0 where the correlation with the date of entry is as large: that is the calendar's doing.
    """
    ranks = np.stack([rank(one.values[members]) for one in markers])
    time = rank(sample.endpoint.time[members])
    alone, between = ranks @ time, ranks @ ranks.T
    spread = np.sqrt(np.clip((1 - between**2) * (1 - alone[None, :] ** 2), 1e-9, None))
    given = (alone[:, None] - between * alone[None, :]) / spread
    own = np.array([one.column for one in markers])
    unusable = (np.abs(between) > _COPY) | (own[:, None] == own[None, :])
    # Allowing for a column that itself follows the time would make others follow it.
    unusable |= np.abs(alone)[None, :] > 0.5
    # Of age at entry and age at the end, the guilty one follows the time more closely by itself.
    unusable |= np.abs(alone)[None, :] >= np.abs(alone)[:, None]
    given = np.where(unusable, 0.0, given)
    largest: FloatArray = np.maximum(np.abs(alone), np.abs(given).max(axis=1))
    if sample.entry_number is not None:
        calendar = np.abs(ranks @ rank(sample.entry_number[members]))
        largest = np.where(calendar + 0.05 >= largest, 0.0, largest)
    return np.minimum(largest, 1.0)


def _varies(values: FloatArray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) >= FEWEST_EVENTS and bool(np.ptp(known) > 0)
