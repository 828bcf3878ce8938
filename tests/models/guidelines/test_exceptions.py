"""Whom the general rules of the guidelines are not for."""

from __future__ import annotations

from itertools import product

import pytest

from tests.models.guidelines.test_guideline import SCORES, US, _patient

OBSTRUCTIVE = ("3", "4a", "4b", "5")
NO_KIDNEYS = (
    {"egfr": 29.9},
    {"egfr": 8.0},
    {"ckd_stage": "g4"},
    {"ckd_stage": "g5"},
    {"dialysis": 1.0},
)


@pytest.mark.parametrize("kidneys", NO_KIDNEYS)
@pytest.mark.parametrize("score", SCORES)
def test_aspirin_is_not_offered_with_failing_kidneys(
    kidneys: dict[str, object], score: float
) -> None:
    assert US.word_on_aspirin(_patient(cac_agatston=score, **kidneys)) == "Aspirin not recommended."


@pytest.mark.parametrize("kidneys", [{}, {"egfr": 30.0}, {"ckd_stage": "g3b"}, {"dialysis": 0.0}])
def test_kidneys_that_work_or_are_not_recorded_change_nothing(kidneys: dict[str, object]) -> None:
    assert "may be considered" in US.word_on_aspirin(_patient(cac_agatston=400.0, **kidneys))


@pytest.mark.parametrize("score", SCORES)
def test_what_does_this_patient_more_harm_is_not_offered(score: float) -> None:
    patient = _patient(cac_agatston=score)
    said = US.word_on_aspirin(patient, harmful=True)
    assert "may be considered" not in said
    assert ("harm likely exceeds" in said) == (score >= 100)
    assert ("may be considered" in US.word_on_aspirin(patient)) == (score >= 100)


@pytest.mark.parametrize("drugs", ["single", "dual"])
@pytest.mark.parametrize("score", SCORES)
def test_aspirin_is_not_offered_to_those_who_take_an_antiplatelet_drug(
    drugs: str, score: float
) -> None:
    said = US.word_on_aspirin(_patient(cac_agatston=score, antiplatelet=drugs))
    assert "considered" not in said
    assert said == "" or (drugs, said) == ("single", "Aspirin not recommended.")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"antiplatelet": "dual"}, "two antiplatelet drugs (vascular disease?)"),
        ({"cad_rads": "1"}, "plaque on CT angiography"),
        ({"cad_rads": "2"}, "plaque on CT angiography"),
        ({"plaque_volume": 0.5}, "plaque on CT angiography"),
        ({"noncalcified_plaque_volume": 300.0}, "plaque on CT angiography"),
        ({"low_attenuation_burden": 2.0}, "plaque on CT angiography"),
        ({"insulin": 1.0}, "treatment with insulin (diabetes?)"),
        ({"insulin": 1.0, "diabetes": None}, "treatment with insulin (diabetes?)"),
    ],
)
def test_disease_that_the_score_does_not_see_is_named(
    values: dict[str, object], named: str
) -> None:
    said = US.word_on_zero(_patient(cac_agatston=0.0, **values))
    assert said == f"A score of 0 does not justify deferring a statin here: {named}."


def test_no_plaque_and_one_drug_are_no_exceptions() -> None:
    clear = {"cad_rads": "0", "plaque_volume": 0.0, "noncalcified_plaque_volume": 0.0}
    said = US.word_on_zero(_patient(cac_agatston=0.0, antiplatelet="single", insulin=0.0, **clear))
    assert said == "A score of 0 supports deferring statin therapy."
    said = US.word_on_zero(_patient(cac_agatston=0.0, diabetes=1.0, insulin=1.0))
    assert said.endswith(": diabetes.")


@pytest.mark.parametrize("code", OBSTRUCTIVE)
@pytest.mark.parametrize("score", [None, *SCORES])
def test_an_obstructive_stenosis_is_coronary_disease(code: str, score: float | None) -> None:
    patient = _patient(cac_agatston=score, cad_rads=code, noncalcified_plaque_volume=300.0)
    ill = _patient(cac_agatston=score, prior_cad=1.0)
    for say in (US.ldl_goal, US.rescan, US.word_on_zero, US.word_on_aspirin):
        assert say(patient) == say(ill)
    found = US.ldl_goal(patient)
    assert found is not None and found.goal <= 70
    assert US.word_on_zero(patient) == ""


@pytest.mark.parametrize(
    "values",
    [
        {"prior_cac_agatston": 12.0},
        {"prior_cac_agatston": 0.4},
        {"prior_cac_volume": 30.0},
        {"cad_rads": "1"},
        {"noncalcified_plaque_volume": 300.0},
        {"antiplatelet": "dual"},
    ],
)
@pytest.mark.parametrize("diabetes", [0.0, 1.0, None])
def test_zero_is_not_scanned_again_after_years_where_disease_was_seen_before(
    values: dict[str, object], diabetes: float | None
) -> None:
    assert US.rescan(_patient(cac_agatston=0.0, diabetes=diabetes, **values)) == ""


def test_insulin_is_a_sign_of_diabetes_for_the_next_scan() -> None:
    assert "after 3 years" in US.rescan(_patient(cac_agatston=0.0, insulin=1.0))


@pytest.mark.parametrize(
    ("prior_cad", "score", "percentile"),
    list(product((0.0, 1.0), (0.0, 20.0, 150.0, 300.0, 999.9, 1000.0), (None, 20.0, 90.0))),
)
def test_the_lowest_goal_of_all_that_hold_is_told(
    prior_cad: float, score: float, percentile: float | None
) -> None:
    patient = _patient(prior_cad=prior_cad, cac_agatston=score, cac_percentile=percentile)
    held = [goal.goal for goal in US.goals if goal.when.holds(patient)]
    found = US.ldl_goal(patient)
    assert (None if found is None else found.goal) == (min(held) if held else None)


@pytest.mark.parametrize("score", [*SCORES, None])
def test_known_disease_has_no_laxer_goal(score: float | None) -> None:
    ill, well = (US.ldl_goal(_patient(prior_cad=known, cac_agatston=score)) for known in (1.0, 0.0))
    assert ill is not None
    assert well is None or ill.goal <= well.goal


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    "more", [{}, {"prior_cad": 1.0}, {"smoking_status": "current"}, {"diabetes": 1.0}]
)
def test_on_dialysis_no_statement_asks_for_lipid_drugs(
    score: float, more: dict[str, object]
) -> None:
    patient = _patient(cac_agatston=score, **more)
    unknown = ({"egfr": 10.0}, {"ckd_stage": "g5"})
    for kidneys in ({"dialysis": 1.0}, *unknown):
        held = {**patient, **kidneys}
        assert US.ldl_goal(held) is None and US.ldl_gap(held) is None
        assert "treat." not in US.rescan(held)
        assert "supports" not in US.word_on_zero(held)
        assert "justify" not in US.word_on_zero(held) or "dialysis" not in kidneys
        off = {**held, "dialysis": 0.0}
        assert US.ldl_goal(off) == US.ldl_goal(patient)
        assert US.rescan(off) == US.rescan(patient)


def test_the_score_of_a_patient_on_dialysis_is_not_repeated() -> None:
    said = US.rescan(_patient(cac_agatston=400.0, dialysis=1.0))
    assert said == "No routine repeat scan."


@pytest.mark.parametrize("ill", [{"prior_cad": 1.0}, {"prior_stroke": 1.0}, {"cad_rads": "4a"}])
@pytest.mark.parametrize(
    "bleeds",
    [
        {"anticoagulant": "doac"},
        {"vitamin_k_antagonist": 1.0},
        {"bleeding_history": 1.0},
        {"egfr": 20.0},
        {"dialysis": 1.0},
    ],
)
def test_with_known_disease_a_raised_risk_of_bleeding_is_said(
    ill: dict[str, object], bleeds: dict[str, object]
) -> None:
    patient = {**_patient(cac_agatston=400.0), **ill}
    said = US.word_on_aspirin(patient)
    assert said.startswith("Antiplatelet therapy as recommended") and "bleeding" not in said
    warned = US.word_on_aspirin({**patient, **bleeds})
    assert warned.startswith("Antiplatelet therapy as recommended") and "bleeding risk" in warned
