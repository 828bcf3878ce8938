from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest

from features.errors import CohortError
from models.estimator.tables import make_cohort

PATIENTS = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "age": [50, 60, 70],
        "sex": ["female", "male", "male"],
        "years": [1.0, 2.0, 3.0],
        "event": [1, 0, 0],
        "died": [0, 0, 1],
    }
)


def test_a_table_of_another_library_becomes_the_same_cohort() -> None:
    roles: dict[str, Any] = {"time": "years", "event": "event", "competing": "died"}
    roles |= {"patient_id": "id"}
    one, other = (make_cohort(table, **roles) for table in (PATIENTS, pl.from_pandas(PATIENTS)))
    pd.testing.assert_frame_equal(one.covariates, other.covariates)
    assert one.endpoint is not None
    assert one.endpoint.event.tolist() == [1, 0, 2]
    assert list(one.covariates.index) == ["a", "b", "c"]


def test_what_breaks_the_dictionary_is_named_and_no_value_is() -> None:
    odd = PATIENTS.assign(age=[50, 4711, 70]).drop(columns="died")
    with pytest.raises(CohortError, match="age") as refused:
        make_cohort(odd, time="years", event="event", patient_id="id")
    assert "4711" not in str(refused.value)


def test_a_column_that_is_no_variable_is_refused_unless_ignored() -> None:
    with pytest.raises(CohortError, match="died"):
        make_cohort(PATIENTS, time="years", event="event", patient_id="id")
    kept = make_cohort(PATIENTS, time="years", event="event", patient_id="id", ignore=["died"])
    assert list(kept.covariates) == ["age", "sex"]


def test_a_patient_twice_and_a_column_that_is_not_there_are_refused() -> None:
    with pytest.raises(CohortError, match="more than once"):
        twice = PATIENTS.assign(id=["a", "a", "c"])
        make_cohort(twice, time="years", event="event", patient_id="id", ignore=["died"])
    with pytest.raises(CohortError, match="tme: is no column"):
        make_cohort(PATIENTS, time="tme", event="event")


def test_days_are_not_taken_for_years_and_a_patient_without_a_name_is_refused() -> None:
    days = PATIENTS.assign(years=PATIENTS["years"] * 365.25)
    roles: dict[str, Any] = {"time": "years", "event": "event", "competing": "died"}
    roles |= {"patient_id": "id"}
    with pytest.raises(CohortError, match="years: follow-up of more than 100 years") as refused:
        make_cohort(days, **roles)
    assert "365" not in str(refused.value)
    with pytest.raises(CohortError, match="id: is missing"):
        make_cohort(PATIENTS.assign(id=PATIENTS["id"].where(PATIENTS["id"] != "b")), **roles)
