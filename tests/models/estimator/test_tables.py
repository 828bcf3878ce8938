from __future__ import annotations

from typing import Any

import numpy as np
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


def test_a_yes_or_no_by_a_horizon_becomes_the_cohort_that_a_map_makes_of_it() -> None:
    table = PATIENTS.drop(columns=["years", "died"])
    for event in ([1, 0, 0], [True, False, False], [1.0, 0.0, 0.0]):
        made = make_cohort(table.assign(event=event), event="event", horizon=10, patient_id="id")
        assert made.endpoint is not None
        assert made.endpoint.horizon == 10 and made.endpoint.is_fixed_horizon
        assert made.endpoint.event.tolist() == [1, 0, 0]
        assert made.endpoint.time.tolist() == [10, 10, 10]
        assert list(made.covariates) == ["age", "sex"]


@pytest.mark.parametrize("event", [[1, 0, None], [1, 0, 2], ["yes", "no", "no"]])
def test_of_a_yes_or_no_an_unknown_event_is_never_a_no(event: list[Any]) -> None:
    table = PATIENTS.drop(columns=["years", "died"]).assign(event=event)
    with pytest.raises(CohortError, match=r"event: (must be 0|is no number)"):
        make_cohort(table, event="event", horizon=10, patient_id="id")


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ({"time": "years", "horizon": 10}, "time: is given beside a horizon"),
        ({"competing": "died", "horizon": 10}, "competing: is given beside"),
        ({"time_scale": "age", "horizon": 10}, "time_scale: is given beside"),
        ({}, "time: is not named"),
        *(({"horizon": years}, "horizon: must be one number") for years in (0, -1, 3652, np.nan)),
    ],
)
def test_times_and_a_horizon_are_never_guessed_from_one_another(
    roles: dict[str, Any], told: str
) -> None:
    with pytest.raises(CohortError, match=told):
        make_cohort(PATIENTS, event="event", patient_id="id", ignore=["died", "years"], **roles)
