from __future__ import annotations

import pandas as pd
import pytest

from models.evaluation.comparisons.standing import find_linear, is_preferred


def _row(
    evaluation: str, model: str, metric: str, apart: float, spread: float = 0.0
) -> dict[str, object]:
    limits = {"lower": apart - spread, "upper": apart + spread}
    return {
        "evaluation": evaluation,
        "model": model,
        "metric": metric,
        "difference": apart,
    } | limits


def test_a_model_is_its_linear_part_where_no_metric_differs() -> None:
    rows = [
        _row("held_out", "ridge_cox", "c_index", 0.0),
        _row("held_out", "ridge_cox", "brier", 1e-12),
        _row("held_out", "boosted_cox", "c_index", 0.02),
        # ranks alike, but by other risks
        _row("sites", "ridge_cox", "c_index", 0.0),
        _row("sites", "ridge_cox", "brier", 1e-4),
        # level on these patients, not in others
        _row("temporal", "ridge_logistic", "c_index", 0.0, 0.01),
        # XGBoost is no part of the model
        _row("external", "boosted_cox", "c_index", 0.0),
    ]
    assert find_linear(pd.DataFrame(rows)) == {"held_out"}


def test_differences_without_an_evaluation_speak_of_one_without_a_name() -> None:
    rows = pd.DataFrame([_row("", "ridge_cox", "brier", 0.0)]).drop(columns="evaluation")
    assert find_linear(rows) == {""}
    assert find_linear(pd.DataFrame()) == set()


def test_nothing_is_known_of_differences_that_are_undefined() -> None:
    assert find_linear(pd.DataFrame([_row("held_out", "ridge_cox", "ici", float("nan"))])) == set()


@pytest.mark.parametrize(
    ("lead", "lower", "closer", "preferred"),
    [(0.02, 0.01, False, True), (0.02, 0.01, True, False), (0.004, 0.003, False, False)],
)
def test_who_is_preferred_leads_by_enough_and_beyond_chance(
    lead: float, lower: float, closer: bool, preferred: bool
) -> None:
    assert is_preferred(lead, lower, has_better_brier=closer) == preferred
    assert not is_preferred(lead, -lower, has_better_brier=closer)
