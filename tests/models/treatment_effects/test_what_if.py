from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from features.errors import HorizonError, ModelError
from models.risk.absolute_risk import CompetingRisksLink, FixedHorizonLink
from models.risk.baseline import Baseline
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.what_if import WhatIf, scaled_risk, what_if

EFFECTS = TreatmentEffects.load()
# Constant hazards over ten years: 0.02 a year of the event, 0.01 of competing death.
RATE, DEATH = 0.02, 0.01
LINK = CompetingRisksLink(Baseline(np.array([0.0, 10.0]), np.array([[0, 10 * RATE], [0, 0.1]])))
NOTHING = np.zeros(2)
PATIENT = {
    "statin_intensity": "none",
    "ldl_cholesterol": 38.67 * 4,
    "systolic_bp": 150.0,
    "smoking_status": "current",
    "mediterranean_score": 3.0,
    "prior_cad": 0.0,
    "prior_stroke": 0.0,
    "diabetes": 1.0,
    "ras_inhibitor": 0.0,
    "activity_minutes": 0.0,
}


def _incidence(relative: float, years: float = 10.0) -> float:
    """Cumulative incidence of constant hazards: a / (a + b) * (1 - exp(-(a + b) t))."""
    event = RATE * relative
    return event / (event + DEATH) * (1 - math.exp(-(event + DEATH) * years))


def _ask(*chosen: str, observational: bool = False) -> WhatIf:
    return what_if(EFFECTS, LINK, NOTHING, 10.0, PATIENT, chosen, observational)


def test_the_hazard_of_the_event_is_multiplied_and_that_of_death_left_alone() -> None:
    change = _ask("mediterranean_diet").options[0].change
    assert change is not None
    assert change.before == pytest.approx(_incidence(1.0))
    assert change.after.estimate == pytest.approx(_incidence(0.69))
    assert change.after.low == pytest.approx(_incidence(0.53))
    assert change.after.high == pytest.approx(_incidence(0.91))
    assert change.reduction.estimate == pytest.approx(_incidence(1.0) - _incidence(0.69))
    assert change.reduction.low == pytest.approx(_incidence(1.0) - _incidence(0.91))
    assert change.number_needed_to_treat is not None
    assert change.number_needed_to_treat.estimate == math.ceil(1 / change.reduction.estimate)
    assert change.number_needed_to_treat.low == math.ceil(1 / change.reduction.high)


def test_a_statin_counts_by_the_ldl_it_takes_away() -> None:
    result = _ask("statin_high").options[0]
    assert result.change is not None
    # Half of 4 mmol/L.
    assert result.amount == pytest.approx(2 * 38.67)
    assert result.change.relative_effect.estimate == pytest.approx(0.79**2)
    assert result.change.relative_effect.low == pytest.approx(0.77**2)


def test_effects_of_different_pathways_multiply() -> None:
    answer = _ask("statin_moderate", "bp_lowering")
    assert answer.combined is not None and not answer.bounded
    assert answer.combined.relative_effect.estimate == pytest.approx(0.79 ** (4 * 0.3) * 0.83)
    spreads = [
        1.2 * (math.log(0.81) - math.log(0.77)) / (2 * 1.959964),
        (math.log(0.88) - math.log(0.78)) / (2 * 1.959964),
    ]
    ratio = answer.combined.relative_effect.high / answer.combined.relative_effect.estimate
    assert math.log(ratio) == pytest.approx(1.959964 * math.hypot(*spreads))


def test_one_option_alone_is_its_own_combination() -> None:
    answer = _ask("bp_lowering")
    assert answer.combined == answer.options[0].change


def test_one_pathway_counts_once_by_its_strongest_option() -> None:
    answer = _ask("statin_moderate", "statin_high", "ace_inhibitor")
    assert answer.counted == ("statin_high", "ace_inhibitor")


def test_a_combination_is_held_at_the_strongest_that_trials_have_seen() -> None:
    answer = _ask("statin_high", "bp_lowering", "mediterranean_diet")
    assert EFFECTS.strongest > 0.79**2 * 0.83 * 0.69
    assert answer.bounded and answer.combined is not None
    assert answer.combined.relative_effect.estimate == pytest.approx(EFFECTS.strongest)
    assert answer.combined.after.low == answer.combined.after.estimate


def test_observational_estimates_stand_alone_unless_asked_for() -> None:
    answer = _ask("bp_lowering", "smoking_cessation")
    assert answer.counted == ("bp_lowering",)
    cessation = answer.options[1]
    assert cessation.status == "observational" and cessation.change is not None
    with_it = _ask("bp_lowering", "smoking_cessation", observational=True)
    assert with_it.counted == ("bp_lowering", "smoking_cessation")


@pytest.mark.parametrize("name", ["vitamin_k2", "chelation", "lithotripsy"])
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
    patient = {**PATIENT, "ldl_cholesterol": float("nan")}
    answer = what_if(EFFECTS, LINK, NOTHING, 10.0, patient, ["statin_high"])
    assert answer.options[0].reasons == ("ldl_cholesterol",)
    assert answer.options[0].change is None and answer.combined is None


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
    link = FixedHorizonLink(5.0, 0.0)
    risk = scaled_risk(link, np.zeros(1), 5.0, np.log([1.0, 0.8]))
    assert risk == pytest.approx([0.5, 1 - 0.5**0.8])


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ModelError, match="not an option"):
        _ask("prayer")
    with pytest.raises(ModelError, match="one patient"):
        what_if(EFFECTS, LINK, np.zeros((2, 2)), 10.0, PATIENT, ["bp_lowering"])
    with pytest.raises(HorizonError):
        what_if(EFFECTS, LINK, NOTHING, 11.0, PATIENT, ["bp_lowering"])
