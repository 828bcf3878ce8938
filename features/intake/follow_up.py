"""The endpoint of every row from the columns that the map names: time in years, and event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.cohort_map.entries import EndpointMap, Occurrence
from features.endpoint import CENSORED, COMPETING, EVENT
from features.intake.cells.conversion import (
    BLANK,
    Reading,
    code_cells,
    is_missing,
    normal_code,
    read_dates,
    read_numbers,
    report_unknown_codes,
)
from features.intake.validation.findings import Findings

LONGEST_YEARS = 100.0
"""No adult is followed for longer; nor did anybody enter longer ago whose cohort has this score."""
_MANY = 0.01
_SHORTEST_YEARS = 30 / 365.25
_OLDEST = 120.0
YEARS = {"years": 1.0, "months": 1 / 12, "weeks": 7 / 365.25, "days": 1 / 365.25, "date": 1.0}
_ONE_DAY = 1 / 365.25
_BLANK = (
    "Fill it in or leave the patient out; where an empty cell means that it did not happen, "
    "add '' to 'not' of the endpoint in the map"
)
_UNKNOWN = (
    "List it under 'is' (it happened) or 'not' (it did not) of this column in the endpoint of "
    "the map, or under 'missing'"
)


@dataclass(frozen=True)
class Clock:
    """What times are counted from: the entry dates, or the time of the chosen visit; and today."""

    today: date
    entry: pd.Series | None = None
    visit_time: pd.Series | None = None


def read_follow_up(
    cells: pd.DataFrame, endpoint: EndpointMap, clock: Clock, reading: Reading, findings: Findings
) -> pd.DataFrame:
    """Columns ``time`` (years since entry) and ``event`` (0, 1, 2) of every row.

    And ``start``, years on the clock of the endpoint, where the map names it. Faults go to the
    findings.

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
    entry = None if clock.entry is None else str(clock.entry.name)
    after_end = event & (event_time > followup + _ONE_DAY)
    _check_times(time, after_end, endpoint, entry, findings)
    read = pd.DataFrame({"time": time, "event": code}, index=cells.index)
    if endpoint.start:
        read["start"] = _read_time(cells[endpoint.start], endpoint, clock, reading, findings)
        _check_start(read["start"], time, endpoint, findings)
        read["time"] = time - read["start"]
    _check_unit(read["time"], endpoint, findings)
    return read


def age_as_start(follow_up: pd.DataFrame, age: pd.Series, findings: Findings) -> pd.DataFrame:
    """The follow-up with the age at entry as its start; who has none is a reject."""
    remedy = "Fill it in, or count time from entry: leave out 'time_scale'"
    findings.reject("age", "no age, which the time scale counts", remedy, age.isna())
    return follow_up.assign(start=age)


def _check_start(
    start: pd.Series, time: pd.Series, endpoint: EndpointMap, findings: Findings
) -> None:
    """Rows that were not under observation for any time that can be."""
    column = str(endpoint.start)
    remedy = "Fill it in; 0 is for who was under observation from the beginning"
    findings.reject(column, "no start of observation", remedy, start.isna())
    remedy = "Correct it; it counts on the clock of the endpoint's times"
    findings.reject(column, "observation starts before its clock does", remedy, start < 0)
    remedy = "Correct it, or leave out who had the event before observation began"
    late = (start >= time) & (time > 0)
    findings.reject(column, "observation starts at or after the end of follow-up", remedy, late)


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


def read_entry(
    text: pd.Series, endpoint: EndpointMap | None, today: date, reading: Reading, findings: Findings
) -> pd.Series | None:
    """Days of entry, or years where every cell is a year; None where nothing can be read.

    An endpoint in dates needs days. What has not come yet, or is longer ago than anybody is
    followed for, is a reject.
    """
    missing = is_missing(text, reading)
    in_dates = endpoint is not None and endpoint.unit == "date"
    years_alone = text[~missing].str.fullmatch(r"(1[89]|20)\d\d").all() and not missing.all()
    if years_alone and reading.date_format != "%Y":
        if in_dates:
            rule = "holds years, and the endpoint is in dates, which count from the day of entry"
            remedy = "Map the column with the day, or say date_format: '%Y' where only years exist"
            findings.problem(str(text.name), rule, remedy)
            return None
        years = read_numbers(text, missing, reading, findings)
        findings.reject(
            str(text.name), "a year in the future", "Correct the year", years > today.year
        )
        _refuse_past(years, today.year - LONGEST_YEARS, findings)
        return years
    dates = read_dates(text, missing, reading, findings)
    refuse_future(dates, today, findings)
    _refuse_past(dates, pd.Timestamp(today) - pd.DateOffset(years=int(LONGEST_YEARS)), findings)
    return dates


def _refuse_past(entry: pd.Series, earliest: float | pd.Timestamp, findings: Findings) -> None:
    rule = f"entry more than {LONGEST_YEARS:.0f} years ago"
    remedy = "Correct it; 1900 often stands for an empty cell and then goes under 'missing'"
    findings.reject(str(entry.name), rule, remedy, entry < earliest)


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
        if one.time and not time.isna().all():
            remedy = "Fill in the time or correct the indicator"
            findings.reject(one.time, f"no time though {one.column} says it happened", remedy, lost)
        first = first.fillna(np.inf).combine(time.where(happened, np.inf), np.minimum)
        first = first.replace(np.inf, np.nan)
    return first


def _happened(
    cells: pd.Series, one: Occurrence, endpoint: EndpointMap, reading: Reading, findings: Findings
) -> pd.Series:
    if one.present:
        return ~is_missing(cells, reading)
    beside = [
        other
        for other in (*endpoint.events, *endpoint.competing)
        if other.column == one.column and other is not one
    ]
    blank_is_no = "" in one.otherwise or any(other.present for other in beside)
    codes, yes = code_cells(cells, reading.decimal), {normal_code(v) for v in one.values}
    named = [value for other in beside for value in other.values]
    known = {normal_code(value) for value in (*named, *one.values, *one.otherwise)}
    missing = is_missing(cells, reading) & ~codes.isin(known)
    if blank_is_no:
        missing &= ~codes.isin(BLANK)
    if missing.all() and len(missing):
        findings.problem(one.column, "is empty in every row", "Map the column of the endpoint")
    elif one.column != one.time:
        rule = "no word on whether the event happened"
        findings.reject(one.column, rule, _BLANK, missing)
    unknown = ~codes.isin(known) & ~missing & ~codes.isin(BLANK)
    if any(other.present for other in beside):
        unknown &= False
    if one.column == one.time and unknown.any():
        rule = "is its own time"
        remedy = "Say 'present: true' where a filled cell means it happened"
        findings.problem(one.column, rule, remedy, int(unknown.sum()))
    elif one is _first_on_its_column(one, endpoint):
        report_unknown_codes(cells, unknown, findings, _UNKNOWN)
    return codes.isin(yes)


def _first_on_its_column(one: Occurrence, endpoint: EndpointMap) -> Occurrence:
    every = (*endpoint.events, *endpoint.competing)
    return next(other for other in every if other.column == one.column)


def check_ages(age: pd.Series, time: pd.Series, columns: str, findings: Findings) -> None:
    """Reject whoever would have been older than 120 at the end of follow-up."""
    rule = f"age and follow-up together of more than {_OLDEST:.0f} years"
    remedy = "Correct age or time; check 'unit' of the endpoint in the map"
    older = (age + time > _OLDEST) & (age <= _OLDEST) & (time <= LONGEST_YEARS)
    findings.reject(columns, rule, remedy, older)


def _check_unit(time: pd.Series, endpoint: EndpointMap, findings: Findings) -> None:
    """Times that are impossible as declared, and times so short that another unit is likely."""
    columns = ", ".join(endpoint.time_columns)
    too_long = time > LONGEST_YEARS
    rule = f"follow-up of more than {LONGEST_YEARS:.0f} years"
    if too_long.sum() > max(1, _MANY * len(time)):
        days = time / YEARS[endpoint.unit] * YEARS["days"]
        remedy = f"Check 'unit' in the map, which says {endpoint.unit}"
        if endpoint.unit not in ("date", "days") and days.max() <= LONGEST_YEARS:
            remedy += "; as days they would be possible"
        findings.problem(columns, rule, remedy, int(too_long.sum()))
        return
    remedy = "Correct it, or list its code under 'missing' in the map"
    findings.reject(columns, rule, remedy, too_long)
    if 0 < time.max() < _SHORTEST_YEARS and endpoint.unit != "date":
        rule = "nobody is followed for 30 days"
        findings.warn(columns, rule, f"Check 'unit' in the map, which says {endpoint.unit}")


def _check_times(
    time: pd.Series,
    after_end: pd.Series,
    endpoint: EndpointMap,
    entry: str | None,
    findings: Findings,
) -> None:
    columns = ", ".join(endpoint.time_columns)
    if time.isna().all():
        told = {problem.column for problem in findings.problems}
        if not told.intersection((*endpoint.columns, entry)):
            remedy = "Map the column of the follow-up time"
            findings.problem(columns, "holds no time at all", remedy)
        return
    remedy = "Correct the time; it counts from entry"
    findings.reject(columns, "no time of follow-up", "Fill it in", time.isna())
    findings.reject(columns, "follow-up of zero or negative time", remedy, time <= 0)
    remedy = "Correct the time of the event or of the end of follow-up"
    findings.reject(columns, "an event after the end of follow-up", remedy, after_end)
