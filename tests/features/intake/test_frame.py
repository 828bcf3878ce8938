from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.frame import Unknown, make_frame_rules, read_frame

DICTIONARY = Dictionary.load()


def _read(frame: pd.DataFrame, unknown: Unknown = "refuse") -> pd.DataFrame:
    rules = make_frame_rules(list(map(str, frame)), DICTIONARY, unknown)
    assert rules is not None
    return read_frame(frame, rules).covariates


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
    values = _read(pd.DataFrame({"age": age}))
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
    values = _read(pd.DataFrame({"diabetes": diabetes}))
    assert values["diabetes"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_categories_of_any_type_become_codes_with_nan(dtype: str) -> None:
    frame = pd.DataFrame({"sex": pd.Series(["male", None, "female"], dtype=dtype)})
    sex = _read(frame)["sex"]
    assert list(sex.cat.categories) == ["female", "male"]
    assert sex.dropna().tolist() == ["male", "female"]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_column_all_missing_stays_all_missing(missing: object) -> None:
    frame = pd.DataFrame({name: [missing, missing] for name in DICTIONARY}, dtype=object)
    values = _read(frame)
    assert list(values) == list(DICTIONARY)
    assert values.isna().all(axis=None)


def test_absent_columns_stay_absent_and_nobody_is_a_valid_cohort() -> None:
    frame = pd.DataFrame({"age": pd.Series([], dtype="float64")})
    assert _read(frame).shape == (0, 1)


def test_columns_come_out_in_the_order_of_the_dictionary() -> None:
    frame = pd.DataFrame({"sex": ["male"], "age": [55]})
    assert list(_read(frame)) == ["age", "sex"]


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
        _read(frame)
    text = str(caught.value)
    assert "covariates: 5 problems" in text
    assert "age: age outside 18 to 110 years (1 row). Correct or leave out row 2" in text
    assert "sex: must be one of female, male (1 row). Correct or leave out row 3" in text
    assert "diabetes: must be yes or no (1 or 0) (1 row)" in text
    rule = "ldl_cholesterol: text where a number is expected"
    assert f"{rule} (1 row). Correct or leave out row 1" in text
    assert "ldl_cholesterol: an infinite number (1 row). Correct or leave out row 3" in text
    assert not any(value in text for value in ("987", "sekret", "high"))


def test_an_unknown_column_is_refused_or_ignored_as_asked() -> None:
    frame = pd.DataFrame({"age": [55], "shoe_size": [43]})
    with pytest.raises(CohortError, match="shoe_size: is not in the data dictionary"):
        _read(frame)
    assert list(_read(frame, "ignore")) == ["age"]


def test_a_column_given_twice_is_refused() -> None:
    frame = pd.DataFrame([[55, 56]], columns=["age", "age"])
    with pytest.raises(CohortError, match="is meant by 2 columns"):
        _read(frame, "ignore")
