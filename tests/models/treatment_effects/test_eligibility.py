from __future__ import annotations

import numpy as np
import pytest

from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.eligibility import check_eligibility, hangs_on_missing
from models.treatment_effects.what_if import offer

EFFECTS = TreatmentEffects.load()
PATIENT = {
    "statin_intensity": "none",
    "ldl_cholesterol": 140.0,
    "systolic_bp": 150.0,
    "smoking_status": "current",
    "diabetes": 0.0,
    "prior_cad": 0.0,
    "prior_stroke": 0.0,
    "prior_pad": 0.0,
    "age": 62.0,
    "cac_agatston": 20.0,
    "egfr": 80.0,
    "uacr": 10.0,
    "hdl_cholesterol": 50.0,
    "bp_treated": 0.0,
    "hscrp": 1.0,
    "sex": "female",
    "lipid_lowering": 0.0,
    "colchicine": 0.0,
    "triglycerides": 200.0,
    "icosapent_ethyl": 0.0,
    "sglt2_inhibitor": 0.0,
}


@pytest.mark.parametrize(
    ("name", "changes", "verdict"),
    [
        ("statin_high", {}, "eligible"),
        ("statin_high", {"statin_intensity": "high"}, "not_eligible"),
        ("statin_high", {"ldl_cholesterol": 69.9}, "not_eligible"),
        ("statin_high", {"ldl_cholesterol": np.nan}, "unknown"),
        ("smoking_cessation", {}, "eligible"),
        ("smoking_cessation", {"smoking_status": "former"}, "not_eligible"),
        ("smoking_cessation", {"smoking_status": None}, "unknown"),
        ("colchicine", {}, "not_eligible"),
        ("colchicine", {"prior_stroke": 1.0}, "eligible"),
        ("colchicine", {"prior_stroke": np.nan}, "unknown"),
        ("sglt2_inhibitor", {}, "not_eligible"),
        ("sglt2_inhibitor", {"diabetes": 1.0}, "eligible"),
        (
            "icosapent_ethyl",
            {"statin_intensity": "low", "diabetes": 1.0, "ldl_cholesterol": 90.0},
            "eligible",
        ),
        (
            "icosapent_ethyl",
            {"statin_intensity": "low", "ldl_cholesterol": 90.0},
            "not_eligible",
        ),
        (
            "icosapent_ethyl",
            {"statin_intensity": "low", "diabetes": 1.0, "ldl_cholesterol": 101.0},
            "not_eligible",
        ),
        ("bp_lowering", {"systolic_bp": 129.0}, "not_eligible"),
        ("vitamin_k2", {}, "eligible"),
    ],
)
def test_an_option_is_open_to_those_it_was_tested_in(
    name: str, changes: dict[str, object], verdict: str
) -> None:
    found = check_eligibility(EFFECTS[name].requirements, {**PATIENT, **changes})
    assert found.verdict == verdict


def test_what_is_missing_is_named() -> None:
    found = check_eligibility(EFFECTS["colchicine"].requirements, {"prior_cad": 0.0})
    assert found.reasons == ("colchicine", "prior_stroke", "egfr")


def test_a_patient_of_whom_nothing_is_known_is_refused_and_offered_nothing() -> None:
    results = offer(EFFECTS, {})
    assert set(results) == set(EFFECTS)
    assert "not_eligible" not in {result.verdict for result in results.values()}
    assert {result.decision for result in results.values()} == {"unclear", "no_estimate"}
    assert all(result.change is None for result in results.values())


@pytest.mark.parametrize(
    ("name", "known", "hangs"),
    [
        ("statin_high", {"ldl_cholesterol": 150.0}, False),  # silence: takes no statin
        ("statin_high", {"statin_intensity": "none"}, True),  # how much LDL there is to lower
        ("bempedoic_acid", {"ldl_cholesterol": 150.0}, True),  # who cannot take a statin
        ("colchicine", {}, True),  # tested in the ill
        ("aspirin", {"age": 60.0}, True),  # what it may cost must be known
        ("mediterranean_diet", {}, False),
        ("smoking_cessation", {}, True),
    ],
)
def test_silence_means_health_and_no_drug_but_never_an_illness(
    name: str, known: dict[str, object], hangs: bool
) -> None:
    option = EFFECTS[name]
    assert hangs_on_missing(option.requirements, known, option.variables[0]) == hangs
