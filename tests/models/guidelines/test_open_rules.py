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


SEVERE: tuple[dict[str, object], ...] = (
    {"ldl_cholesterol": 190.0},
    {"ldl_cholesterol": 4.9 * 38.67},
    {"ldl_before_treatment": 210.0, "lipid_lowering": 1.0},
)


@pytest.mark.parametrize("values", [{"diabetes": 1.0}, *SEVERE])
@pytest.mark.parametrize("score", SCORES)
def test_diabetes_and_high_ldl_have_a_goal_whatever_the_score_and_never_a_laxer_one(
    values: dict[str, object], score: float | None
) -> None:
    found = US.ldl_goal({**KNOWN, **values, "cac_agatston": score})
    without = US.ldl_goal({**KNOWN, "cac_agatston": score})
    assert found is not None and found.goal <= 100
    assert without is None or found.goal <= without.goal
    # a score that nobody took could make it lower, and is named
    assert bool(US.open_goal({**KNOWN, **values, "cac_agatston": score})) == (score is None)


@pytest.mark.parametrize("values", SEVERE)
def test_high_ldl_with_disease_or_calcium_has_a_lower_goal(values: dict[str, object]) -> None:
    for more, goal in (
        ({"prior_cad": 1.0}, 55),
        ({"prior_cad": 1.0, "cac_agatston": None}, 55),
        ({"cac_agatston": 3.0}, 70),
        ({"cac_agatston": 0.0, "prior_cac_agatston": 20.0}, 70),
        ({"cac_agatston": 0.0, "cad_rads": "1"}, 70),
    ):
        found = US.ldl_goal({**KNOWN, "cac_agatston": 0.0, **values, **more})
        assert found is not None and found.goal == goal


@pytest.mark.parametrize(
    ("values", "goal"),
    [
        ({"age": 40.0}, 100),
        ({"age": 75.9}, 100),
        ({"age": 39.9}, None),
        ({"age": 76.0}, None),
        ({"age": 60.0, "dialysis": 1.0}, None),
        ({"age": 60.0, "diabetes": 0.0}, None),
        ({"age": 60.0, "diabetes": 0.0, "ldl_cholesterol": 189.0}, None),
    ],
)
def test_the_goal_of_diabetes_is_of_the_ages_that_the_guideline_names(
    values: dict[str, object], goal: float | None
) -> None:
    found = US.ldl_goal({**KNOWN, "diabetes": 1.0, "cac_agatston": 0.0, **values})
    assert (None if found is None else found.goal) == goal


def test_whether_diabetes_or_ldl_gives_a_goal_is_named_where_it_is_not_recorded() -> None:
    for gone in ("diabetes", "ldl_cholesterol"):
        patient = {**KNOWN, "cac_agatston": 0.0, gone: None}
        assert US.ldl_goal(patient) is None
        assert US.open_goal(patient) == (gone,)
