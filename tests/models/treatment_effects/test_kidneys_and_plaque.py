"""What kidneys that fail, and disease seen on CT angiography, mean for treatments."""

from __future__ import annotations

import pytest

from tests.models.treatment_effects.by_hand import EFFECTS, HEALTHY, ask

AT_CALCIUM = {**HEALTHY, "cac_agatston": 400.0, "ldl_cholesterol": 150.0}
ON_LDL = [name for name, option in EFFECTS.items() if "ldl_cholesterol" in option.variables]


@pytest.mark.parametrize(
    "kidneys",
    [
        {"dialysis": 1.0},
        {"dialysis": 1.0, "egfr": None},
        {"egfr": 29.9},
        {"egfr": 8.0},
        {"egfr": None, "ckd_stage": "g4"},
        {"egfr": None, "ckd_stage": "g5"},
    ],
)
@pytest.mark.parametrize("score", [100.0, 400.0, 2000.0])
def test_aspirin_does_more_harm_where_failing_kidneys_make_people_bleed(
    kidneys: dict[str, object], score: float
) -> None:
    result = ask({**AT_CALCIUM, **kidneys, "cac_agatston": score}, "aspirin").options[0]
    assert result.decision == "harm"
    assert "with kidney function below 30" in result.reasons[0]


def test_aspirin_is_left_open_where_nothing_is_known_of_the_kidneys() -> None:
    result = ask({**AT_CALCIUM, "egfr": None}, "aspirin").options[0]
    assert result.decision == "unclear" and result.reasons == ("egfr",)
    for known in ({"egfr": 30.0}, {"egfr": None, "ckd_stage": "g3b"}):
        assert ask({**AT_CALCIUM, **known}, "aspirin").options[0].decision == "consider"


@pytest.mark.parametrize("option", ["aspirin", "colchicine", "sglt2_inhibitor"])
def test_of_stage_and_filtration_rate_the_worse_counts(option: str) -> None:
    ill = {"diabetes": 1.0} if option == "aspirin" else {"diabetes": 1.0, "prior_cad": 1.0}
    for kidneys in ({"egfr": 12.0, "ckd_stage": "g2"}, {"egfr": 80.0, "ckd_stage": "g5"}):
        found = ask({**AT_CALCIUM, **ill, **kidneys}, option).options[0]
        assert found.decision in ("harm", "no_estimate")


@pytest.mark.parametrize(
    ("kidneys", "decision"),
    [
        ({"egfr": 30.0}, "consider"),
        ({"egfr": 29.9}, "no_estimate"),
        ({"egfr": None, "ckd_stage": "g4"}, "no_estimate"),
        ({"egfr": None, "ckd_stage": "g3b"}, "consider"),
        ({"egfr": None}, "unclear"),
    ],
)
def test_bempedoic_acid_is_for_kidneys_that_its_trials_held(
    kidneys: dict[str, object], decision: str
) -> None:
    patient = {**AT_CALCIUM, **kidneys}
    assert ask(patient, "bempedoic_acid").options[0].decision == decision


@pytest.mark.parametrize("name", ON_LDL)
@pytest.mark.parametrize("kidneys", [{"egfr": 14.9}, {"egfr": None, "ckd_stage": "g5"}])
@pytest.mark.parametrize("statin", ["none", "moderate", "high"])
def test_with_the_kidneys_of_dialysis_no_drug_for_ldl_is_offered_before_dialysis_is_known(
    name: str, kidneys: dict[str, object], statin: str
) -> None:
    patient = {**AT_CALCIUM, "prior_cad": 1.0, **kidneys, "statin_intensity": statin}
    without = ask({**patient, "dialysis": 0.0}, name).options[0]
    silent = ask({**patient, "dialysis": None}, name).options[0]
    assert silent.decision not in ("recommended", "consider")
    if without.decision in ("recommended", "consider"):
        assert silent.decision == "unclear" and "dialysis" in silent.reasons


@pytest.mark.parametrize("code", ["3", "4a", "4b", "5"])
def test_an_obstructive_stenosis_is_coronary_disease_whatever_the_score(code: str) -> None:
    patient = {**HEALTHY, "cac_agatston": 0.0, "ldl_cholesterol": 65.0, "cad_rads": code}
    assert ask(patient, "statin_high").options[0].decision == "recommended"
    assert ask(patient, "colchicine").options[0].decision in ("consider", "unclear")
    aspirin = ask(patient, "aspirin").options[0]
    assert aspirin.decision == "no_estimate"
    assert "the trials excluded vascular disease" in aspirin.reasons


@pytest.mark.parametrize("code", ["0", "1", "2", None])
def test_a_lesser_stenosis_is_none(code: str | None) -> None:
    patient = {**HEALTHY, "cac_agatston": 0.0, "ldl_cholesterol": 65.0, "cad_rads": code}
    assert ask(patient, "statin_high").options[0].decision == "no_estimate"
    assert ask(patient, "aspirin").options[0].decision == "harm"


def test_a_stenosis_is_no_infarction() -> None:
    patient = {**HEALTHY, "cad_rads": "5", "bmi": 31.0, "hba1c": 5.5}
    assert ask(patient, "semaglutide").options[0].decision == "no_estimate"
