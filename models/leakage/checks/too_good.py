"""Columns too good to be true: one alone tells the event as no baseline value does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from models.leakage.association import bin_values, concordance, rate_of_bin
from models.leakage.chance import lower_limit_of_area
from models.leakage.checks.outcome import HONEST
from models.leakage.inspected_cohort import Marker, Subject, is_text, rank, to_numbers
from models.leakage.leak import Leak
from models.leakage.limits import FEWEST_EVENTS, Limits
from models.leakage.mortality import AGE, c_index_of_age

GAP_ABOVE = 0.8
"""Below this C a leading column is nothing unusual."""

_NEAR_COPY = 0.8
_REMEDY = "Find out when and how it is recorded; remove it unless it is known at entry"


def check_too_good(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """A C-index above the limit, or far above that of every column that is not a near copy.

    Its lower 99 % limit counts, and age may tell as much as the law of mortality says.
    """
    sample = subject.sample
    flag = sample.has_event
    if min(int(flag.sum()), int((~flag).sum())) < FEWEST_EVENTS:
        return
    scores = {name: measure_column(name, sample) for name in map(str, sample.columns)}
    n_with, n_without = int(flag.sum()), int((~flag).sum())
    for name, (c_index, values) in scores.items():
        surely = lower_limit_of_area(c_index, n_with, n_without)
        if surely < GAP_ABOVE or (name == AGE and surely < _c_index_of_age(sample)):
            continue
        if c_index > limits.max_c_index and surely > HONEST:
            yield Leak("too_good", name, f"alone has a C-index of {c_index:.2f}", _REMEDY)
        elif c_index > GAP_ABOVE:
            others = (
                other
                for key, (other, given) in scores.items()
                if key != name and abs(float(values @ given)) < _NEAR_COPY
            )
            following = max(others, default=c_index)
            if c_index - following > limits.max_c_index_gap:
                measured = (
                    f"alone has a C-index of {c_index:.2f}, where the next has {following:.2f}"
                )
                yield Leak("too_good", name, measured, _REMEDY)


def _c_index_of_age(sample: Subject) -> float:
    return c_index_of_age(to_numbers(sample.columns[AGE]), sample.endpoint)


def measure_column(name: str, sample: Subject) -> tuple[float, FloatArray]:
    """The C-index of a column, whatever the shape of its relation, and its (n,) scaled ranks.

    The larger of that of the value itself and of the event rate in its bins.
    """
    column = sample.columns[name]
    values = [one for one in sample.markers if one.column == name and one.kind == "value"]
    shaped = rate_of_bin(_bins_of(column, values), sample.endpoint, sample.has_event)
    best, scores = concordance(shaped, sample.endpoint), shaped
    for marker in values:
        if sample.has_event[marker.known].sum() < FEWEST_EVENTS:
            continue
        c_index = concordance(marker.values, sample.endpoint)
        if c_index > best:
            best, scores = c_index, marker.values
    return best, rank(np.asarray(scores))


def _bins_of(column: pd.Series, values: list[Marker]) -> pd.Series:
    if is_text(column):
        return pd.Series(pd.factorize(column)[0])
    return bin_values(values[0].values) if values else pd.Series(np.zeros(len(column), np.intp))
