"""The very columns that a hasty map would take for variables, under names that say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.leakage.gate import find_leaks
from tests.fast_part import fast_each
from tests.models.leakage.shipped import read_raw, real, with_column

CAUGHT = (
    *("HOSPMI", "MI_FCHD", "ANYCHD", "STROKE", "DEATH", "CVD"),
    *("TIMEAP", "TIMEMI", "TIMEMIFC", "TIMECHD", "TIMESTRK", "TIMEHYP", "TIMEDTH", "TIMECVD"),
)


def _outcome(column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    frame = read_raw("framingham").frame
    first = frame[pd.to_numeric(frame["PERIOD"]) == 1].set_index("RANDID")
    ids = real("framingham").columns.index
    return pd.to_numeric(first[column]).loc[ids].to_numpy(dtype=np.float64)


@pytest.mark.parametrize("column", fast_each(3, CAUGHT))
def test_an_outcome_is_caught_by_what_it_holds(column: str) -> None:
    subject = with_column(real("framingham"), "new_column", _outcome(column))
    assert {leak.column for leak in find_leaks(subject)} == {"new_column"}


@pytest.mark.parametrize("column", ["ANGINA", "HYPERTEN"])
def test_a_later_disease_that_says_little_of_the_event_is_not_caught(column: str) -> None:
    # Known limit: they look like a weak risk factor. The map's list of outcomes keeps them out.
    subject = with_column(real("framingham"), "new_column", _outcome(column))
    assert find_leaks(subject) == ()
