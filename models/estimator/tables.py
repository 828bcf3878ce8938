"""A cohort made from a table of any library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from features.endpoint import SINCE_ENTRY, Endpoint
from features.errors import CohortError, Problem
from features.intake.follow_up import LONGEST_YEARS
from features.intake.frame import read_covariates
from models.estimator.frames import read_table
from models.estimator.sample_columns import SampleColumns
from models.estimator.target import read_target, read_yes_or_no


def make_cohort(
    table: Any,
    *,
    time: str | None = None,
    event: str,
    competing: str | None = None,
    horizon: float | None = None,
    patient_id: str | None = None,
    name: str = "table",
    ignore: Sequence[str] = (),
    start: str | None = None,
    time_scale: str = SINCE_ENTRY,
    any_death: bool = False,
    sample_weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    subcohort: str | None = None,
    sampling_fraction: str | float | None = None,
    case_cohort: str | None = None,
    cases: str | None = None,
) -> Cohort:
    """A cohort from a table whose columns are called and scaled as in the data dictionary.

    ``time`` (years) and ``event`` (0 censored, 1 event, 2 competing event), or ``competing`` (0 or
    1, at the same time), name columns of the table; ``ignore`` those to be left out. ``start`` is
    that of observation where entry was delayed, times then being on the same clock, ``time_scale``
    ("age" for ages). ``any_death``: the event is death from any cause, so that nothing competes.
    ``sample_weight``, ``stratum`` and ``cluster`` are those of a survey.

    Where only a yes or no is known, ``horizon`` says by how many years, in place of ``time``, and
    ``event`` is 0 or 1 for everyone.

    Of a case-cohort sample, ``subcohort`` (0 or 1) says who was drawn from the cohort whatever
    became of them, ``sampling_fraction`` with what probability (a number, or the column of those
    of strata), ``case_cohort`` how cases weigh ("borgan", "barlow" or "prentice") and ``cases``
    whether all with the "event" were taken or, with the competing event too, "both".

    A file of other names and units needs a map (README). Raises CohortError naming columns and rows
    that break the dictionary, times that are no years, or who is neither in the subcohort nor a
    case.
    """
    frame = read_table(table)
    drawn = (subcohort, sampling_fraction, case_cohort, cases)
    sample = SampleColumns(sample_weight, stratum, cluster, *drawn)
    named = (time, event, competing, patient_id, start, *sample.columns)
    roles = [one for one in named if one is not None]
    absent = [one for one in (*roles, *ignore) if one not in frame]
    if absent:
        rule = "is no column of the table"
        raise CohortError([Problem(one, rule, "Correct the name") for one in absent], name)
    index = pd.RangeIndex(len(frame)) if patient_id is None else pd.Index(frame[patient_id])
    if nameless := int(np.asarray(index.isna()).sum()):
        remedy = "Fill it in, or leave 'patient_id' out"
        raise CohortError([Problem(patient_id or "rows", "is missing", remedy, nameless)], name)
    index = pd.Index(index.astype("str"), name="patient_id")
    if index.has_duplicates:
        rows = int(index.duplicated(keep=False).sum())
        rule = "stands there more than once"
        remedy = "Keep one row per patient"
        raise CohortError([Problem(patient_id or "rows", rule, remedy, rows)], name)
    covariates = frame.drop(columns=[*roles, *ignore]).set_axis(index)
    checked = read_covariates(covariates, Dictionary.load())
    read = _endpoint(frame, time, event, competing, start, time_scale, horizon)
    survey = sample.read(frame, read, event)
    return Cohort(name, checked, replace(read, survey=survey, any_death=any_death))


def _endpoint(
    frame: pd.DataFrame,
    time: str | None,
    event: str,
    competing: str | None,
    start: str | None,
    time_scale: str,
    horizon: float | None,
) -> Endpoint:
    if horizon is not None:
        timed = {"time": time, "competing": competing, "start": start}
        beside = [role for role, column in timed.items() if column is not None]
        beside += [] if time_scale == SINCE_ENTRY else ["time_scale"]
        if beside:
            rule = "is given beside a horizon, by which only a yes or no is known"
            raise CohortError([Problem(one, rule, "Leave one of them out") for one in beside], "y")
        return read_yes_or_no(frame[event], horizon, event)
    if time is None:
        rule = "is not named"
        remedy = "Name the column of times, or the horizon of a yes or no"
        raise CohortError([Problem("time", rule, remedy)], "y")
    named = {"time": frame[time], "event": frame[event]}
    if competing is not None:
        named["competing"] = frame[competing]
    if start is not None:
        named["start"] = frame[start]
    read = read_target(pd.DataFrame(named), time_scale)
    if too_long := int((read.time > LONGEST_YEARS).sum()):
        rule = f"follow-up of more than {LONGEST_YEARS:.0f} years"
        raise CohortError([Problem(time, rule, "Give years, not days or months", too_long)], "y")
    return read
