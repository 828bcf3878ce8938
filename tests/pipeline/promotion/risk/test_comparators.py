from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from pipeline.promotion.risk.comparators import (
    judge_linear,
    judge_reference_scores,
    tell_rivals,
)
from tests.pipeline.promotion.passing import failed, make_passing, with_table, without_table

LINEAR = "lead of its linear part, held out, 10 years"
SCORE = "lead of framingham, held out, 10 years"


@pytest.mark.parametrize(
    ("lead", "lower", "passes"),
    [(0.005, 0.001, True), (0.006, 0.001, False), (0.05, -0.001, True), (-0.1, -0.2, True)],
)
def test_the_linear_part_may_lead_by_little_or_by_chance(
    lead: float, lower: float, passes: bool
) -> None:
    found = failed(with_table("differences", difference=lead, lower=lower, upper=0.1))
    assert found == ([] if passes else [LINEAR])


@pytest.mark.parametrize(("upper", "passes"), [(0.001, True), (-0.001, False)])
def test_a_reference_score_may_lead_by_chance_only(upper: float, passes: bool) -> None:
    worse = {"estimate": 0.78, "difference": -0.03}
    limits = {"difference_lower": -0.06, "difference_upper": upper}
    found = failed(with_table("reference_scores", **worse, **limits))
    assert found == ([] if passes else [SCORE])


def test_the_lead_of_a_score_is_shown_with_its_interval() -> None:
    (gate,) = judge_reference_scores(make_passing(), 0.005)
    assert gate.found == "-0.0500 (-0.0700 to -0.0300)"


def test_cross_validated_patients_are_judged_beside_the_held_out() -> None:
    table = make_passing().tables["differences"]
    worse = table.assign(evaluation="cross_validation", difference=0.01, lower=0.005, upper=0.02)
    both = {**make_passing().tables, "differences": pd.concat([table, worse])}
    gates = judge_linear(replace(make_passing(), tables=both), 0.005)
    assert [gate.passed for gate in gates] == [True, False]


def test_where_no_score_covers_anyone_that_is_said_and_passes() -> None:
    coverage = pd.DataFrame({"score": ["a", "a", "b"]})
    bare = without_table("reference_scores")
    (gate,) = judge_reference_scores(
        replace(bare, tables={**bare.tables, "reference_coverage": coverage}), 0.005
    )
    assert gate.passed
    assert gate.found == "none of 2 covers these patients"


def test_a_lead_without_interval_is_not_measured() -> None:
    assert failed(with_table("differences", lower=float("nan"))) == [LINEAR]


def test_the_linear_part_of_a_model_of_yes_or_no_is_judged_as_well() -> None:
    table = make_passing().tables["differences"].assign(model="ridge_logistic")
    (gate,) = judge_linear(replace(make_passing(), tables={"differences": table}), 0.005)
    assert gate.name == "lead of its linear part, held out, 10 years"


def test_a_model_that_is_its_linear_part_is_not_compared_with_itself() -> None:
    same = with_table("differences", difference=0.0, lower=0.0, upper=0.0)
    (gate,) = judge_linear(same, 0.005)
    assert gate.passed
    assert gate.found == "Boosted trees earned no weight here: the model is its linear part"


@pytest.mark.parametrize(
    ("lead", "lower", "brier", "is_told"),
    [
        (0.021, 0.004, -0.01, True),
        (0.021, -0.001, -0.01, False),
        (0.004, 0.001, -0.01, False),
        (0.021, 0.004, 0.001, False),
    ],
)
def test_a_rival_that_the_report_prefers_is_told_and_blocks_nothing(
    lead: float, lower: float, brier: float, is_told: bool
) -> None:
    table = make_passing().tables["differences"]
    rival = table.assign(model="boosted_cox", difference=lead, lower=lower, upper=0.04)
    scored = rival.assign(metric="brier", difference=0.002, lower=brier, upper=0.004)
    tables = {**make_passing().tables, "differences": pd.concat([table, rival, scored])}
    gates = tell_rivals(replace(make_passing(), tables=tables))
    assert [gate.name for gate in gates] == (
        ["lead of XGBoost Cox, held out, 10 years"] if is_told else []
    )
    assert all(gate.passed and "the report prefers XGBoost Cox" in gate.found for gate in gates)
