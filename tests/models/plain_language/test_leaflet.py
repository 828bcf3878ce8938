from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from features.derivation.known_calcium import PartOfScore, Trace
from models.plain_language.leaflet import (
    Helping,
    LeafletFacts,
    can_be_told,
    known_languages,
    load_leaflet_texts,
    write_leaflet,
)
from models.plain_language.texts import Texts
from models.plain_language.writing import write_plain_text
from models.treatment_effects.effects import TreatmentEffects
from tests.models.plain_language.readability import reading_grade
from tests.models.plain_language.test_writing import PATIENT, TEXTS

FACTS = LeafletFacts(
    10.0,
    0.14,
    (0.09, 0.2),
    0.08,
    420.0,
    ("calcium", "smoking", "lipids"),
    (Helping("smoking_cessation", 5.2, False), Helping("statin_high", 3.4, True)),
    simulated=True,
    date="2026-11-28",
)


def test_a_sixth_grader_can_read_the_leaflet() -> None:
    assert reading_grade(write_leaflet(FACTS).text) <= 6
    in_part = replace(FACTS, calcium_score=None, calcium_part=PartOfScore(650.2, 3))
    assert reading_grade(write_leaflet(in_part).text) <= 6
    for trace in get_args(Trace):
        traced = replace(FACTS, calcium_score=None, calcium_trace=trace)
        assert reading_grade(write_leaflet(traced).text) <= 6
    assert "In 3 of the 4 blood vessels of your heart your score is 650." in (
        write_leaflet(in_part).text
    )


@pytest.mark.parametrize("language", sorted(known_languages()))
def test_every_language_is_complete_and_says_the_same_numbers(language: str) -> None:
    leaflet = write_leaflet(FACTS, language)
    for number in ("100", "14", "86", "9", "20", "8", "420", "10", "5", "3"):
        assert number in leaflet.text
    assert "{" not in leaflet.text
    assert leaflet.research


def test_a_second_language_is_shipped() -> None:
    assert known_languages() == {"de": "Deutsch", "en": "English"}
    german, english = load_leaflet_texts("de"), load_leaflet_texts("en")
    same = [key for key in english if german[key] == english[key]]
    assert same == []


def test_every_option_with_a_figure_has_its_words() -> None:
    with_figures = [name for name, option in TreatmentEffects.load().items() if option.effect]
    assert can_be_told(with_figures) == tuple(with_figures)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (None, "no scan"),
        (0.0, "found no calcium"),
        (0.3, "Your score is 1."),
        (12.4, "Your score is 12"),
    ],
)
def test_the_scan_is_told_as_it_is(score: float | None, words: str) -> None:
    facts = LeafletFacts(10.0, 0.004, None, None, score, (), (), simulated=False, date="")
    leaflet = write_leaflet(facts)
    assert words in leaflet.text
    assert "1000 people" in leaflet.text
    assert leaflet.research == leaflet.made == ""


@pytest.mark.parametrize(
    ("risk", "average", "words"),
    [
        (0.14, 0.08, "about 8 in 100."),
        (0.14, 0.004, "less than 1 in 100."),
        (0.004, 0.007, "about 7 in 1000."),
        (0.004, 0.03, "about 30 in 1000."),
    ],
)
def test_the_average_is_told_of_as_many_people_as_the_risk(
    risk: float, average: float, words: str
) -> None:
    said = write_leaflet(replace(FACTS, risk=risk, average=average)).sections[0].sentences[-1]
    assert said.endswith(words)


@pytest.mark.parametrize("language", sorted(known_languages()))
@pytest.mark.parametrize("risk", [0.0001, 0.0009, 0.002, 0.0049])
def test_a_small_risk_and_its_interval_are_told_of_a_thousand(risk: float, language: str) -> None:
    facts = replace(FACTS, risk=risk, interval=(0.4 * risk, 2.2 * risk), average=None)
    chance, limits = write_leaflet(facts, language).sections[0].sentences
    assert "1000" in chance and "1000" in limits
    assert " 0 of" not in chance and "etwa 0 " not in chance


@pytest.mark.parametrize("language", sorted(known_languages()))
@pytest.mark.parametrize("risk", [0.0001, 0.004, 0.0056, 0.0096, 0.0104, 0.02, 0.3])
def test_no_limit_of_a_risk_is_told_as_nobody(risk: float, language: str) -> None:
    under = load_leaflet_texts(language)["risk.under"]
    for share in (0.001, 0.2, 0.9):
        facts = replace(FACTS, risk=risk, interval=(share * risk, 1.1 * risk), average=None)
        limits = write_leaflet(facts, language).sections[0].sentences[1]
        low, high, of = re.findall(rf"{under}|\d+", limits)
        assert int(high) >= 1
        assert (low == under) == (share * risk * int(of) <= 0.5)


@pytest.mark.parametrize("risk", [0.004, 0.0056, 0.0096, 0.0104, 0.02])
def test_a_risk_is_told_of_as_many_people_in_leaflet_and_summary(risk: float) -> None:
    leaflet = write_leaflet(replace(FACTS, risk=risk)).sections[0].sentences[0]
    summary = write_plain_text(replace(PATIENT, risk=risk, interval=None), TEXTS).paragraphs[0][1]
    told = [re.findall(r"of (\d+) people|in (1000?) people", one)[0] for one in (leaflet, summary)]
    assert "".join(told[0]) == "".join(told[1])
    assert re.findall(r"about (\d+)", leaflet) == re.findall(r"About (\d+)", summary)


@pytest.mark.parametrize(("language", "none"), [("en", "no calcium"), ("de", "kein Kalk")])
def test_a_score_of_0_that_is_contradicted_is_told_as_no_absence_of_calcium(
    language: str, none: str
) -> None:
    for diseased in (False, True):
        facts = replace(FACTS, calcium_score=0.0, diseased=diseased)
        assert none in write_leaflet(facts, language).sections[1].sentences[0]
        said = write_leaflet(replace(facts, calcium_trace="seen"), language)
        assert none not in said.sections[1].sentences[0]
        assert language != "en" or reading_grade(said.text) <= 6
    seen = replace(PATIENT, calcium_score=0.0, calcium_seen=True)
    for patient, absent in ((replace(seen, calcium_seen=False), True), (seen, False)):
        said_of = dict(write_plain_text(patient, Texts.load(language)).paragraphs)["comparison"]
        assert (none in said_of.replace("No calcium", "no calcium")) == absent


@pytest.mark.parametrize("score", [99.6, 299.7, 999.9])
def test_a_score_below_the_limit_of_a_class_is_not_told_to_be_at_it(score: float) -> None:
    said = write_leaflet(replace(FACTS, calcium_score=score)).sections[1].sentences[0]
    assert f"Your score is {int(score)}." in said


@pytest.mark.parametrize(
    ("points", "warned"), [((5.2, 3.4), True), ((5.2, 0.2), False), ((5.2,), False), ((), False)]
)
def test_numbers_that_stand_side_by_side_are_said_not_to_add_up(
    points: tuple[float, ...], warned: bool
) -> None:
    helping = tuple(Helping("statin_high", one, False) for one in points)
    for language, words in (("en", "Do not add"), ("de", "nicht zusammen")):
        section = write_leaflet(replace(FACTS, helping=helping), language).sections[3]
        assert (words in section.sentences[0]) == warned


@pytest.mark.parametrize(("language", "good"), [("en", "good news"), ("de", "Das ist gut")])
def test_a_score_of_0_is_no_good_news_to_whom_the_arteries_are_known_to_be_ill(
    language: str, good: str
) -> None:
    for score, diseased in ((0.0, False), (0.0, True), (40.0, True)):
        facts = replace(FACTS, calcium_score=score, diseased=diseased)
        leaflet = write_leaflet(facts, language)
        assert (good in leaflet.text) == (score == 0 and not diseased)
        assert language != "en" or reading_grade(leaflet.text) <= 6


@pytest.mark.parametrize("language", sorted(known_languages()))
def test_a_reason_that_no_theme_names_is_told_by_its_label(language: str) -> None:
    text = write_leaflet(replace(FACTS, reasons=("smoking", "Galectin-3")), language).text
    assert "Galectin-3" in text
    assert load_leaflet_texts(language)["themes.smoking"] in text
