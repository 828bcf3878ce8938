from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.errors import ModelError
from models.explanation.explanation import Explanation, is_unknown, rank_reasons


class Stub(NamedTuple):
    name: str
    variable: str
    group: str


CATALOGUE = (
    Stub("age", "age", "demographic"),
    Stub("log_cac", "cac_agatston", "calcium"),
    Stub("no_cac", "cac_agatston", "calcium"),
    Stub("smoker", "smoking_status", "lifestyle"),
    Stub("unused", "height", "vital"),
)
NAMES = ("log_cac", "age", "smoker", "no_cac")
OTHER = np.array([-0.01, -0.002])
VALUES = np.array([[0.04, 0.02, -0.01, 0.005], [-0.02, 0.0001, 0.0, -0.01]])


@pytest.fixture
def explanation() -> Explanation:
    return _checked(VALUES, 0.08 + OTHER + VALUES.sum(axis=1))


def _checked(values: np.ndarray, risk: np.ndarray) -> Explanation:
    index = pd.Index(["a", "b"])
    return Explanation.checked(values, OTHER, 0.08, risk, NAMES, 10.0, index, np.zeros((2, 1)))


def test_features_are_summed_to_variables_in_the_order_of_the_catalogue(
    explanation: Explanation,
) -> None:
    summed = explanation.by_variable(CATALOGUE)  # type: ignore[arg-type]
    assert list(summed.columns) == ["age", "cac_agatston", "smoking_status"]
    assert summed.iloc[0].tolist() == pytest.approx([0.02, 0.04 + 0.005, -0.01])
    groups = explanation.by_group(CATALOGUE)  # type: ignore[arg-type]
    assert list(groups.columns) == ["demographic", "calcium", "lifestyle"]
    np.testing.assert_allclose(groups.sum(axis=1), explanation.risk - 0.08 - OTHER)


def test_contributions_that_do_not_add_up_are_refused() -> None:
    risk = 0.08 + OTHER + VALUES.sum(axis=1)
    risk[1] += 2e-6
    with pytest.raises(ModelError, match="1 of 2"):
        _checked(VALUES, risk)
    with pytest.raises(ModelError):
        _checked(VALUES * np.nan, risk)


DICTIONARY = Dictionary.load()


def _name(contributions: dict[str, list[float]], covariates: pd.DataFrame) -> list[list[str]]:
    features = derive_features(covariates)
    ranked = rank_reasons(pd.DataFrame(contributions), covariates, features, DICTIONARY, 3)
    return [[str(text) for text in reason.tell()] for reason in ranked]


def test_reasons_are_the_largest_contributions_in_signed_percentage_points() -> None:
    covariates = pd.DataFrame({"age": [60.0, 50.0], "cac_agatston": [0.0, 1.0]})
    reasons = _name({"age": [0.01, 0.0], "cac_agatston": [-0.042, 0.0004]}, covariates)
    calcium = "Coronary calcium score (Agatston)"
    assert reasons == [[f"{calcium} -4.2", ""], ["Age +1.0", ""], ["", ""]]


def test_what_is_no_number_stands_with_its_value_and_the_unknown_says_so() -> None:
    covariates = pd.DataFrame(
        {
            "diabetes": [0.0, 1.0, np.nan],
            "smoking_status": pd.array(["current", None, "never"], dtype="str"),
            "ldl_cholesterol": [np.nan, 100.0, 100.0],
        }
    )
    shares = {"diabetes": [-0.03] * 3, "smoking_status": [0.02] * 3, "ldl_cholesterol": [0.01] * 3}
    first, second, third = _name(shares, covariates)
    assert first == ["Diabetes: no -3.0", "Diabetes: yes -3.0", "Diabetes: not recorded -3.0"]
    assert second == ["Smoking: current +2.0", "Smoking: not recorded +2.0", "Smoking: never +2.0"]
    assert third[:2] == ["LDL cholesterol: not recorded +1.0", "LDL cholesterol +1.0"]


def test_what_others_tell_is_not_unknown() -> None:
    covariates = pd.DataFrame({"height": [180.0, np.nan], "weight": [90.0, 90.0]})
    features = derive_features(covariates)
    assert is_unknown("bmi", covariates, features).tolist() == [False, True]
    assert is_unknown("age", covariates, features).tolist() == [True, True]


def test_nobody_has_no_reasons() -> None:
    assert _name({"age": []}, pd.DataFrame({"age": np.array([], float)})) == [[], [], []]
