from __future__ import annotations

import numpy as np
import pandas as pd

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from models.explanation.reasons import is_unknown, rank_reasons

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
