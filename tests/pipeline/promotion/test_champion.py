from __future__ import annotations

from dataclasses import replace
from math import hypot

import pytest

from pipeline.promotion.champion import Rematch, judge_champion, subtract
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.gate import Gate
from pipeline.promotion.risk.judgement import terms_of
from tests.pipeline.promotion.passing import (
    METRICS,
    PAIRED,
    THRESHOLDS,
    UNPAIRED,
    failed,
    make_champion,
    make_passing,
    with_interval,
)

TERMS = terms_of(THRESHOLDS)
C_INDEX = "C-index against version 1, 10 years"


@pytest.mark.parametrize(("difference", "passes"), [(-0.005, True), (-0.0051, False)])
def test_on_the_same_patients_the_challenger_may_lose_little(
    difference: float, passes: bool
) -> None:
    rematch = Rematch(Figure(difference, -0.1, 0.1), 10.0, 300, 60)
    found = failed(make_passing(), make_champion(), rematch)
    assert found == ([] if passes else [C_INDEX])


@pytest.mark.parametrize(
    ("c_index", "width", "passes"),
    [(0.731, 0.04, True), (0.729, 0.04, False), (0.735, 0.001, False)],
)
def test_unpaired_the_loss_is_bounded_and_its_interval_must_allow_for_less(
    c_index: float, width: float, passes: bool
) -> None:
    challenger, rival = (
        replace(one, metrics={**METRICS, **with_interval("c_index_10y", c, c - half, c + half)})
        for one, c, half in (
            (make_passing(), c_index, width / 2),
            (make_champion(), 0.75, width / 2),
        )
    )
    assert failed(challenger, rival, UNPAIRED) == ([] if passes else [C_INDEX])


def test_an_unpaired_comparison_says_so_and_why() -> None:
    (gate,) = judge_champion(make_passing(), make_champion(), UNPAIRED, TERMS)
    assert "UNPAIRED: other patients were held out" in gate.found


def test_independent_figures_are_subtracted_with_the_interval_of_both() -> None:
    difference = subtract(Figure(0.7, 0.67, 0.73), Figure(0.6, 0.56, 0.64))
    assert difference.estimate == pytest.approx(0.1)
    assert difference.upper == pytest.approx(0.1 + hypot(0.06, 0.08) / 2)


def test_a_champion_of_another_cohort_cannot_be_compared_with() -> None:
    assert failed(make_passing(), replace(make_champion(), cohort="other")) == ["champion"]


def test_a_model_of_patients_replaces_a_demonstration_and_never_the_other_way_round() -> None:
    simulated = replace(make_champion(), cohort="synthetic", simulated=True)
    (gate,) = judge_champion(make_passing(), simulated, PAIRED, TERMS)
    assert gate.passed
    demonstration = replace(make_passing(), cohort="synthetic", simulated=True)
    (gate,) = judge_champion(demonstration, make_champion(), PAIRED, TERMS)
    assert not gate.passed
    assert not gate.may_be_forced


def test_the_champion_itself_need_not_beat_itself() -> None:
    (gate,) = judge_champion(make_champion(), make_champion(), PAIRED, TERMS)
    assert gate.passed


def judge_use(challenger: Evidence, champion: Evidence | None) -> tuple[Gate, ...]:
    """The gates that fail beside that of the figures."""
    return judge_champion(challenger, champion, PAIRED, TERMS)[:-1]


def test_a_model_that_ends_before_the_champion_does_not_take_its_place_without_a_word() -> None:
    before = max(make_champion().horizons)
    shorter = replace(make_passing(), horizons=(before - 5.0,))
    assert [gate.name for gate in judge_use(shorter, make_champion())] == [
        "years ahead of version 1"
    ]
    longer = replace(make_passing(), horizons=(before + 5.0,))
    assert judge_use(longer, make_champion()) == judge_use(shorter, None) == ()
    # whoever replaces a demonstration may do so with less
    shown = replace(make_champion(), simulated=True)
    assert judge_use(replace(shorter, simulated=False), shown) == ()


@pytest.mark.parametrize("title", ["", "Death"])
@pytest.mark.parametrize("deadly", [True, False])
def test_a_model_of_death_from_any_cause_does_not_replace_one_of_another_event(
    title: str, deadly: bool
) -> None:
    champion = replace(make_champion(), any_death=not deadly, endpoint="")
    (gate,) = judge_use(replace(make_passing(), any_death=deadly, endpoint=title), champion)
    assert not gate.passed and "death from any cause" in f"{gate.required} {gate.found}"
    same = replace(champion, any_death=deadly)
    assert judge_use(replace(make_passing(), any_death=deadly, endpoint=title), same) == ()


def test_a_model_of_another_endpoint_does_not_take_the_champions_place() -> None:
    mine, theirs = ("Coronary death", "Any cardiovascular event")
    champion = replace(make_champion(), endpoint=theirs)
    (gate,) = judge_use(replace(make_passing(), endpoint=mine), champion)
    assert (gate.required, gate.found, gate.passed) == (theirs, mine, False)
    # a version that was registered before endpoints were logged says nothing
    for known in ("", theirs):
        assert judge_use(replace(make_passing(), endpoint=known), champion) == ()
    assert "endpoint of version 1" in failed(
        replace(make_passing(), endpoint=mine), champion, PAIRED
    )
