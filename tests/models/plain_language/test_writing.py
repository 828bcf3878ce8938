from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from features.dictionary.dictionary import Dictionary
from models.plain_language.summary import Missing, PatientSummary, Reason
from models.plain_language.texts import Texts
from models.plain_language.writing import PlainText, percent, write_plain_text
from tests.models.plain_language.readability import count_syllables, reading_grade

TEXTS = Texts.load()
PATIENT = PatientSummary(
    horizon=10,
    risk=0.124,
    interval=(0.081, 0.178),
    base_risk=0.07,
    calcium_score=150.0,
    percentile=78.2,
    by_ethnicity=True,
    arterial_age=75.4,
    raises=(Reason("cac_agatston", 3.04, 150.0), Reason("age", 2.1, 61.0)),
    lowers=(Reason("smoking_status", -0.8, "never"),),
    treated=(),
    missing=Missing((), None),
    outside=(),
)


def _write(**changes: object) -> str:
    return str(write_plain_text(replace(PATIENT, **changes), TEXTS))  # type: ignore[arg-type]


def _reason(name: str, points: float, rng: np.random.Generator) -> Reason:
    variable = Dictionary.load()[name]
    drawn = rng.random()
    if drawn < 0.2:
        return Reason(name, points, None)
    if variable.kind == "category":
        return Reason(name, points, str(rng.choice(variable.codes)))
    low, high = (0, 1) if variable.kind == "boolean" else (variable.low or 0, variable.high or 9)
    return Reason(name, points, float(rng.integers(int(low), int(high) + 1)))


def _varied_patients(n: int) -> list[PatientSummary]:
    rng = np.random.default_rng(5)
    names = np.array(list(Dictionary.load()))
    drugs = [name for name, v in Dictionary.load().items() if v.group == "therapy"]
    patients = []
    for _ in range(n):
        risk = float(np.exp(rng.uniform(np.log(1e-4), 0)))
        drawn = rng.permutation(names)
        score = float(rng.choice([0.0, 3.0, 80.0, 1500.0]))
        patients.append(
            PatientSummary(
                float(rng.choice([1, 2.5, 5, 10])),
                risk,
                (risk * 0.7, min(1.0, risk * 1.4)) if rng.random() < 0.5 else None,
                0.07,
                score if rng.random() < 0.9 else None,
                float(rng.uniform(0, 99.9)) if rng.random() < 0.8 else None,
                bool(rng.random() < 0.5),
                39.1 + 7.25 * float(np.log1p(score)),
                tuple(_reason(name, float(rng.uniform(0.05, 9)), rng) for name in drawn[:3]),
                tuple(_reason(name, -float(rng.uniform(0.05, 9)), rng) for name in drawn[3:6]),
                tuple(rng.permutation(drugs)[: rng.integers(0, 3)]),
                Missing(
                    tuple(drawn[6 : 6 + rng.integers(0, 7)]),
                    float(rng.uniform(0, 2)),
                    float(rng.normal()),
                ),
                tuple(drawn[20 : 20 + rng.integers(0, 3)]),
                bool(rng.random() < 0.5),
                float(rng.uniform(0, 0.5)) if rng.random() < 0.5 else None,
            )
        )
    return patients


def test_syllables_are_counted_by_ear() -> None:
    words = {"risk": 1, "people": 2, "number": 2, "score": 1, "cholesterol": 4, "12": 1}
    assert {word: count_syllables(word) for word in words} == words
    # 6 words, 1 sentence, 6 syllables
    assert reading_grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)


def test_the_text_of_any_patient_reads_at_grade_8() -> None:
    grades = [reading_grade(str(write_plain_text(p, TEXTS))) for p in _varied_patients(300)]
    assert max(grades) <= 8.5


def test_no_text_holds_a_hole_a_brace_or_what_is_not_a_number() -> None:
    for patient in _varied_patients(300):
        text = str(write_plain_text(patient, TEXTS))
        assert not re.search(r"\b(nan|None|inf)\b|[{}]|  |\(\)", text)
        assert not re.search(r"(?<![\d.])1 (years|points)\b|\d\d+ (year|point)\b", text)


def test_a_risk_is_told_as_people_and_as_percent() -> None:
    assert (
        "About 12 in 100 people like this (12 %) will have a heart event in the next 10 years."
        in _write()
    )
    assert "About 4 in 1000" in _write(risk=0.0042) and "0.4 %" in _write(risk=0.0042)
    assert "Fewer than 1 in 1000" in _write(risk=0.0001)
    assert "More than 99 in 100" in _write(risk=0.999)
    assert "next 1 year." in _write(horizon=1.0)


@pytest.mark.parametrize(
    ("risk", "said"), [(0.0942, "9.4 %"), (0.0996, "10 %"), (0.5, "50 %"), (0.0, "0.0 %")]
)
def test_percent_has_a_decimal_only_where_it_means_something(risk: float, said: str) -> None:
    assert percent(risk, TEXTS) == said


def test_an_interval_is_told_as_what_we_are_not_sure_of() -> None:
    assert "as low as 8.1 % or as high as 18 %" in _write()
    assert "true risk" not in _write(interval=None)


def test_a_risk_is_set_beside_the_mean_of_the_study() -> None:
    assert "The estimate is above 7.0 %, the average" in _write()
    assert "close to 7.0 %" in _write(risk=0.072)
    assert "below 7.0 %" in _write(risk=0.02)


def test_calcium_is_compared_with_people_alike() -> None:
    assert "higher than in 78 of 100 people of the same age, sex and ethnic group" in _write()
    assert "same age and sex without" in _write(by_ethnicity=False)
    assert "without known heart disease." in _write()
    assert "the risk is like that at age 75." in _write()
    assert "like that above age 100" in _write(arterial_age=104.0)
    assert "of 100 people of" not in _write(percentile=None)
    assert "among the lowest" in _write(percentile=0.3)
    assert "higher than in 99 of 100" in _write(percentile=99.9)


def test_no_calcium_is_good_news_without_a_percentile() -> None:
    text = _write(calcium_score=0.0, percentile=25.0, arterial_age=39.1)
    assert "No calcium was seen" in text and "at age" not in text


def test_any_calcium_is_no_zero() -> None:
    text = _write(calcium_score=0.3)
    assert "The calcium score is 1." in text and "No calcium was seen" not in text


@pytest.mark.parametrize("score", [99.6, 299.7, 999.9])
def test_a_score_below_the_limit_of_a_class_is_not_said_to_be_at_it(score: float) -> None:
    text = _write(calcium_score=score, raises=(Reason("cac_agatston", 4.0, score),))
    assert f"The calcium score is {int(score)}." in text
    assert f"calcium score ({score:.0f}," not in text


def test_a_trace_of_calcium_is_the_same_score_in_every_sentence() -> None:
    text = _write(calcium_score=0.4, lowers=(Reason("cac_agatston", -4.0, 0.4),))
    assert "The calcium score is 1." in text and "calcium score (1, " in text


def test_a_percentile_is_said_from_where_it_begins() -> None:
    assert "higher than in 74 of 100" in _write(percentile=74.9)
    assert "higher than in 75 of 100" in _write(percentile=75.0)


def test_a_limit_of_a_risk_is_never_said_to_be_none() -> None:
    assert "as low as <0.1 %" in _write(risk=0.001, interval=(0.0002, 0.003))


def test_an_age_is_told_in_completed_years() -> None:
    assert "age (75 years" in _write(raises=(Reason("age", 4.0, 75.9),))


def test_an_unknown_score_is_said_to_be_unknown() -> None:
    text = _write(calcium_score=None, percentile=None, arterial_age=None)
    assert "The calcium score is not known." in text


def test_reasons_carry_points_and_are_no_effects() -> None:
    text = _write()
    assert (
        "What raises the risk most: calcium score (150, +3.0 points) and "
        "age (61 years, +2.1 points)." in text
    )
    assert "What lowers it most: smoking (never, −0.8 points)." in text
    assert "They do not show what would happen if a value changed." in text
    assert "No single value" in _write(raises=(), lowers=())


def test_what_a_patient_does_not_have_is_not_said_to_lower_the_risk_as_if_it_were_there() -> None:
    absent = _write(lowers=(Reason("diabetes", -0.9, 0.0),))
    assert "What lowers it most: no diabetes (−0.9 points)." in absent
    present = _write(raises=(Reason("diabetes", 2.0, 1.0),))
    assert "What raises the risk most: diabetes (+2.0 points)." in present


def test_a_value_that_was_worked_out_is_named_without_it() -> None:
    assert "kidney function (+0.7 points)" in _write(raises=(Reason("egfr", 0.7),))


def test_a_statin_with_a_plus_is_a_marker_and_not_a_harm() -> None:
    text = _write(raises=(Reason("statin_intensity", 0.9),), treated=("statin_intensity",))
    assert "A plus for a treatment (statin use) means that treated people had a reason" in text
    assert "It does not mean that the treatment does harm" in text
    assert "does harm" not in _write()


def test_what_is_missing_is_named_and_weighed() -> None:
    assert _write().endswith("All important values were known.")
    filled = _write(missing=Missing((), 1.0, 2.04))
    assert "Others were filled in. They change the risk by +2.0 points." in filled
    one = _write(missing=Missing(("ldl_cholesterol",), 0.8))
    assert (
        "Not known: LDL cholesterol." in one
        and "If all were known, the risk would typically change by about 0.8 points" in one
    )
    many = Missing(("ldl_cholesterol", "apob", "lpa_mass", "weight", "waist"), 0.01)
    assert "Not known: LDL cholesterol, apolipoprotein B, Lp(a) and 2 more." in _write(missing=many)
    assert "hardly" in _write(missing=many)
    assert "typically" not in _write(missing=Missing(("weight",), None))
    assert "They change the risk by −1.4 points." in _write(
        missing=Missing(("weight",), None, -1.4)
    )


def test_likely_death_from_other_causes_is_told_for_what_it_does_to_the_reasons() -> None:
    assert "About 34 in 100 people like this will die of another cause first" in _write(
        competing=0.34
    )
    assert "other causes" not in _write(competing=0.03)


def test_a_risk_of_dying_of_something_else_is_of_the_years_of_the_risk() -> None:
    assert "first, in the next 10 years." in _write(competing=0.34)
    assert "first, in the next 5 years." in _write(competing=0.34, horizon=5.0)


def test_what_lies_outside_and_what_was_made_up_is_said() -> None:
    assert "Outside the range that the model knows: upper blood pressure." in _write(
        outside=("systolic_bp",)
    )
    assert "simulated patients" in _write(simulated=True)
    assert "simulated" not in _write()


def test_paragraphs_are_named_for_a_page_to_place() -> None:
    written = write_plain_text(PATIENT, TEXTS)
    assert isinstance(written, PlainText)
    assert [topic for topic, _ in written.paragraphs] == [
        "risk",
        "comparison",
        "reasons",
        "missing",
    ]
