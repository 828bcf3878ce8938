"""What is said of a treatment in patients whom a cardiologist would know at once."""

from __future__ import annotations

import pytest

from tests.models.treatment_effects.by_hand import EFFECTS, HEALTHY, HIGH, LOW, ask

STENT = {**HEALTHY, "prior_cad": 1.0, "prior_pci": 1.0, "cac_agatston": 1620.0}
AT_CALCIUM = {**HEALTHY, "cac_agatston": 300.0}


@pytest.mark.parametrize(
    ("option", "patient", "decision"),
    [
        # a stent and calcium: a statin whatever LDL is
        ("statin_high", {**STENT, "ldl_cholesterol": 35.0}, "recommended"),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 140.0}, "consider"),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 65.0}, "unclear"),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 65.0, "cac_agatston": 9.0}, "no_estimate"),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 65.0, "cac_agatston": 400.0}, "recommended"),
        # calcium of 1,200 on a statin with LDL of 95
        (
            "ezetimibe",
            {
                **HEALTHY,
                "cac_agatston": 1200.0,
                "statin_intensity": "high",
                "ldl_cholesterol": 95.0,
            },
            "recommended",
        ),
        (
            "pcsk9_inhibitor",
            {
                **HEALTHY,
                "cac_agatston": 1200.0,
                "statin_intensity": "high",
                "ldl_cholesterol": 95.0,
            },
            "consider",
        ),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 4.9 * 38.67}, "recommended"),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 140.0, "ten_year_risk": 0.1}, "recommended"),
        ("statin_high", {**HEALTHY, "ldl_cholesterol": 140.0, "ten_year_risk": 0.09}, "consider"),
        (
            "statin_moderate",
            {**HEALTHY, "ldl_cholesterol": 140.0, "cac_agatston": 20.0, "cac_percentile": 75.0},
            "recommended",
        ),
        (
            "statin_moderate",
            {**HEALTHY, "ldl_cholesterol": 140.0, "cac_agatston": 20.0, "cac_percentile": 74.9},
            "consider",
        ),
        ("semaglutide", {**STENT, "bmi": 30.0, "hba1c": 5.5}, "consider"),
        ("semaglutide", {**STENT, "bmi": 30.0, "hba1c": 5.5, "insulin": 1.0}, "no_estimate"),
        ("semaglutide", {**STENT, "bmi": 30.0, "hba1c": 5.5, "glucose": 130.0}, "no_estimate"),
        ("aspirin", AT_CALCIUM, "consider"),
        ("aspirin", {**HEALTHY, "cac_agatston": 0.0}, "harm"),
        ("aspirin", {**AT_CALCIUM, "age": 70.0}, "harm"),
        ("aspirin", {**AT_CALCIUM, "age": 39.0}, "no_estimate"),
        ("aspirin", {**AT_CALCIUM, "vitamin_k_antagonist": 1.0}, "harm"),
        ("aspirin", {**AT_CALCIUM, "vitamin_k_antagonist": None}, "unclear"),
        ("aspirin", {**AT_CALCIUM, "anticoagulant": "doac"}, "harm"),
        ("aspirin", {**AT_CALCIUM, "bleeding_history": 1.0}, "harm"),
        # what trials of primary prevention left out is no word against aspirin there
        ("aspirin", {**AT_CALCIUM, "prior_pad": 1.0}, "no_estimate"),
        ("aspirin", {**AT_CALCIUM, "prior_aaa": 1.0}, "no_estimate"),
        ("aspirin", {**STENT, "age": 75.0}, "no_estimate"),
        ("aspirin", {"age": 60.0, "sex": "male"}, "unclear"),
        ("smoking_cessation", {**HEALTHY, "smoking_status": "current"}, "recommended"),
        ("smoking_cessation_coronary", {**STENT, "smoking_status": "current"}, "recommended"),
        ("bp_lowering", {**HEALTHY, "systolic_bp": 145.0}, "recommended"),
        ("bp_lowering", {**HEALTHY, "systolic_bp": 132.0}, "consider"),
        ("vitamin_k2", HEALTHY, "no_estimate"),
        ("semaglutide", {**STENT, "bmi": 30.0, "hba1c": 6.6}, "no_estimate"),
        ("semaglutide", {**STENT, "bmi": 30.0, "hba1c": 5.5, "age": 44.0}, "no_estimate"),
        ("sglt2_inhibitor", {**HEALTHY, "diabetes": 1.0, "age": 40.0}, "no_estimate"),
        ("sglt2_inhibitor", {**STENT, "diabetes": 1.0}, "recommended"),
        ("sglt2_inhibitor", {**HEALTHY, "heart_failure": 1.0}, "consider"),
        ("sglt2_inhibitor", {**HEALTHY, "heart_failure": 0.0}, "no_estimate"),
        ("ace_inhibitor", {**STENT, "heart_failure": 0.0}, "consider"),
        # the trials behind the figures left out heart failure
        ("ace_inhibitor", {**STENT, "heart_failure": 1.0}, "no_estimate"),
        ("angiotensin_receptor_blocker", {**STENT, "heart_failure": 1.0}, "no_estimate"),
        (
            "icosapent_ethyl",
            {**STENT, "triglycerides": 200.0, "ldl_cholesterol": 120.0, "statin_intensity": "high"},
            "no_estimate",
        ),
        (
            "bempedoic_acid",
            {**HEALTHY, "ldl_cholesterol": 130.0, "age": 45.0, "cac_agatston": 0.0},
            "no_estimate",
        ),
    ],
)
def test_the_decision_is_the_one_of_the_trials_and_guidelines(
    option: str, patient: dict[str, object], decision: str
) -> None:
    assert ask(patient, option, hazards=HIGH).options[0].decision == decision


@pytest.mark.parametrize("unknown", ["prior_cad", "prior_stroke", "prior_pad"])
@pytest.mark.parametrize(
    "known",
    [
        {"cac_agatston": 0.0},
        {"age": 75.0},
        {"bleeding_history": 1.0},
        {"cac_agatston": 0.0, "antiplatelet": "dual"},
    ],
)
def test_aspirin_is_not_called_harmful_where_disease_that_it_treats_is_not_recorded(
    unknown: str, known: dict[str, object]
) -> None:
    result = ask({**AT_CALCIUM, **known, unknown: None}, "aspirin").options[0]
    assert result.decision == "no_estimate" and result.reasons
    # nor by counting bleeds against events
    counted = ask({**AT_CALCIUM, unknown: None}, "aspirin", hazards=LOW).options[0]
    assert counted.decision == "unclear"


def test_two_antiplatelet_drugs_are_never_called_harmful() -> None:
    patient = {**HEALTHY, "cac_agatston": 0.0, "antiplatelet": "dual"}
    assert ask(patient, "aspirin").options[0].decision == "no_estimate"
    # one drug in a healthy person is another matter
    assert ask({**patient, "antiplatelet": "single"}, "aspirin").options[0].decision == "harm"


def test_aspirin_does_more_harm_where_more_must_be_treated_than_bleed() -> None:
    result = ask(AT_CALCIUM, "aspirin", hazards=LOW).options[0]
    # 210 for one bleed in 6.4 years is 134 in ten; 164 must be treated for one event less
    assert result.needed_to_harm == pytest.approx(210 * 6.4 / 10)
    assert result.change is not None and result.change.number_needed_to_treat is not None
    assert result.change.number_needed_to_treat.estimate == 164
    assert result.decision == "harm"
    assert "than to cause one major bleeding" in result.reasons[0]
    assert ask(AT_CALCIUM, "aspirin", hazards=HIGH).options[0].decision == "consider"


ON_LDL = [name for name, option in EFFECTS.items() if "ldl_cholesterol" in option.variables]
WITHOUT_RATE = {**STENT, "diabetes": 1.0, "ldl_cholesterol": 150.0, "egfr": None}


@pytest.mark.parametrize("name", ON_LDL)
@pytest.mark.parametrize("statin", ["none", "low", "moderate", "high"])
def test_on_dialysis_no_drug_for_ldl_is_started_and_a_statin_is_kept(
    name: str, statin: str
) -> None:
    patient = {**STENT, "dialysis": 1.0, "egfr": 8.0, "ldl_cholesterol": 150.0}
    result = ask({**patient, "statin_intensity": statin}, name).options[0]
    assert result.decision == "no_estimate" and result.change is None
    assert any("on dialysis" in reason for reason in result.reasons)
    if "statin" in name:
        assert any("already taken is continued" in reason for reason in result.reasons)


def test_without_dialysis_failing_kidneys_are_no_word_against_a_statin() -> None:
    patient = {**STENT, "dialysis": 0.0, "egfr": 8.0, "ldl_cholesterol": 150.0}
    assert ask(patient, "statin_high").options[0].decision == "recommended"
    silent = {**patient, "dialysis": None, "egfr": 15.0}
    assert ask(silent, "statin_high").options[0].decision == "recommended"


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("sglt2_inhibitor", {"dialysis": 1.0}),
        ("sglt2_inhibitor", {"ckd_stage": "g5"}),
        ("colchicine", {"dialysis": 1.0}),
        ("colchicine", {"ckd_stage": "g5"}),
        ("colchicine", {"ckd_stage": "g4"}),
    ],
)
def test_a_stage_of_kidney_disease_says_what_its_filtration_rate_would(
    option: str, known: dict[str, object]
) -> None:
    result = ask({**WITHOUT_RATE, **known}, option).options[0]
    assert result.decision == "no_estimate" and result.change is None
    assert [reason for reason in result.reasons if "kidney function is below" in reason]
    assert ask(WITHOUT_RATE, option).options[0].reasons[-1:] == ("egfr",)


@pytest.mark.parametrize("name", ["statin_high", "statin_moderate"])
def test_new_diabetes_befalls_nobody_who_has_diabetes(name: str) -> None:
    patient = {**HEALTHY, "ldl_cholesterol": 160.0}
    without = ask(patient, name).options[0]
    assert without.harm is not None and without.harm.name == "new diabetes"
    assert without.needed_to_harm == pytest.approx(255 * 4 / 10)
    by_drug: dict[str, object] = {"diabetes": None, "insulin": 1.0}
    for known in ({"diabetes": 1.0}, by_drug, {"hba1c": 6.7}, {"glucose": 140.0}):
        ill = ask({**patient, **known}, name).options[0]
        assert ill.harm is None and ill.needed_to_harm is None
    assert ask({**patient, "diabetes": None}, name).options[0].needed_to_harm is not None


@pytest.mark.parametrize("hazards", [HIGH, LOW])
@pytest.mark.parametrize("age", [45.0, 60.0, 69.0, 75.0])
@pytest.mark.parametrize("score", [0.0, 100.0, 300.0])
def test_what_is_called_harmful_says_why(
    hazards: tuple[float, float], age: float, score: float
) -> None:
    patient = {**HEALTHY, "age": age, "cac_agatston": score, "ldl_cholesterol": 160.0}
    for result in ask(patient, *_one_of_each(), hazards=hazards).options:
        assert result.decision != "harm" or (all(result.reasons) and result.reasons)


def _one_of_each() -> list[str]:
    """Every option, but of those that exclude each other the first."""
    first: dict[str, str] = {}
    for name, option in EFFECTS.items():
        first.setdefault(option.exclusive or name, name)
    return list(first.values())


def test_no_guideline_on_primary_prevention_alone_recommends_to_who_has_coronary_disease() -> None:
    diseased = {**STENT, "smoking_status": "current", "activity_minutes": 30.0, "diabetes": 1.0}
    credited = [
        one.option.recommended_by
        for name in EFFECTS
        for one in ask(diseased, name).options
        if one.decision == "recommended"
    ]
    assert len(credited) > 3
    for guideline in credited:
        assert "primary prevention" not in guideline or "with coronary disease" in guideline
