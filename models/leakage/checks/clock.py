"""Columns that run by the clock of the follow-up: dates after entry, times that end with it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from models.leakage.chance import deviations_needed
from models.leakage.inspected_cohort import Subject, to_numbers
from models.leakage.leak import Leak
from models.leakage.limits import FEWEST_EVENTS, Limits

EQUAL_TIMES = 0.05
"""Share of all different times of follow-up that a column repeats, in whatever unit."""

_TIMES_CHANCE = 3.0
"""How many times as often as by chance a column must agree with the time: the old leave earlier, so
that a measurement in years may agree with follow-up in months somewhat more often than shuffled."""

_DATES_AFTER = 0.01
_SAME = 1e-3
_N_MULTIPLES = 5
_MOST_AT_ONE_TIME = 0.1
_REMEDY = "It looks recorded after entry: use the value at entry, or list it under outcomes"


def check_dates(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Dates, or calendar years, that lie after the patient's entry."""
    del limits
    if subject.entry is None:
        return
    for name, column in subject.columns.items():
        after = _is_after_entry(column, subject.entry)
        if after is not None and after.mean() > _DATES_AFTER:
            measured = "holds dates after the patient's entry"
            yield Leak("after_entry", str(name), measured, _REMEDY, int(after.sum()), "dates")


def _is_after_entry(column: pd.Series, entry: pd.Series) -> BoolArray | None:
    if pd.api.types.is_datetime64_any_dtype(column):
        if not pd.api.types.is_datetime64_any_dtype(entry):
            return np.asarray(column.dt.year.to_numpy() > to_numbers(entry))
        return np.asarray(to_numbers(column) > to_numbers(entry) + 1)
    if not pd.api.types.is_numeric_dtype(column):
        return None
    values = to_numbers(column)
    known = values[np.isfinite(values)]
    # A handful of values between 1900 and 2100 may be anything.
    is_year = len(known) >= FEWEST_EVENTS and bool(((known >= 1900) & (known < 2100)).all())
    if not is_year:
        return None
    dated = pd.api.types.is_datetime64_any_dtype(entry)
    year = entry.dt.year.to_numpy(dtype=np.float64) if dated else to_numbers(entry)
    return np.asarray(np.floor(values) > np.floor(year))


def check_times(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Times to something that end with the follow-up where it did not happen."""
    del limits
    sample = subject.sample
    n_times = len(np.unique(sample.endpoint.time))
    values = [marker for marker in sample.markers if marker.kind == "value"]
    needed = deviations_needed(len(values) * _N_MULTIPLES)
    for marker in values:
        n_equal = count_equal_times(marker.values, sample.endpoint.time, needed)
        if n_equal >= FEWEST_EVENTS and n_equal > EQUAL_TIMES * n_times:
            measured = f"repeats {n_equal / n_times:.0%} of the times of follow-up"
            yield Leak("after_entry", marker.column, measured, _REMEDY, finding="equal_times")


def count_equal_times(values: FloatArray, time: FloatArray, deviations: float = 0.0) -> int:
    """Different times at which the values are one and the same multiple of the time.

    Where both are whole numbers, that happens by chance: 0 unless the patients at that multiple are
    more than three times those expected if values were dealt anew, and more by ``deviations``
    standard deviations.
    """
    usable = np.isfinite(values) & (values > 0)
    if not usable.any():
        return 0
    logs = pd.DataFrame({"value": np.log(values[usable]), "time": np.log(time[usable])})
    # Whoever is followed to the end has one and the same time, and tells nothing.
    share = logs["time"].map(logs["time"].value_counts(normalize=True))
    logs = logs[share < _MOST_AT_ONE_TIME]
    if logs.empty:
        return 0
    logs["multiple"] = np.round((logs["value"] - logs["time"]) / _SAME)
    # One multiple at many times is a unit; at one time, it is a value that many patients share.
    by_multiple = logs.drop_duplicates(["multiple", "time"])["multiple"].value_counts()
    largest = by_multiple.head(_N_MULTIPLES)
    for multiple, n_equal in zip(largest.index.to_numpy(), largest, strict=True):
        seen = int((logs["multiple"] == multiple).sum())
        expected = _expect_equal(logs, multiple)
        if seen > max(_TIMES_CHANCE * expected, expected + deviations * np.sqrt(expected)):
            return int(n_equal)
    return 0


def _expect_equal(logs: pd.DataFrame, multiple: float) -> float:
    """Patients at this multiple if the values were dealt anew: the mean over all permutations."""
    ordered = np.sort(logs["value"].to_numpy())
    times = logs["time"].value_counts()
    low = times.index.to_numpy() + (multiple - 0.5) * _SAME
    inside = np.searchsorted(ordered, low + _SAME) - np.searchsorted(ordered, low)
    return float((times.to_numpy() * inside).sum() / len(logs))
