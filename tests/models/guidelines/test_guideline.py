from __future__ import annotations

from pathlib import Path

import pytest

from features.dictionary.data_files import data_file
from features.errors import MapError
from models.guidelines.guideline import Guideline

US = Guideline.load()
HEALTHY = {
    "prior_cad": 0.0,
    "prior_stroke": 0.0,
    "prior_pad": 0.0,
    "age": 55.0,
    "diabetes": 0.0,
    "smoking_status": "never",
    "statin_intensity": "none",
    "ldl_cholesterol": 120.0,
    "family_history": 0.0,
}


def _patient(**values: object) -> dict[str, object]:
    return {**HEALTHY, **values}


@pytest.mark.parametrize(
    ("score", "name", "code"),
    [
        (0, "0", "A0"),
        (0.3, "1-99", "A1"),
        (0.6, "1-99", "A1"),
        (1, "1-99", "A1"),
        (99.9, "1-99", "A1"),
        (100, "100-299", "A2"),
        (299, "100-299", "A2"),
        (300, "300-999", "A3"),
        (1000, "1,000 and over", "A3"),
    ],
)
def test_a_score_has_its_class_and_its_cac_drs_code(score: float, name: str, code: str) -> None:
    found = US.calcium_class(score)
    assert (found.name, found.code) == (name, code)


@pytest.mark.parametrize(
    ("risk", "category", "earlier"),
    [
        (0.0299, "low", "low"),
        (0.03, "borderline", "low"),
        (0.05, "intermediate", "borderline"),
        (0.10, "high", "intermediate"),
        (0.20, "high", "high"),
    ],
)
def test_the_newest_thresholds_stand_beside_the_earlier_ones(
    risk: float, category: str, earlier: str
) -> None:
    assert US.risk.score == "prevent_base_ascvd"
    assert US.risk.category(risk) == category
    assert US.earlier.category(risk) == earlier


@pytest.mark.parametrize(
    ("values", "goal", "add_on"),
    [
        ({"cac_agatston": 50.0, "cac_percentile": 74.9}, 100, None),
        ({"cac_agatston": 50.0, "cac_percentile": 75.0}, 70, None),
        ({"cac_agatston": 50.0}, 100, None),
        ({"cac_agatston": 100.0}, 70, None),
        ({"cac_agatston": 300.0}, 70, 55),
        ({"cac_agatston": 1000.0}, 55, None),
        ({"prior_cad": 1.0, "cac_agatston": 0.0}, 70, 55),
    ],
)
def test_the_ldl_goal_follows_the_class_of_calcium(
    values: dict[str, object], goal: float, add_on: float | None
) -> None:
    found = US.ldl_goal(_patient(**values))
    assert found is not None
    assert (found.goal, found.add_on) == (goal, add_on)


def test_the_gap_is_what_lies_above_the_goal() -> None:
    assert US.ldl_gap(_patient(cac_agatston=1200.0, ldl_cholesterol=95.0)) == 40
    assert US.ldl_gap(_patient(cac_agatston=1200.0, ldl_cholesterol=50.0)) == -5
    assert US.ldl_gap(_patient(cac_agatston=1200.0, ldl_cholesterol=None)) is None
    assert US.ldl_gap(_patient(ldl_cholesterol=95.0)) is None


@pytest.mark.parametrize(
    "exception",
    [
        {"smoking_status": "current"},
        {"diabetes": 1.0},
        {"ldl_cholesterol": 190.0},
        {"family_history": 1.0},
        {"hba1c": 7.1},
        {"glucose": 126.0, "diabetes": None},
        {"ldl_before_treatment": 195.0},
        {"prior_cac_agatston": 12.0},
        {"prior_cac_agatston": 0.4},
        {"prior_cac_volume": 30.0},
    ],
)
def test_the_power_of_zero_has_its_exceptions(exception: dict[str, object]) -> None:
    assert "supports deferring" in US.word_on_zero(_patient(cac_agatston=0.0))
    assert "does not justify deferring" in US.word_on_zero(_patient(cac_agatston=0.0, **exception))
    assert "does not justify" in US.word_on_zero({**exception, "cac_agatston": 0.0})


@pytest.mark.parametrize(
    "patient",
    [
        {"cac_agatston": 1.0},
        {"cac_agatston": 0.6},
        {"prior_stroke": 1.0},
        {"statin_intensity": "high"},
        {"statin_intensity": "low", "lipid_lowering": 0.0},
    ],
)
def test_nothing_is_said_of_zero_to_the_diseased_and_to_those_on_a_statin(
    patient: dict[str, object],
) -> None:
    assert US.word_on_zero(_patient(**{"cac_agatston": 0.0, **patient})) == ""


@pytest.mark.parametrize(
    ("unknown", "named"),
    [
        ("prior_cad", "known vascular disease"),
        ("prior_stroke", "known vascular disease"),
        ("statin_intensity", "treatment with a statin"),
        ("smoking_status", "current smoking"),
        ("diabetes", "diabetes"),
        ("ldl_cholesterol", "LDL cholesterol of 190"),
        ("family_history", "family history"),
    ],
)
def test_zero_supports_deferring_only_where_every_exception_is_known_to_be_absent(
    unknown: str, named: str
) -> None:
    said = US.word_on_zero(_patient(cac_agatston=0.0, **{unknown: None}))
    assert said.startswith("A score of 0 would support")
    assert named in said.split(": ")[1] and "," not in said.split(": ")[1]


@pytest.mark.parametrize(
    "unknown", ["prior_stroke", "smoking_status", "diabetes", "ldl_cholesterol", "family_history"]
)
def test_a_statin_that_zero_may_defer_is_held_back_until_it_is_known_not_to(unknown: str) -> None:
    zero = _patient(cac_agatston=0.0, **{unknown: None})
    assert US.deferred_by_zero(zero) == US.word_on_zero(zero) != ""
    barred = "diabetes" if unknown == "smoking_status" else "smoking_status"
    present = {"diabetes": 1.0, "smoking_status": "current"}[barred]
    assert US.deferred_by_zero({**zero, barred: present}) == ""
    assert US.deferred_by_zero({**zero, "cac_agatston": 1.0}) == ""


def test_what_has_to_be_known_before_zero_counts_is_named_all() -> None:
    said = US.word_on_zero({"cac_agatston": 0.0, "age": 55.0})
    for named in ("disease", "statin", "smoking", "diabetes", "190", "family history"):
        assert named in said.split(": ")[1]


def test_whether_a_statin_is_taken_is_known_where_lipid_drugs_are_denied() -> None:
    silent = _patient(cac_agatston=0.0, statin_intensity=None)
    assert "A score of 0 supports" in US.word_on_zero({**silent, "lipid_lowering": 0.0})
    said = US.word_on_zero({**silent, "lipid_lowering": 1.0})
    assert "treatment with a statin, LDL cholesterol of 190" in said


@pytest.mark.parametrize("score", [0.1, 0.5, 0.6, 0.999])
def test_any_calcium_is_said_and_classed_as_a_score_of_1(score: float) -> None:
    fraction, whole = (_patient(cac_agatston=value) for value in (score, 1.0))
    assert US.calcium_class(score) == US.calcium_class(1.0)
    for say in (US.ldl_goal, US.rescan, US.word_on_zero, US.word_on_aspirin):
        assert say(fraction) == say(whole)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"cac_agatston": 100.0}, "may be considered"),
        ({"cac_agatston": 99.0}, "Aspirin not recommended"),
        ({"cac_agatston": 400.0, "age": 70.0}, "Aspirin not recommended"),
        ({"cac_agatston": 400.0, "vitamin_k_antagonist": 1.0}, "Aspirin not recommended"),
        ({"cac_agatston": 0.0, "prior_pad": 1.0}, "as recommended for known vascular disease"),
        ({}, ""),
    ],
)
def test_aspirin_is_for_calcium_of_100_and_ages_40_to_69(
    values: dict[str, object], word: str
) -> None:
    said = US.word_on_aspirin(_patient(**values))
    assert word in said if word else said == ""


SCORES = (0.0, 50.0, 150.0, 400.0, 1200.0)


@pytest.mark.parametrize("unknown", ["prior_cad", "prior_stroke", "prior_pad"])
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("more", [{}, {"age": 74.0}, {"bleeding_history": 1.0}])
def test_what_is_said_of_aspirin_does_not_hang_on_disease_that_is_not_recorded(
    unknown: str, score: float, more: dict[str, object]
) -> None:
    said = US.word_on_aspirin(_patient(cac_agatston=score, **{**more, unknown: None}))
    assert said == ""


@pytest.mark.parametrize("known", [{}, {"prior_cad": 0.0}])
@pytest.mark.parametrize("score", SCORES)
def test_who_takes_two_antiplatelet_drugs_is_never_told_that_aspirin_is_not_recommended(
    known: dict[str, object], score: float
) -> None:
    patient = {**_patient(cac_agatston=score, prior_cad=None, antiplatelet="dual"), **known}
    assert US.word_on_aspirin({**patient, "age": 74.0}) == ""


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("unknown", ["prior_cad", "diabetes", "cac_agatston"])
def test_what_is_said_of_the_next_scan_is_the_same_whatever_an_unknown_value_is(
    unknown: str, score: float
) -> None:
    patient = _patient(cac_agatston=score)
    values = SCORES if unknown == "cac_agatston" else (0.0, 1.0)
    possible = {US.rescan({**patient, unknown: value}) for value in values}
    said = US.rescan({**patient, unknown: None})
    assert said == (possible.pop() if len(possible) == 1 else "")


@pytest.mark.parametrize("score", SCORES)
def test_a_goal_is_no_higher_than_the_one_of_disease_that_is_not_recorded(score: float) -> None:
    found = US.ldl_goal(_patient(cac_agatston=score, prior_cad=None))
    assert found is None or found.goal <= 70
    assert (found is None) == (score < 100)


def test_any_volume_of_calcium_before_is_calcium_on_an_earlier_scan() -> None:
    for name in ("prior_cac_volume", "prior_cac_agatston"):
        said = US.word_on_zero(_patient(cac_agatston=0.0, **{name: 0.4}))
        assert "calcium on an earlier scan" in said


def test_when_to_look_again_hangs_on_the_score() -> None:
    assert "5 to 7 years" in US.rescan(_patient(cac_agatston=0.0))
    assert "after 3 years" in US.rescan(_patient(cac_agatston=0.0, diabetes=1.0))
    assert "3 to 5 years" in US.rescan(_patient(cac_agatston=40.0))
    assert "No routine repeat scan" in US.rescan(_patient(cac_agatston=400.0))
    assert US.rescan(_patient()) == ""


def test_every_rule_has_a_source_with_its_date_and_how_it_was_checked() -> None:
    assert US.region == "United States"
    for source in US.sources.values():
        assert source.date.count("-") == 2
        assert source.checked in ("read in source", "second hand")


def test_another_regions_file_can_stand_beside_it(tmp_path: Path) -> None:
    text = data_file("reference/guidelines_us.yaml").read_text()
    path = tmp_path / "guidelines_xx.yaml"
    path.write_text(text.replace("region: United States", "region: Elsewhere"))
    assert Guideline.load(path=path).region == "Elsewhere"
    path.write_text(text.replace("{name: borderline, from: 0.03}", "{name: borderline, from: 9}"))
    with pytest.raises(MapError, match="begin at 0 and rise"):
        Guideline.load(path=path)
