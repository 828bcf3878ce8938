from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from features.dictionary.data_files import data_file
from models.reference_scores.publication import read_entry
from models.reference_scores.score2 import Region, Score2
from tests.models.reference_scores.patients import HEALTHY, findings, healthy, percent


def _rows(name: str) -> list[dict[str, Any]]:
    table = pd.read_csv(data_file(f"reference/{name}"))
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _patient(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "age": row["age"],
        "sex": row["sex"],
        "smoking_status": "current" if row["current_smoker"] else "never",
        "systolic_bp": row["sbp"],
        "diabetes": row["diabetes"],
        "total_cholesterol": row["tc_mmol"] * 38.67,
        "hdl_cholesterol": row["hdl_mmol"] * 38.67,
    }


def _region(row: dict[str, Any]) -> Region:
    return cast(Region, row["risk_region"].lower().replace(" ", "_"))


@pytest.mark.parametrize("row", _rows("score2_test_vectors.csv"))
def test_the_published_examples_agree_to_a_tenth_of_a_point(row: dict[str, Any]) -> None:
    risk = percent(Score2(_region(row)), _patient(row))
    assert risk == pytest.approx(row["expected_pct"], abs=0.1)


@pytest.mark.parametrize("example", read_entry("score2_2021.json")["abstract_examples"]["expected"])
def test_the_smoker_of_the_abstract_has_the_risk_stated_there(example: dict[str, Any]) -> None:
    smoker = {"age": 50, "current_smoker": 1, "sbp": 140, "diabetes": 0, "tc_mmol": 5.5}
    patient = _patient({**smoker, "hdl_mmol": 1.3, "sex": example["sex"]})
    risk = percent(Score2(example["region"]), patient)
    assert round(risk, 1) == example["expected_percent"]


@pytest.mark.parametrize("row", _rows("score2_op_test_vectors.csv"))
def test_score2_op_agrees_with_the_published_whole_percentages(row: dict[str, Any]) -> None:
    risk = percent(Score2(_region(row), older=True), _patient(row))
    assert round(risk) == row["expected_whole_pct"]


def test_the_two_scores_share_out_the_ages_at_seventy() -> None:
    younger, older = Score2("low"), Score2("low", older=True)
    for age, has_risk in (
        (39.9, (0, 0)),
        (69.9, (1, 0)),
        (70, (0, 1)),
        (89.9, (0, 1)),
        (90, (0, 0)),
    ):
        risks = [score.predict_risk(healthy(age=age), [10]) for score in (younger, older)]
        assert [int(np.isfinite(risk).all()) for risk in risks] == list(has_risk)


def test_people_with_diabetes_have_a_risk_by_score2_op_alone() -> None:
    table = healthy(diabetes=1)
    assert np.isnan(Score2("high").predict_risk(table, [10])).all()
    assert ("not for these patients", "diabetes", 1) in findings(Score2("high"), table)
    older = {**HEALTHY, "age": 75}
    score = Score2("high", older=True)
    assert percent(score, {**older, "diabetes": 1}) > percent(score, older)
