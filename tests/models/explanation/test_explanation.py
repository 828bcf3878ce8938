from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from models.explanation.explanation import Explanation


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
LABELS = {"age": "Age", "cac_agatston": "Calcium score", "smoking_status": "Smoking"}
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


def test_reasons_are_signed_percentage_points_largest_first(explanation: Explanation) -> None:
    reasons = explanation.top_reasons(2, CATALOGUE, LABELS)  # type: ignore[arg-type]
    assert reasons.index.tolist() == ["a", "a", "b"]  # b's second would read +0.0
    assert reasons["label"].tolist() == ["Calcium score", "Age", "Calcium score"]
    assert reasons["points"].tolist() == pytest.approx([4.5, 2.0, -3.0])
    assert reasons["rank"].tolist() == [1, 2, 1]


def test_contributions_that_do_not_add_up_are_refused() -> None:
    risk = 0.08 + OTHER + VALUES.sum(axis=1)
    risk[1] += 2e-6
    with pytest.raises(ModelError, match="1 of 2"):
        _checked(VALUES, risk)
    with pytest.raises(ModelError):
        _checked(VALUES * np.nan, risk)
