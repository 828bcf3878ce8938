from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from models.report.comparison import compare, main_evaluation
from models.report.material import Material
from tests.models.report.conftest import difference, metrics


def test_ahead_is_only_what_the_whole_interval_supports(compared: Material) -> None:
    standings = {one.name: one.standing for one in compare(compared)}
    assert standings == {"ridge_cox": "ahead", "boosted_cox": "level", "old_score": "behind"}


def test_the_gain_is_the_models_whatever_the_file_subtracts(compared: Material) -> None:
    first = compare(compared)[0]
    assert (first.gain, first.lower, first.upper) == pytest.approx((0.02, 0.02 - 0.01, 0.03))


def test_a_certain_lead_may_still_be_too_small_to_matter(material: Material) -> None:
    rows = pd.DataFrame([difference("ridge_cox", 0.002, 0.001)])
    material = replace(material, tables={**material.tables, "differences": rows})
    assert [one.is_negligible for one in compare(material)] == [True]


def test_without_interval_nothing_is_ahead(material: Material) -> None:
    rows = pd.DataFrame([difference("ridge_cox", 0.02, float("nan"))])
    material = replace(material, tables={**material.tables, "differences": rows})
    assert [one.standing for one in compare(material)] == ["level"]


def test_a_reference_score_is_compared_by_the_difference_that_was_measured(
    material: Material,
) -> None:
    row = {
        "evaluation": "cross_validation",
        "score": "prevent",
        "metric": "c_index",
        "horizon": 10.0,
        "estimate": 0.7,  # in steps, where the score leaves patients out
        "model_estimate": 0.7,
        "difference": 0.03,
        "difference_lower": 0.01,
        "difference_upper": 0.05,
        "n": 300,
    }
    tables = {**material.tables, "reference_scores": pd.DataFrame([row])}
    titles = {"prevent": "PREVENT, base"}
    (one,) = compare(replace(material, tables=tables, titles=titles))
    assert (one.gain, one.lower, one.upper) == (0.03, 0.01, 0.05)
    assert one.is_reference and one.label == "PREVENT, base"


def test_the_evaluation_with_most_patients_speaks_first(material: Material) -> None:
    both = pd.DataFrame([*metrics(evaluation="held_out", n=100), *metrics(n=400)])
    assert main_evaluation(replace(material, tables={"metrics": both})) == "cross_validation"
