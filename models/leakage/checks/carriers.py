"""Levels whose patients nearly all go on to the event: a procedure after it, a part of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.array_types import BoolArray
from features.endpoint import COMPETING, EVENT
from models.leakage.inspected_cohort import Subject, is_flag
from models.leakage.leak import Leak
from models.leakage.limits import Limits

NEARLY_ALL = 0.8
"""Share with the event among those with the level, where fewer than half of all have it, and more
than the largest rate ratio of a level would make of the share among the others."""

_OUTCOMES = {EVENT: "event", COMPETING: "competing event"}
_FEWEST = 10
_REMEDY = "It looks recorded after entry: use what was so at entry, or list it under outcomes"


def check_carriers(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Levels that go with a rate, or a share, of the event that no baseline value goes with."""
    sample = subject.sample
    for marker in sample.markers:
        if marker.kind == "missing" or not is_flag(marker.values):
            continue
        for code, outcome in _OUTCOMES.items():
            flag = sample.endpoint.event == code
            sides = [(marker.values == one, marker.known) for one in (0.0, 1.0)]
            ratio = max(least_ratio(inside, known, flag, sample) for inside, known in sides)
            share, honest = max(
                (_least_share(flag[inside]), _largest_share(flag[known & ~inside], limits))
                for inside, known in sides
            )
            if ratio > limits.max_rate_ratio:
                measured = f"{marker.what} goes with {ratio:.0f} times the rate of the {outcome}"
                yield Leak("after_entry", marker.column, measured, _REMEDY, finding="rate")
            elif share > max(NEARLY_ALL, honest) and flag.mean() < 0.5:
                measured = f"{share:.0%} or more of those with {marker.what} have the {outcome}"
                yield Leak("after_entry", marker.column, measured, _REMEDY, finding="share")


def least_ratio(inside: BoolArray, known: BoolArray, flag: BoolArray, sample: Subject) -> float:
    """Lower 99 % limit of the ratio of event rates, those inside over the other known ones."""
    outside, time = known & ~inside, sample.endpoint.time
    events, others = int(flag[inside].sum()), float(flag[outside].sum()) + 0.5
    if events < _FEWEST or not outside.any():
        return 0.0
    ratio = (events / time[inside].sum()) / (others / time[outside].sum())
    return float(ratio * np.exp(-2.576 * np.sqrt(1 / events + 1 / others)))


def _largest_share(others: BoolArray, limits: Limits) -> float:
    """Share with the event that the largest honest rate ratio makes of that among the others."""
    return float(1 - (1 - others.mean()) ** limits.max_rate_ratio) if len(others) else 0.0


def _least_share(flag: BoolArray) -> float:
    """Lower 99 % limit (Wilson) of the share that have the event."""
    n = len(flag)
    if n < _FEWEST:
        return 0.0
    share, z = float(flag.mean()), 2.576
    middle = share + z**2 / (2 * n)
    width = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float((middle - width) / (1 + z**2 / n))
