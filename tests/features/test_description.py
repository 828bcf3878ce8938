from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.description import missingness, table_one
from features.disclosure import SMALL
from features.endpoint import Endpoint


@pytest.fixture
def cohort() -> Cohort:
    covariates = pd.DataFrame(
        {
            "age": np.repeat(np.arange(40.0, 80.0), 10),
            "sex": ["female"] * 100 + ["male"] * 300,
            "diabetes": [1.0] * 103 + [0.0] * 227 + [np.nan] * 70,
        },
        index=pd.Index([f"p{i}" for i in range(400)], name="patient_id"),
    )
    event = np.array([1] * 100 + [2] * 100 + [0] * 200, dtype=np.int8)
    return Cohort("c", covariates, Endpoint(np.full(400, 5.0), event))


def test_numbers_have_quartiles_and_levels_counts_by_what_became_of_the_patients(
    cohort: Cohort,
) -> None:
    table = table_one(cohort).set_index(["variable", "level_or_unit"])
    names = ["overall", "event", "competing", "censored"]
    assert table[names].to_numpy()[0].tolist() == ["400", "100", "100", "200"]
    # ten each of the ages 40 to 49: the 25th of 0 to 99 lies at 24.75, between 42 and 42
    assert table.loc[("age", "years"), "event"] == "44.5 (42 to 47)"
    assert table.loc[("sex", "female"), "overall"] == "100 (25 %)"
    assert table.loc[("sex", "female"), "event"] == "100"
    assert table.loc[("diabetes", "yes"), "missing"] == "70 (17.5 %)"


def _row(cohort: Cohort, variable: str, level: str) -> dict[str, str]:
    table = table_one(cohort)
    chosen = (table["variable"] == variable) & (table["level_or_unit"] == level)
    [row] = table[chosen].to_dict("records")
    return {str(column): str(told) for column, told in row.items()}


def test_no_cell_tells_of_fewer_than_ten_and_none_can_be_had_by_subtraction(
    cohort: Cohort,
) -> None:
    row = _row(cohort, "diabetes", "yes")
    # 103 in all, 100 with the event, 3 with the competing one
    assert row["overall"] == "100 (30 %)"
    assert row["event"] == "100"
    assert row["competing"] == SMALL
    assert row["censored"] == "0"


def test_a_share_does_not_tell_how_few_have_no_value(cohort: Cohort) -> None:
    cohort.covariates["diabetes"] = [1.0, 0.0] * 200
    cohort.covariates.loc["p0":"p3", "diabetes"] = np.nan
    row = _row(cohort, "diabetes", "yes")
    assert row["missing"] == SMALL
    assert row["overall"] == "200 (50 %)"  # 198 of 396, as 200 of 400


def test_missingness_is_listed_most_missing_first_and_small_counts_are_hidden(
    cohort: Cohort,
) -> None:
    cohort.covariates.loc["p0":"p1", "age"] = np.nan
    table = missingness(cohort).set_index("variable")
    assert table.index[0] == "diabetes"
    assert table.loc["diabetes", "share"] == pytest.approx(70 / 400)
    assert table.loc["diabetes", "censored"] == pytest.approx(70 / 200)
    assert table.loc["age", "missing"] == SMALL
    assert table["share"].isna().tolist() == [name == "age" for name in table.index]


def test_a_column_all_missing_and_one_patient_are_described(cohort: Cohort) -> None:
    cohort.covariates["bmi"] = np.nan
    table = table_one(cohort).set_index("variable")
    assert table.loc["bmi", "overall"] == ""
    assert table.loc["bmi", "missing"] == "400 (100.0 %)"
    one = table_one(cohort.take([0])).set_index("variable")
    assert one.loc["age", "overall"] == SMALL
