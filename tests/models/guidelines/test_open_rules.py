"""What a rule hangs on is named; what is said of goals and of zero agrees with the risk."""

from __future__ import annotations

import itertools

import pytest

from models.guidelines.guideline import Guideline

US = Guideline.load()
KNOWN = {
    "age": 60.0,
    "prior_cad": 0.0,
    "prior_stroke": 0.0,
    "prior_pad": 0.0,
    "diabetes": 0.0,
    "smoking_status": "never",
    "statin_intensity": "none",
    "ldl_cholesterol": 120.0,
    "family_history": 0.0,
}
SCORES = (None, 0.0, 50.0, 150.0, 400.0, 1200.0)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("n_missing", range(4))
def test_a_rule_says_something_or_names_what_it_hangs_on_or_does_not_hold(
    score: float | None, n_missing: int
) -> None:
    for gone in itertools.combinations(("prior_cad", "prior_stroke", "diabetes", "age"), n_missing):
        patient = {name: v for name, v in KNOWN.items() if name not in gone}
        patient["cac_agatston"] = score
        goal = US.ldl_goal(patient)
        for said, missing in (
            (goal is not None, US.open_goal(patient)),
            (US.word_on_aspirin(patient) != "", US.open_aspirin(patient)),
            (US.rescan(patient) != "", US.open_rescan(patient)),
        ):
            assert not (said and missing)
            unknown = {*gone, *(("cac_agatston",) if score is None else ())}
            assert set(missing) <= unknown
            # with everything known nothing is left open
            assert missing == () or unknown


def test_what_is_open_is_named() -> None:
    patient = {**KNOWN, "cac_agatston": 150.0, "prior_cad": None}
    assert US.open_aspirin(patient) == US.open_rescan(patient) == ("prior_cad",)
    assert US.open_goal(patient) == ()  # known disease would ask for the same
    assert US.open_goal({**KNOWN, "cac_agatston": None}) == ("cac_agatston",)
    failing = {**KNOWN, "cac_agatston": 150.0, "ckd_stage": "g5"}
    assert US.open_goal(failing) == US.open_rescan(failing) == ("dialysis",)


@pytest.mark.parametrize(
    ("ldl", "gap"), [(70.0, 0), (69.606, 0), (69.0, -1), (70.6, 1), (140.0, 70)]
)
def test_a_goal_is_reached_below_it_and_not_at_it(ldl: float, gap: float) -> None:
    """1.8 mmol/L are 69.6 mg/dL: neither is below 1.8 mmol/L and 70 mg/dL."""
    assert US.ldl_gap({**KNOWN, "cac_agatston": 150.0, "ldl_cholesterol": ldl}) == gap


@pytest.mark.parametrize(
    ("risk", "word"),
    [(0.0999, "supports deferring"), (0.10, "does not justify"), (None, "supports")],
)
def test_zero_defers_no_statin_at_a_high_risk(risk: float | None, word: str) -> None:
    patient = {**KNOWN, "cac_agatston": 0.0, "ten_year_risk": risk}
    assert word in US.word_on_zero(patient)
    assert (US.deferred_by_zero(patient) != "") == word.startswith("supports")


@pytest.mark.parametrize(
    ("score", "goal"), [(0.0, 70), (50.0, 70), (150.0, 70), (400.0, 70), (1200.0, 55)]
)
def test_a_high_risk_has_a_goal_whatever_the_score(score: float, goal: float) -> None:
    found = US.ldl_goal({**KNOWN, "cac_agatston": score, "ten_year_risk": 0.12})
    assert found is not None and found.goal == goal
    # what calcium says stands first among equals
    assert ("PREVENT" in found.why) == (score < 100)


def test_ldl_of_190_is_4_9_in_si_units() -> None:
    for ldl in (190.0, 4.9 * 38.67):
        patient = {**KNOWN, "cac_agatston": 0.0, "ldl_cholesterol": ldl}
        assert "does not justify" in US.word_on_zero(patient)
    assert "supports" in US.word_on_zero({**KNOWN, "cac_agatston": 0.0, "ldl_cholesterol": 189.0})
