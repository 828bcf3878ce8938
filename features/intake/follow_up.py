"""The endpoint of every row from the columns that the map names: time in years, and event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.cohort_map.entries import EndpointMap, Occurrence
from features.endpoint import CENSORED, COMPETING, EVENT
from features.intake.conversion import (
    Reading,
    code_cells,
    is_missing,
    normal_code,
    read_dates,
    read_numbers,
    report_unknown_codes,
)
from features.intake.validation.findings import Findings

YEARS = {"years": 1.0, "months": 1 / 12, "weeks": 7 / 365.25, "days": 1 / 365.25, "date": 1.0}
_ONE_DAY = 1 / 365.25


@dataclass(frozen=True)
class Clock:
    """What times are counted from: the entry dates, or the time of the chosen visit; and today."""

    today: date
    entry: pd.Series | None = None
    visit_time: pd.Series | None = None


def read_follow_up(
    cells: pd.DataFrame, endpoint: EndpointMap, clock: Clock, reading: Reading, findings: Findings
) -> pd.DataFrame:
    """Columns ``time`` (years) and ``event`` (0, 1, 2) of every row; faults go to the findings.

    The first of the events is the event; a competing event counts only where it came before. On
    the same day the event counts (a fatal event is both).
    """
    times = _read_times(cells, endpoint, clock, reading, findings)
    event_time = _first(cells, endpoint.events, endpoint, times, reading, findings)
    competing_time = _first(cells, endpoint.competing, endpoint, times, reading, findings)
    if endpoint.horizon is not None:
        happened = event_time.notna()
        return pd.DataFrame({"time": endpoint.horizon, "event": happened.astype("int8")})
    followup = times[endpoint.followup] if endpoint.followup else pd.DataFrame(times).max(axis=1)
    event = event_time.notna() & ~(competing_time < event_time)
    competing = competing_time.notna() & ~event
    time = event_time.where(event, competing_time.where(competing, followup))
    code = np.select([event, competing], [EVENT, COMPETING], CENSORED).astype("int8")
    _check_times(time, event & (event_time > followup + _ONE_DAY), endpoint, findings)
    return pd.DataFrame({"time": time, "event": code}, index=cells.index)


def _read_times(
    cells: pd.DataFrame, endpoint: EndpointMap, clock: Clock, reading: Reading, findings: Findings
) -> dict[str, pd.Series]:
    named = [one.time for one in (*endpoint.events, *endpoint.competing)]
    columns = dict.fromkeys(name for name in (*named, endpoint.followup) if name)
    return {name: _read_time(cells[name], endpoint, clock, reading, findings) for name in columns}


def _read_time(
    cells: pd.Series, endpoint: EndpointMap, clock: Clock, reading: Reading, findings: Findings
) -> pd.Series:
    missing = is_missing(cells, reading)
    if endpoint.unit == "date" and clock.entry is not None:
        dates = read_dates(cells, missing, reading, findings)
        refuse_future(dates, clock.today, findings)
        return (dates - clock.entry).dt.days / 365.25
    numbers = read_numbers(cells, missing, reading, findings)
    if clock.visit_time is not None:
        numbers = numbers - clock.visit_time
    return numbers * YEARS[endpoint.unit]


def refuse_future(dates: pd.Series, today: date, findings: Findings) -> None:
    """Reject the rows whose date has not come yet."""
    future = dates > pd.Timestamp(today)
    findings.reject(str(dates.name), "a date in the future", "Correct the date", future)


def _first(
    cells: pd.DataFrame,
    occurrences: Sequence[Occurrence],
    endpoint: EndpointMap,
    times: dict[str, pd.Series],
    reading: Reading,
    findings: Findings,
) -> pd.Series:
    """The time of the first of these that happened, NaN where none did; 0 without times."""
    first = pd.Series(np.nan, index=cells.index)
    for one in occurrences:
        happened = _happened(cells[one.column], one, endpoint, reading, findings)
        time = times[one.time] if one.time else pd.Series(0.0, index=cells.index)
        lost = happened & time.isna()
        if one.time:
            remedy = "Fill in the time or correct the indicator"
            findings.reject(one.time, f"no time though {one.column} says it happened", remedy, lost)
        first = first.fillna(np.inf).combine(time.where(happened, np.inf), np.minimum)
        first = first.replace(np.inf, np.nan)
    return first


def _happened(
    cells: pd.Series, one: Occurrence, endpoint: EndpointMap, reading: Reading, findings: Findings
) -> pd.Series:
    beside = [
        other.values
        for other in (*endpoint.events, *endpoint.competing)
        if other.column == one.column
    ]
    if one.present:
        return ~is_missing(cells, reading)
    codes, yes = code_cells(cells), {normal_code(value) for value in one.values}
    known = {normal_code(value) for values in (*beside, one.otherwise) for value in values}
    missing = is_missing(cells, reading) & ~codes.isin(known)
    if missing.all():
        findings.problem(one.column, "is empty in every row", "Map the column of the endpoint")
    elif one.column != one.time:
        remedy = "Fill it in or leave the patient out"
        findings.reject(one.column, "no word on whether the event happened", remedy, missing)
    unknown = ~codes.isin(known) & ~missing
    if one.column == one.time and unknown.any():
        rule, remedy = (
            "is its own time",
            "Say 'present: true' where a filled cell means it happened",
        )
        findings.problem(one.column, rule, remedy, int(unknown.sum()))
    elif one is _first_on_its_column(one, endpoint):
        report_unknown_codes(cells, unknown, findings)
    return codes.isin(yes)


def _first_on_its_column(one: Occurrence, endpoint: EndpointMap) -> Occurrence:
    every = (*endpoint.events, *endpoint.competing)
    return next(other for other in every if other.column == one.column)


def _check_times(
    time: pd.Series, after_end: pd.Series, endpoint: EndpointMap, findings: Findings
) -> None:
    columns = ", ".join(dict.fromkeys(one.time for one in endpoint.events if one.time))
    if time.isna().all():
        findings.problem(columns, "holds no time at all", "Map the column of the follow-up time")
        return
    remedy = "Correct the time; it counts from entry"
    findings.reject(columns, "no time of follow-up", "Fill it in", time.isna())
    findings.reject(columns, "follow-up of zero or negative time", remedy, time <= 0)
    remedy = "Correct the time of the event or of the end of follow-up"
    findings.reject(columns, "an event after the end of follow-up", remedy, after_end)
