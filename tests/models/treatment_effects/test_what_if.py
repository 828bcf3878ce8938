from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from features.errors import HorizonError, ModelError
from models.risk.absolute_risk import FixedHorizonLink
from models.treatment_effects.change import Interval, Setting
from models.treatment_effects.course import Course, counting, joint_effect
from models.treatment_effects.what_if import WhatIf, evaluate, evaluate_all, what_if, without_statin
from tests.models.treatment_effects.by_hand import EFFECTS, HEALTHY, HIGH, ask, incidence, link_of

LINK = link_of(HIGH)
NOTHING = np.zeros(2)
PATIENT = {
    **HEALTHY,
    "ldl_cholesterol": 38.67 * 4,
    "systolic_bp": 150.0,
    "smoking_status": "current",
    "mediterranean_score": 3.0,
    "cac_agatston": 400.0,
    "diabetes": 1.0,
    "ras_inhibitor": 0.0,
    "sglt2_inhibitor": 0.0,
    "bp_treated": 1.0,
    "activity_minutes": 0.0,
}


def _ask(*chosen: str) -> WhatIf:
    return ask(PATIENT, *chosen)


def test_the_hazard_of_the_event_is_multiplied_and_that_of_death_left_alone() -> None:
    change = _ask("sglt2_inhibitor").options[0].change
    assert change is not None
    assert change.before == pytest.approx(incidence(HIGH))
    assert change.after.estimate == pytest.approx(incidence(HIGH, 0.91))
    assert change.after.low == pytest.approx(incidence(HIGH, 0.87))
    assert change.after.high == pytest.approx(incidence(HIGH, 0.96))
    assert change.reduction.estimate == pytest.approx(incidence(HIGH) - incidence(HIGH, 0.91))
    assert change.reduction.low == pytest.approx(incidence(HIGH) - incidence(HIGH, 0.96))
    assert change.number_needed_to_treat is not None
    assert change.number_needed_to_treat.low == math.ceil(1 / change.reduction.high)


def test_an_uncertain_risk_widens_what_is_said_of_a_treatment() -> None:
    limits = (incidence(HIGH, 0.5), incidence(HIGH, 2.0))
    sure = _ask("bp_lowering").options[0].change
    unsure = ask(PATIENT, "bp_lowering", limits=limits).options[0].change
    assert sure is not None and unsure is not None
    assert unsure.reduction.estimate == sure.reduction.estimate
    # At half the hazard the reduction is by hand ARR_half; limits join by the squares (MOVER).
    half = incidence(HIGH, 0.5) - incidence(HIGH, 0.5 * 0.83)
    twice = incidence(HIGH, 2.0) - incidence(HIGH, 2.0 * 0.83)
    estimate = sure.reduction.estimate
    low = estimate - math.hypot(estimate - half, estimate - sure.reduction.low)
    high = estimate + math.hypot(twice - estimate, sure.reduction.high - estimate)
    assert unsure.reduction.low == pytest.approx(low, abs=1e-9)
    assert unsure.reduction.high == pytest.approx(high, abs=1e-9)
    assert unsure.after.low < sure.after.low and unsure.after.high > sure.after.high


def test_ldl_options_follow_one_another_and_take_no_ldl_twice() -> None:
    patient = {**PATIENT, "prior_cad": 1.0, "ldl_cholesterol": 200.0}
    answer = ask(patient, "statin_high", "ezetimibe", "pcsk9_inhibitor")
    left = 200 * 0.5 * (1 - 0.227) * (1 - 0.55)
    assert answer.counted == ("statin_high", "ezetimibe", "pcsk9_inhibitor")
    assert answer.patient["ldl_cholesterol"] == pytest.approx(left)
    assert answer.combined is not None
    relative = answer.combined.relative_effect
    # one basis, so that limits add up as estimates do
    for figure, per_mmol in zip(
        (relative.estimate, relative.low, relative.high), (0.79, 0.77, 0.81), strict=True
    ):
        assert figure == pytest.approx(per_mmol ** ((200 - left) / 38.67))


def test_what_is_tested_on_a_statin_is_open_once_one_is_given() -> None:
    alone = _ask("pcsk9_inhibitor").options[0]
    assert alone.verdict == "not_eligible" and alone.change is None
    assert _ask("pcsk9_inhibitor").combined is None
    assert (
        "pcsk9_inhibitor"
        in ask({**PATIENT, "ldl_cholesterol": 200.0}, "statin_high", "pcsk9_inhibitor").counted
    )


def test_ldl_cholesterol_is_never_lowered_below_what_trials_reached() -> None:
    patient = {**PATIENT, "prior_cad": 1.0, "ldl_cholesterol": 35.0}
    answer = what_if(EFFECTS, LINK, NOTHING, 10.0, patient, {"statin_high": 500.0})
    assert answer.options[0].amount == pytest.approx(35 - 20)
    assert answer.patient["ldl_cholesterol"] == pytest.approx(20)


def test_a_treatment_does_no_more_than_it_can() -> None:
    answer = what_if(EFFECTS, LINK, NOTHING, 10.0, PATIENT, {"statin_high": 500.0})
    assert answer.options[0].amount == pytest.approx(0.5 * 4 * 38.67)


def test_options_that_exclude_each_other_are_refused() -> None:
    for pair in (
        ("statin_moderate", "statin_high"),
        ("statin_high", "bempedoic_acid"),
        ("ace_inhibitor", "angiotensin_receptor_blocker"),
        ("glp1_agonist", "semaglutide"),
    ):
        with pytest.raises(ModelError, match="exclude each other"):
            _ask(*pair)


def test_one_option_alone_is_its_own_combination() -> None:
    answer = _ask("bp_lowering")
    assert answer.combined == answer.options[0].change


def test_one_pathway_counts_once_by_its_strongest_option() -> None:
    answer = _ask("statin_high", "ace_inhibitor", "bp_lowering")
    assert len({"ace_inhibitor", "bp_lowering"} & set(answer.counted)) == 1


def test_what_a_stronger_option_of_its_pathway_outdoes_is_named() -> None:
    patient = {**PATIENT, "prior_cad": 1.0, "ras_inhibitor": 0.0, "systolic_bp": 150.0}
    chosen = ("bp_lowering", "angiotensin_receptor_blocker")
    assert what_if(EFFECTS, LINK, NOTHING, 10.0, patient, chosen).outdone == chosen[1:]


def test_a_combination_is_held_at_the_strongest_that_trials_have_seen_with_an_interval() -> None:
    answer = _ask("statin_high", "bp_lowering", "sglt2_inhibitor", "smoking_cessation")
    assert answer.bounded and answer.combined is not None
    relative = answer.combined.relative_effect
    assert relative.estimate == pytest.approx(EFFECTS.strongest)
    assert relative.low < relative.estimate < relative.high
    needed = answer.combined.number_needed_to_treat
    assert needed is not None and needed.low < needed.estimate < needed.high


def test_no_combination_is_weaker_than_its_strongest_part() -> None:
    patient = {**PATIENT, "ldl_cholesterol": 260.0}
    names = ("statin_high", "ezetimibe", "bp_lowering", "smoking_cessation", "aspirin")
    for size in range(2, len(names) + 1):
        for chosen in itertools.combinations(names, size):
            steps = counting(Course.take(EFFECTS, patient, dict.fromkeys(chosen)).steps)
            joint, _ = joint_effect(steps, EFFECTS.strongest)
            for step in steps:
                assert joint.estimate <= step.log_effect.estimate + 1e-12
                assert joint.high <= step.log_effect.high + 1e-12
            assert joint.low < joint.estimate < joint.high


def test_an_observational_estimate_counts_when_it_is_ticked_and_says_so() -> None:
    assert not _ask("bp_lowering").observational
    answer = _ask("bp_lowering", "smoking_cessation")
    assert answer.counted == ("bp_lowering", "smoking_cessation")
    assert answer.observational


@pytest.mark.parametrize("name", ["vitamin_k2", "chelation", "lithotripsy", "mediterranean_diet"])
def test_without_an_established_effect_there_is_no_figure(name: str) -> None:
    answer = _ask(name)
    assert answer.options[0].change is None and answer.combined is None


def test_an_effect_whose_figures_were_not_checked_is_withheld() -> None:
    unchecked = replace(EFFECTS["bp_lowering"], status="withheld", effect=None)
    effects = replace(EFFECTS, options={**EFFECTS.options, "bp_lowering": unchecked})
    answer = what_if(effects, LINK, NOTHING, 10.0, PATIENT, ["bp_lowering"])
    assert answer.options[0].verdict == "eligible"
    assert answer.options[0].change is None and answer.combined is None


def test_who_is_not_eligible_gets_no_figure_and_the_reason() -> None:
    result = _ask("colchicine").options[0]
    assert result.verdict == "not_eligible" and result.change is None
    assert result.reasons == ("tested in people with coronary disease or stroke only",)


def test_without_ldl_a_statin_gets_no_figure_and_says_so() -> None:
    answer = ask({**PATIENT, "ldl_cholesterol": float("nan")}, "statin_high")
    assert "ldl_cholesterol" in answer.options[0].reasons
    assert answer.options[0].change is None and answer.combined is None


def test_a_lipid_drug_without_its_kind_gets_no_statin_effect() -> None:
    patient = {**PATIENT, "statin_intensity": None, "lipid_lowering": 1.0}
    result = ask(patient, "statin_high").options[0]
    assert result.change is None and result.reasons == ("statin_intensity",)
    assert result.decision == "unclear"
    denied = ask({**patient, "lipid_lowering": 0.0}, "statin_high").options[0]
    assert denied.amount == pytest.approx(0.5 * 4 * 38.67)


def test_the_untreated_estimate_of_a_treated_patient_goes_back_by_the_same_table() -> None:
    patient = {**PATIENT, "statin_intensity": "moderate", "ldl_cholesterol": 90.0}
    found = without_statin(EFFECTS, Setting(LINK, NOTHING, 10.0), patient)
    assert found is not None
    untreated, risk = found
    assert untreated == pytest.approx(90 / 0.6)
    assert risk.estimate == pytest.approx(incidence(HIGH, 0.79 ** (-(150 - 90) / 38.67)))
    assert risk.low < risk.estimate < risk.high
    assert without_statin(EFFECTS, Setting(LINK, NOTHING, 10.0), PATIENT) is None


def test_ldl_recorded_before_treatment_is_what_it_would_be_without_the_statin() -> None:
    patient = {**PATIENT, "statin_intensity": "moderate", "ldl_cholesterol": 90.0}
    setting = Setting(LINK, NOTHING, 10.0)
    found = without_statin(EFFECTS, setting, {**patient, "ldl_before_treatment": 205.0})
    assert found is not None
    untreated, risk = found
    assert untreated == 205
    assert risk.estimate == pytest.approx(incidence(HIGH, 0.79 ** (-(205 - 90) / 38.67)))
    # where it has not fallen, nothing is said of the statin
    assert without_statin(EFFECTS, setting, {**patient, "ldl_before_treatment": 90.0}) is None


@pytest.mark.parametrize("drug", ["ezetimibe", "pcsk9_inhibitor", "bempedoic_acid"])
def test_what_another_drug_took_off_ldl_is_not_given_back_with_the_statin(drug: str) -> None:
    patient = {**PATIENT, "statin_intensity": "high", "ldl_cholesterol": 40.0, drug: 1.0}
    found = without_statin(
        EFFECTS, Setting(LINK, NOTHING, 10.0), {**patient, "ldl_before_treatment": 190.0}
    )
    assert found is not None and found[0] == pytest.approx(40 / 0.5)


def test_on_dialysis_nothing_is_said_of_what_a_statin_has_spared() -> None:
    patient = {**PATIENT, "statin_intensity": "high", "ldl_cholesterol": 90.0, "dialysis": 1.0}
    assert without_statin(EFFECTS, Setting(LINK, NOTHING, 10.0), patient) is None


def test_an_amount_asked_for_is_used() -> None:
    answer = what_if(EFFECTS, LINK, NOTHING, 10.0, PATIENT, {"bp_lowering": 20.0})
    assert answer.combined is not None
    assert answer.combined.relative_effect.estimate == pytest.approx(0.83**2)


def test_at_a_lower_risk_more_patients_must_be_treated_for_one_to_gain() -> None:
    needed = []
    for margin in (0.0, -2.0):
        margins = np.array([margin, 0.0])
        answer = what_if(EFFECTS, LINK, margins, 10.0, PATIENT, ["bp_lowering"])
        assert answer.combined is not None and answer.combined.number_needed_to_treat is not None
        needed.append(answer.combined.number_needed_to_treat.estimate)
    assert needed[1] > 3 * needed[0]


def test_a_yes_or_no_cohort_scales_its_cumulative_hazard() -> None:
    setting = Setting(FixedHorizonLink(5.0, 0.0), np.zeros(1), 5.0)
    risk = setting.risks(np.log([1.0, 0.8]))
    assert risk == pytest.approx([0.5, 1 - 0.5**0.8])


def test_the_limits_of_a_risk_are_found_on_the_scale_of_the_hazard() -> None:
    setting = Setting.of(LINK, NOTHING, 10.0, (incidence(HIGH, 0.6), incidence(HIGH, 1.7)))
    assert setting.shifts == pytest.approx((math.log(0.6), math.log(1.7)))


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ModelError, match="not an option"):
        _ask("prayer")
    with pytest.raises(ModelError, match="one patient"):
        what_if(EFFECTS, LINK, np.zeros((2, 2)), 10.0, PATIENT, ["bp_lowering"])
    with pytest.raises(HorizonError):
        what_if(EFFECTS, LINK, NOTHING, 11.0, PATIENT, ["bp_lowering"])


def test_an_interval_is_an_estimate_between_its_limits() -> None:
    change = _ask("statin_high").options[0].change
    assert change is not None
    for interval in (change.after, change.reduction, change.relative_effect):
        assert isinstance(interval, Interval)
        assert interval.low < interval.estimate < interval.high


def test_options_taken_at_once_change_what_each_changes_alone() -> None:
    setting = Setting.of(LINK, NOTHING, 10.0, (0.05, 0.2))
    options = list(EFFECTS.values())
    assert evaluate_all(options, setting, PATIENT) == [
        evaluate(option, setting, PATIENT) for option in options
    ]
    assert evaluate_all([], setting, PATIENT) == []


@pytest.mark.parametrize("risk", [0.001, 0.05, 0.2, 0.6])
def test_the_shift_to_a_risk_leads_to_that_risk(risk: float) -> None:
    setting = Setting(LINK, NOTHING, 10.0)
    shift = setting.shift_to(risk)
    assert setting.risks(np.array([shift]))[0] == pytest.approx(risk, rel=1e-9)
