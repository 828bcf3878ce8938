from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from models.covariates import check_covariates

DICTIONARY = Dictionary.load()


@pytest.mark.parametrize(
    "age",
    [
        pd.Series([55, 60]),
        pd.Series([55.0, 60.0], dtype="float32"),
        pd.Series([55, 60], dtype="Int64"),
        pd.Series(["55", " 60 "]),
        pd.Series([55, "60"], dtype=object),
    ],
    ids=["int", "float32", "nullable", "text", "mixed"],
)
def test_numbers_of_any_type_become_the_same_floats(age: pd.Series) -> None:
    values = check_covariates(pd.DataFrame({"age": age}), DICTIONARY).require_valid()
    assert values["age"].dtype == np.float64
    assert values["age"].tolist() == [55.0, 60.0]


@pytest.mark.parametrize(
    "diabetes",
    [
        pd.Series([True, False]),
        pd.Series([1, 0]),
        pd.Series([True, False], dtype="boolean"),
        pd.Series(["yes", "No"]),
        pd.Series([True, 0], dtype=object),
    ],
    ids=["bool", "int", "nullable", "text", "mixed"],
)
def test_booleans_of_any_type_become_one_and_zero(diabetes: pd.Series) -> None:
    values = check_covariates(pd.DataFrame({"diabetes": diabetes}), DICTIONARY).require_valid()
    assert values["diabetes"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_categories_of_any_type_become_text_with_nan(dtype: str) -> None:
    frame = pd.DataFrame({"sex": pd.Series(["male", None, "female"], dtype=dtype)})
    sex = check_covariates(frame, DICTIONARY).require_valid()["sex"]
    assert sex.dtype == "str"
    assert sex.dropna().tolist() == ["male", "female"]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_column_all_missing_stays_all_missing(missing: object) -> None:
    frame = pd.DataFrame({name: [missing, missing] for name in DICTIONARY}, dtype=object)
    values = check_covariates(frame, DICTIONARY).require_valid()
    assert list(values) == list(DICTIONARY)
    assert values.isna().all(axis=None)


def test_absent_columns_stay_absent_and_nobody_is_a_valid_cohort() -> None:
    frame = pd.DataFrame({"age": pd.Series([], dtype="float64")})
    assert check_covariates(frame, DICTIONARY).require_valid().shape == (0, 1)


def test_columns_come_out_in_the_order_of_the_dictionary() -> None:
    frame = pd.DataFrame({"sex": ["male"], "age": [55]})
    assert list(check_covariates(frame, DICTIONARY).values) == ["age", "sex"]


def test_what_breaks_the_dictionary_is_named_by_column_and_row_and_never_by_value() -> None:
    frame = pd.DataFrame(
        {
            "age": [55, 987, 60],
            "sex": ["male", "female", "sekret"],
            "diabetes": [0, 1, 7],
            "ldl_cholesterol": ["high", 130, np.inf],
        }
    )
    with pytest.raises(CohortError) as caught:
        check_covariates(frame, DICTIONARY).require_valid()
    text = str(caught.value)
    assert "covariates: 5 problems" in text
    assert "age: must lie between 18 and 110 years (1 row). Correct or leave out row 2" in text
    assert "sex: must be one of female, male (1 row). Correct or leave out row 3" in text
    assert "diabetes: must be yes or no (1 or 0) (1 row)" in text
    assert "ldl_cholesterol: must be a number (1 row). Correct or leave out row 1" in text
    assert not any(value in text for value in ("987", "sekret", "high", "inf"))


def test_rejects_list_each_row_and_rule_once() -> None:
    frame = pd.DataFrame({"age": [5, 55, 500], "sex": ["x", "male", "female"]})
    rejects = check_covariates(frame, DICTIONARY).rejects()
    assert list(zip(rejects["row"], rejects["column"], strict=True)) == [
        (1, "age"),
        (1, "sex"),
        (3, "age"),
    ]


def test_an_unknown_column_is_refused_or_ignored_as_asked() -> None:
    frame = pd.DataFrame({"age": [55], "shoe_size": [43]})
    with pytest.raises(CohortError, match="shoe_size: is not in the data dictionary"):
        check_covariates(frame, DICTIONARY)
    assert list(check_covariates(frame, DICTIONARY, unknown="ignore").values) == ["age"]


def test_a_column_given_twice_is_refused() -> None:
    frame = pd.DataFrame([[55, 56]], columns=["age", "age"])
    with pytest.raises(CohortError, match="stands there twice"):
        check_covariates(frame, DICTIONARY, unknown="ignore")
