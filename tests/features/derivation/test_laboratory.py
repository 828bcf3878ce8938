from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.derivation.laboratory import ckd_epi_2021
from tests.features.derivation.one_patient import features_of


def rate(creatinine: float, age: float, is_male: float) -> float:
    return float(ckd_epi_2021(np.array([creatinine]), np.array([age]), np.array([is_male]))[0])


def test_the_national_kidney_foundation_s_example_is_met() -> None:
    # Man of 55 years with 1.2 mg/dL: 71.
    assert round(rate(1.2, 55, 1)) == 71


@pytest.mark.parametrize(
    ("creatinine", "age", "is_male", "expected"),
    [
        (0.9, 50, 1, 142 * 0.9938**50),
        (0.6, 40, 1, 142 * (0.6 / 0.9) ** -0.302 * 0.9938**40),
        (0.7, 50, 0, 142 * 0.9938**50 * 1.012),
        (0.5, 40, 0, 142 * (0.5 / 0.7) ** -0.241 * 0.9938**40 * 1.012),
        (2.0, 70, 0, 142 * (2.0 / 0.7) ** -1.2 * 0.9938**70 * 1.012),
    ],
)
def test_each_branch_of_ckd_epi_2021_is_as_published(
    creatinine: float, age: float, is_male: float, expected: float
) -> None:
    assert rate(creatinine, age, is_male) == pytest.approx(expected)


@pytest.mark.parametrize(
    "unknown", [(np.nan, 50, 1), (1.0, np.nan, 1), (1.0, 50, np.nan), (0, 50, 1)]
)
def test_without_creatinine_age_and_sex_there_is_no_estimate(
    unknown: tuple[float, float, float],
) -> None:
    assert np.isnan(rate(*unknown))


def test_a_recorded_rate_goes_before_the_estimate() -> None:
    found = features_of(egfr=40, creatinine=1.0, age=50, sex="male")
    assert (found["egfr"], found["egfr_below_60"]) == (40, 60 - 40)


def test_the_rate_is_estimated_where_creatinine_alone_is_given() -> None:
    found = features_of(creatinine=1.2, age=55, sex="male")
    assert found["egfr"] == pytest.approx(142 * (1.2 / 0.9) ** -1.2 * 0.9938**55)
    assert found["egfr_below_60"] == 0


@pytest.mark.parametrize(
    ("known", "any_", "macro"),
    [
        ({"albuminuria": "none"}, 0, 0),
        ({"albuminuria": "micro"}, 1, 0),
        ({"albuminuria": "macro"}, 1, 1),
        ({"uacr": 29}, 0, 0),
        ({"uacr": 30}, 1, 0),
        ({"uacr": 301}, 1, 1),
        ({"albuminuria": "none", "uacr": 301}, 0, 0),
    ],
)
def test_albuminuria_is_as_recorded_or_by_the_ratio(
    known: dict[str, object], any_: float, macro: float
) -> None:
    found = features_of(**known)
    assert (found["albuminuria_any"], found["albuminuria_macro"]) == (any_, macro)


def test_c_reactive_protein_is_flagged_from_2_mg() -> None:
    assert [features_of(hscrp=value)["hscrp_raised"] for value in (1.9, 2.0)] == [0, 1]


HEALTHY: dict[str, Any] = {
    "sex": "male",
    "waist": 90,
    "triglycerides": 100,
    "hdl_cholesterol": 45,
    "systolic_bp": 120,
    "diastolic_bp": 75,
    "bp_treated": 0,
    "glucose": 90,
    "diabetes": 0,
}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"diabetes": 1}, 1),
        ({"diabetes": 0}, 0),
        ({"hba1c": 6.5}, 1),
        ({"hba1c": 6.4}, 0),
        ({"glucose": 126}, 1),
        ({"diabetes": 0, "glucose": 140}, 1),
        ({"glucose": 125, "hba1c": 6.0}, 0),
        ({}, np.nan),
    ],
)
def test_diabetes_is_a_diagnosis_or_a_value_that_makes_it(
    known: dict[str, float], expected: float
) -> None:
    found = features_of(age=60, **known)["diabetes_criteria"]
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 0),
        ({"waist": 102}, 1),
        ({"waist": None, "bmi": 31}, 1),
        ({"waist": 90, "bmi": 31}, 0),
        ({"sex": "female"}, 1 + 1),
        ({"triglycerides": 150}, 1),
        ({"hdl_cholesterol": 39}, 1),
        ({"systolic_bp": 130}, 1),
        ({"diastolic_bp": 85}, 1),
        ({"bp_treated": 1}, 1),
        ({"glucose": 100}, 1),
        ({"glucose": None, "diabetes": 1}, 1),
        ({"waist": 110, "triglycerides": 200, "hdl_cholesterol": 30, "bp_treated": 1}, 4),
        ({"triglycerides": None}, np.nan),
        ({"waist": None}, np.nan),
        ({"sex": None}, np.nan),
    ],
)
def test_components_of_the_metabolic_syndrome_are_counted_where_all_are_known(
    change: dict[str, Any], count: float
) -> None:
    found = features_of(**(HEALTHY | change))["metabolic_syndrome_count"]
    assert found == pytest.approx(count, nan_ok=True)


@pytest.mark.parametrize(
    ("level", "deficient", "excess"),
    [(19.9, 1, 0), (20, 0, 0), (50, 0, 0), (50.1, 0, 1)],
)
def test_vitamin_d_is_flagged_at_both_ends(level: float, deficient: float, excess: float) -> None:
    found = features_of(vitamin_d=level)
    assert (found["vitamin_d_deficient"], found["vitamin_d_excess"]) == (deficient, excess)


def test_food_and_supplements_add_up_to_all_the_calcium() -> None:
    assert features_of(calcium_diet=700, calcium_supplement=500)["calcium_total"] == 700 + 500
    assert np.isnan(features_of(calcium_diet=700)["calcium_total"])


def test_vitamin_k2_enters_on_a_log_scale() -> None:
    assert features_of(vitamin_k2=180)["log_vitamin_k2"] == pytest.approx(np.log(180 + 1))
