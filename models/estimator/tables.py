"""A cohort made from a table of any library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.errors import CohortError, Problem
from features.intake.frame import read_covariates
from models.estimator.frames import read_table
from models.estimator.target import read_target


def make_cohort(
    table: Any,
    *,
    time: str,
    event: str,
    competing: str | None = None,
    patient_id: str | None = None,
    name: str = "table",
    ignore: Sequence[str] = (),
) -> Cohort:
    """A cohort from a table whose columns are called and scaled as in the data dictionary.

    ``time`` (years) and ``event`` (0 censored, 1 event, 2 competing event), or ``competing`` (0 or
    1, at the same time), name columns of the table; ``ignore`` those to be left out. A file of
    other names and units needs a map (README). Raises CohortError naming columns and rows that
    break the dictionary.
    """
    frame = read_table(table)
    roles = [one for one in (time, event, competing, patient_id) if one is not None]
    absent = [one for one in (*roles, *ignore) if one not in frame]
    if absent:
        rule = "is no column of the table"
        raise CohortError([Problem(one, rule, "Correct the name") for one in absent], name)
    index = pd.RangeIndex(len(frame)) if patient_id is None else pd.Index(frame[patient_id])
    index = pd.Index(index.astype("str"), name="patient_id")
    if index.has_duplicates:
        rows = int(index.duplicated(keep=False).sum())
        rule = "stands there more than once"
        remedy = "Keep one row per patient"
        raise CohortError([Problem(patient_id or "rows", rule, remedy, rows)], name)
    covariates = frame.drop(columns=[*roles, *ignore]).set_axis(index)
    checked = read_covariates(covariates, Dictionary.load())
    return Cohort(name, checked, _endpoint(frame, time, event, competing))


def _endpoint(frame: pd.DataFrame, time: str, event: str, competing: str | None) -> Endpoint:
    named = {"time": frame[time], "event": frame[event]}
    if competing is not None:
        named["competing"] = frame[competing]
    return read_target(pd.DataFrame(named))
