"""Sentences that depend on the run: said where they are true, and not elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from models.report.material import Material
from models.report.rendering import render_card, render_report
from tests.models.report.conftest import difference


def _with(material: Material, *rows: dict[str, Any]) -> Material:
    return replace(material, tables={**material.tables, "differences": pd.DataFrame(rows)})


def test_whoever_ranks_better_by_enough_is_to_be_used_instead(material: Material) -> None:
    card = render_card(_with(material, difference("ridge_cox", -0.03, 0.01)))
    assert "Prefer its linear part alone" in card


def test_nobody_is_sent_to_a_model_that_is_ahead_by_too_little_to_matter(
    material: Material,
) -> None:
    card = render_card(_with(material, difference("ridge_cox", -0.0006, 0.0004)))
    assert "worse than its linear part alone" in card
    assert "too small to matter" in card
    assert "Prefer" not in card


def test_nobody_is_sent_to_a_model_whose_risks_are_farther_from_the_truth(
    material: Material,
) -> None:
    # the comparator's Brier score less the model's: higher, the whole interval long
    brier = {**difference("ridge_cox", -0.002, 0.001), "metric": "brier"}
    card = render_card(_with(material, difference("ridge_cox", -0.03, 0.01), brier))
    assert "Predicted risks are more accurate than those of its linear part alone" in card
    assert "Prefer" not in card


def test_where_no_score_has_the_horizon_the_report_says_so(material: Material) -> None:
    table = material.tables["metrics"].assign(horizon=7.5)
    page = render_report(replace(material, tables={"metrics": table}))
    assert "no such horizon was asked for" in page
    assert "no such horizon was asked for" not in render_report(material)


def test_the_page_speaks_of_no_folder_that_this_run_may_not_have(material: Material) -> None:
    page = render_report(material)
    assert "outputs/train" not in page
    assert "what the scores in use predict" not in page


def test_a_model_that_is_its_linear_part_is_nowhere_compared_with_itself(
    material: Material,
) -> None:
    own = material.tables["metrics"]
    both = pd.concat([own, own.assign(model="ridge_cox")])
    rows = [{**difference("ridge_cox", 0.0, 0.0), "metric": name} for name in ("c_index", "brier")]
    tables = {"metrics": both, "differences": pd.DataFrame(rows)}
    same = replace(material, tables={**material.tables, **tables})
    for told in (render_report(same), render_card(same)):
        assert "Boosted trees earned no weight here: the model is its linear part." in told
        assert "its linear part alone" not in told
        assert "No comparator was evaluated" not in told


def test_a_model_with_trees_is_compared_with_its_linear_part(compared: Material) -> None:
    page = render_report(compared)
    assert "better discrimination than its linear part alone" in page
    assert "earned no weight" not in page
