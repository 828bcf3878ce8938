"""Every treatment with a figure in two patients, worked out by hand, and a combination of three."""

from __future__ import annotations

import math

import pytest

from tests.models.treatment_effects.by_hand import EFFECTS, HEALTHY, HIGH, LOW, ask, incidence

MMOL = 38.67

# option, what is particular of the first and the second patient, the relative effect by hand and
# the number needed to treat over ten years: first at hazards .02 and .01, second at .006 and .004
CASES = [
    ("statin_high", {"ldl_cholesterol": 160.0}, 0.79 ** (80 / MMOL), 16,
     {"ldl_cholesterol": 95.0, "statin_intensity": "moderate"},
     0.79 ** (95 * (1 - 0.50 / 0.60) / MMOL), 196),
    ("statin_moderate", {"ldl_cholesterol": 160.0}, 0.79 ** (64 / MMOL), 20,
     {"ldl_cholesterol": 120.0, "statin_intensity": "low"},
     0.79 ** (120 * (1 - 0.60 / 0.75) / MMOL), 133),
    ("ezetimibe", {"ldl_cholesterol": 95.0, "statin_intensity": "high", "cac_agatston": 1200.0},
     0.79 ** (0.227 * 95 / MMOL), 52,
     {"ldl_cholesterol": 150.0, "age": 80.0}, 0.79 ** (0.227 * 150 / MMOL), 96),
    ("bempedoic_acid", {"ldl_cholesterol": 130.0, "diabetes": 1.0}, 0.87, 49,
     {"ldl_cholesterol": 101.0, "prior_stroke": 1.0}, 0.87, 139),
    ("pcsk9_inhibitor",
     {"ldl_cholesterol": 95.0, "statin_intensity": "high", "cac_agatston": 1200.0},
     0.79 ** (0.55 * 95 / MMOL), 23,
     {"ldl_cholesterol": 80.0, "statin_intensity": "high", "prior_cad": 1.0},
     0.79 ** (0.55 * 80 / MMOL), 77),
    ("icosapent_ethyl",
     {"triglycerides": 200.0, "ldl_cholesterol": 80.0, "statin_intensity": "high",
      "prior_cad": 1.0}, 0.75, 25,
     {"triglycerides": 300.0, "ldl_cholesterol": 60.0, "statin_intensity": "low",
      "diabetes": 1.0}, 0.75, 72),
    ("bp_lowering", {"systolic_bp": 150.0}, 0.83, 37, {"systolic_bp": 130.0}, 0.83, 106),
    ("ace_inhibitor", {"prior_cad": 1.0, "ras_inhibitor": 0.0}, 0.83, 37,
     {"diabetes": 1.0, "ras_inhibitor": 0.0}, 0.83, 106),
    ("angiotensin_receptor_blocker", {"prior_cad": 1.0, "ras_inhibitor": 0.0}, 0.92, 80,
     {"diabetes": 1.0, "ras_inhibitor": 0.0}, 0.92, 226),
    ("aspirin", {"cac_agatston": 300.0}, 0.89, 58, {"cac_agatston": 100.0, "age": 69.0}, 0.89, 164),
    ("colchicine", {"prior_cad": 1.0}, 0.88, 53, {"prior_stroke": 1.0}, 0.88, 150),
    ("sglt2_inhibitor", {"diabetes": 1.0, "prior_cad": 1.0}, 0.91, 71,
     {"egfr": 45.0}, 0.91, 200),
    ("glp1_agonist", {"diabetes": 1.0, "prior_stroke": 1.0}, 0.86, 46,
     {"diabetes": 1.0, "age": 61.0}, 0.86, 129),
    ("semaglutide", {"prior_cad": 1.0, "bmi": 31.0, "hba1c": 5.8}, 0.80, 32,
     {"prior_pad": 1.0, "bmi": 27.0, "hba1c": 6.4}, 0.80, 90),
    ("mediterranean_diet_coronary", {"prior_cad": 1.0, "mediterranean_score": 3.0}, 0.753, 26,
     {"prior_pci": 1.0, "mediterranean_score": 5.0}, 0.753, 73),
    ("smoking_cessation", {"smoking_status": "current"}, 0.61, 16,
     {"smoking_status": "current", "cac_agatston": 0.0}, 0.61, 46),
    ("smoking_cessation_coronary", {"smoking_status": "current", "prior_cad": 1.0}, 0.68, 20,
     {"smoking_status": "current", "prior_pci": 1.0}, 0.68, 56),
    ("physical_activity", {"activity_minutes": 0.0}, 0.86, 46, {"activity_minutes": 75.0},
     0.86**0.5, 248),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[str(case[0]) for case in CASES])
def test_an_option_alone_does_what_its_trial_found(case: tuple[object, ...]) -> None:
    name, first, by_hand, needed, second, by_hand_second, needed_second = case
    for particular, hazards, relative, number in (
        (first, HIGH, by_hand, needed),
        (second, LOW, by_hand_second, needed_second),
    ):
        result = ask({**HEALTHY, **particular}, str(name), hazards=hazards).options[0]  # type: ignore[dict-item]
        change = result.change
        assert change is not None, result.reasons
        assert change.relative_effect.estimate == pytest.approx(relative)
        assert change.before == pytest.approx(incidence(hazards))
        assert change.after.estimate == pytest.approx(incidence(hazards, float(str(relative))))
        assert change.number_needed_to_treat is not None
        assert change.number_needed_to_treat.estimate == number


def test_every_option_with_a_figure_is_worked_out_by_hand() -> None:
    with_figures = {name for name, option in EFFECTS.items() if option.effect is not None}
    assert with_figures == {case[0] for case in CASES}


@pytest.mark.parametrize(("hazards", "needed"), [(HIGH, 13), (LOW, 36)])
def test_statin_pressure_and_aspirin_together_multiply(
    hazards: tuple[float, float], needed: int
) -> None:
    patient = {
        **HEALTHY,
        "ldl_cholesterol": 160.0,
        "systolic_bp": 150.0,
        "cac_agatston": 300.0,
    }
    answer = ask(patient, "statin_moderate", "bp_lowering", "aspirin", hazards=hazards)
    # LDL 160 less 40 % is 64 mg/dL, 1.655 mmol/L
    statin = 0.79 ** (64 / MMOL)
    assert answer.combined is not None and not answer.bounded
    relative = answer.combined.relative_effect
    assert relative.estimate == pytest.approx(statin * 0.83 * 0.89)
    assert relative.estimate == pytest.approx(0.5001, abs=1e-4)
    spread = math.hypot(
        64 / MMOL * math.log(0.81 / 0.77), math.log(0.88 / 0.78), math.log(0.94 / 0.84)
    )
    assert math.log(relative.high / relative.low) == pytest.approx(spread)
    assert answer.combined.number_needed_to_treat is not None
    assert answer.combined.number_needed_to_treat.estimate == needed
