"""Every treatment that is ticked is counted, or said not to be and why."""

from __future__ import annotations

import numpy as np
import pytest

from clinic.patient.treatments import TreatmentAdvice, TreatmentPanel
from clinic.words.texts import load_texts
from features.dictionary.dictionary import Dictionary
from models.guidelines.guideline import Guideline
from tests.models.treatment_effects.by_hand import EFFECTS, HEALTHY, HIGH, link_of

AT_CALCIUM = {**HEALTHY, "cac_agatston": 450.0, "ldl_cholesterol": 190.0, "systolic_bp": 150.0}


def _tick(*chosen: str, **values: object) -> TreatmentPanel:
    advice = TreatmentAdvice(EFFECTS, link_of(HIGH), Dictionary.load(), load_texts("en"))
    return advice.build(np.zeros(2), 10.0, {**AT_CALCIUM, **values}, chosen)


@pytest.mark.parametrize(
    ("chosen", "values"),
    [
        (("statin_high", "ezetimibe", "pcsk9_inhibitor"), {}),
        (("bp_lowering", "ace_inhibitor", "aspirin"), {"diabetes": 1.0}),
        (("statin_high", "statin_moderate", "bempedoic_acid"), {}),
        (("aspirin",), {"cac_agatston": 20.0}),
        (("physical_activity", "statin_high"), {}),
        (tuple(EFFECTS), {}),
        (tuple(EFFECTS), {"prior_cad": 1.0, "diabetes": 1.0, "smoking_status": "current"}),
    ],
)
def test_what_is_ticked_is_counted_or_named_as_not_counted(
    chosen: tuple[str, ...], values: dict[str, object]
) -> None:
    panel = _tick(*chosen, **values)
    told = [*panel.counted, *panel.refused, *panel.outdone, *panel.closed]
    assert sorted(told) == sorted(EFFECTS[name].label for name in chosen)


def test_what_the_ticked_ones_leave_untested_is_told_from_what_they_outdo() -> None:
    panel = _tick("statin_high", "ezetimibe", "pcsk9_inhibitor")
    assert panel.closed == ("PCSK9 inhibitor",) and not panel.outdone
    panel = _tick("bp_lowering", "angiotensin_receptor_blocker", prior_cad=1.0)
    assert panel.outdone == ("Angiotensin receptor blocker",) and not panel.closed


def test_what_a_score_of_0_defers_says_so_and_stands_last() -> None:
    advice = TreatmentAdvice(EFFECTS, link_of(HIGH), Dictionary.load(), load_texts("de"))
    patient = {**AT_CALCIUM, "cac_agatston": 0.0, "ldl_cholesterol": 150.0}
    word = Guideline.load().zero.text
    offered = advice.build(np.zeros(2), 10.0, patient, (), deferred=word).offered
    held = [row.name for row in offered if row.against]
    assert held == [row.name for row in offered if row.exclusive == "statin"] and held
    assert [row.name for row in offered][-len(held) :] == held
    assert {row.against for row in offered if row.against} == {load_texts("de").phrase(word)}
    assert not any(row.against for row in _tick().offered)


def test_why_an_option_is_not_for_a_patient_is_not_told_as_to_be_checked() -> None:
    for values, excluded in (({"prior_cad": 1.0}, True), ({"prior_cad": None}, False)):
        rows = {row.name: row for row in _tick(**values).not_established}
        assert (
            rows["mediterranean_diet"].reasons and rows["mediterranean_diet"].excluded is excluded
        )
