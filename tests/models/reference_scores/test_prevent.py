from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from features.dictionary.data_files import data_file
from models.reference_scores.prevent import Extension, Prevent, PreventOutcome
from models.reference_scores.prevent_terms import TERMS
from models.reference_scores.publication import read_entry
from tests.models.reference_scores.patients import HEALTHY, findings, frame, healthy

SUPPLEMENT = read_entry("prevent_2023.json")["worked_examples"]
VECTORS = pd.read_csv(data_file("reference/prevent_2023_test_vectors.csv")).to_dict("records")


@pytest.mark.parametrize("case", SUPPLEMENT["expected"])
def test_the_supplement_s_patient_has_the_published_risk_by_every_extension(
    case: dict[str, Any],
) -> None:
    table = frame({**SUPPLEMENT["inputs"], "sex": case["sex"]})
    score = Prevent(case["model"], case["outcome"])
    risk = score.predict_risk(table, [case["horizon"]])[0, 0]
    assert risk == pytest.approx(case["expected_risk"], abs=0.0005)


@pytest.mark.parametrize("row", VECTORS)
def test_the_published_base_examples_agree(row: dict[str, Any]) -> None:
    patient = {
        "age": row["age"],
        "sex": row["sex"],
        "total_cholesterol": row["tc"],
        "hdl_cholesterol": row["hdl"],
        "systolic_bp": row["sbp"],
        "diabetes": row["dm"],
        "smoking_status": "current" if row["smoking"] else "never",
        "bmi": row["bmi"],
        "egfr": row["egfr"],
        "bp_treated": row["bptx"],
        "statin_intensity": "low" if row["statin"] else "none",
    }
    horizon = {"10yr": 10, "30yr": 30}[row["horizon"]]
    risk = Prevent("base", row["outcome"]).predict_risk(frame(patient), [horizon])[0, 0]
    assert risk == pytest.approx(row["expected"], abs=0.0005)
    assert risk == pytest.approx(row["recomputed"], abs=1e-6)


@pytest.mark.parametrize("extension", get_args(Extension))
@pytest.mark.parametrize("horizon", [10, 30])
def test_every_label_of_the_coefficient_tables_has_its_term(extension: str, horizon: int) -> None:
    path = data_file(f"reference/prevent_2023_coef_{extension}_{horizon}yr.csv")
    labels = pd.read_csv(path)["beta_coefficients"]
    assert set(labels) <= set(TERMS)
    assert labels.is_unique


@pytest.mark.parametrize("outcome", get_args(PreventOutcome))
def test_only_inputs_with_a_coefficient_are_required(outcome: PreventOutcome) -> None:
    required = Prevent("base", outcome).required_inputs(10)
    assert ("bmi" in required) == (outcome == "heart_failure")
    assert ("total_cholesterol" in required) == (outcome != "heart_failure")


def test_a_known_body_mass_index_out_of_range_leaves_no_risk_though_it_is_not_required() -> None:
    score = Prevent("base")
    table = frame(*({**HEALTHY, "bmi": bmi} for bmi in (27.0, np.nan, 45.0)))
    assert np.isfinite(score.predict_risk(table, [10])[:, 0]).tolist() == [True, True, False]
    assert findings(score, table) == [("computed", "", 2), ("out of range", "bmi", 1)]


def test_thirty_year_risk_is_for_ages_up_to_59() -> None:
    score = Prevent("base")
    table = frame(*({**HEALTHY, "age": age} for age in (29, 30, 59.9, 60, 79.9, 80)))
    known = np.isfinite(score.predict_risk(table, [10, 30]))
    assert known[:, 0].tolist() == [False, True, True, True, True, False]
    assert known[:, 1].tolist() == [False, True, True, False, False, False]


def test_the_full_equation_does_without_one_of_its_three_and_says_so() -> None:
    score = Prevent("full")
    one, two = healthy(uacr=np.nan), healthy(uacr=np.nan, sdi=np.nan)
    assert np.isfinite(score.predict_risk(one, [10])).all()
    assert findings(score, one) == [("computed", "", 1), ("assumed", "uacr", 1)]
    assert np.isnan(score.predict_risk(two, [10])).all()
    assert findings(score, two) == [("computed", "", 0), ("input absent", "hba1c, uacr, sdi", 1)]


def test_a_missing_value_enters_the_full_equation_by_its_own_coefficient() -> None:
    score = Prevent("full")
    risks = score.predict_risk(frame({**HEALTHY, "uacr": 1.0}, {**HEALTHY, "uacr": np.nan}), [10])
    log_odds = np.log(risks[:, 0] / (1 - risks[:, 0]))
    # ln(1) = 0, so the two differ by the term for a missing ratio.
    table = pd.read_csv(data_file("reference/prevent_2023_coef_full_10yr.csv"))
    missing = table.set_index("beta_coefficients").loc["Missing ACR/PCR/Dipstick"]
    assert log_odds[1] - log_odds[0] == pytest.approx(missing["male_total_cvd"])


def test_filtration_rate_is_derived_from_creatinine() -> None:
    # CKD-EPI 2021 for a man of 60 with 0.9 mg/dL: 142 * 0.9938 ** 60.
    measured = {k: v for k, v in HEALTHY.items() if k != "egfr"} | {"creatinine": 0.9}
    known = {**HEALTHY, "egfr": 142 * 0.9938**60}
    risks = [Prevent("base").predict_risk(frame(p), [10])[0, 0] for p in (measured, known)]
    assert risks[0] == pytest.approx(risks[1])


def test_any_lipid_drug_stands_for_a_statin_where_statins_are_not_recorded() -> None:
    unrecorded = {k: v for k, v in HEALTHY.items() if k != "statin_intensity"}
    risks = [
        Prevent("base").predict_risk(frame(patient), [10])[0, 0]
        for patient in ({**unrecorded, "lipid_lowering": 1}, {**HEALTHY, "statin_intensity": "low"})
    ]
    assert risks[0] == risks[1]


@pytest.mark.parametrize(("decile", "same_as"), [(1, 3), (4, 6), (7, 10)])
def test_deprivation_counts_in_three_steps(decile: float, same_as: float) -> None:
    score = Prevent("sdi")
    table = frame({**HEALTHY, "sdi": decile}, {**HEALTHY, "sdi": same_as})
    risks = score.predict_risk(table, [10])[:, 0]
    assert risks[0] == risks[1]
