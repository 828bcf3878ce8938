from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from models.report.material import Material
from models.report.tables.performance_tables import (
    coverage_table,
    incremental_table,
    performance_tables,
    reference_score_table,
)


def with_table(material: Material, name: str, rows: list[dict[str, Any]]) -> Material:
    return replace(material, tables={**material.tables, name: pd.DataFrame(rows)})


def test_a_model_has_a_row_and_each_metric_its_interval(material: Material) -> None:
    ((evaluation, horizon, n, events, table),) = performance_tables(material)
    assert (evaluation, horizon, n, events) == ("cross_validation", 10.0, 400, 40)
    assert table.columns == ("Model", "C-index", "Scaled Brier (IPA)", "Observed / expected")
    assert table.rows[0][:2] == (
        "calcirisk",
        "0.700\n(0.680\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}0.720)",
    )


def test_what_a_group_adds_stands_beside_it_in_the_order_added(material: Material) -> None:
    row = {"metric": "c_index", "horizon": 10.0, "lower": 0.6, "upper": 0.8}
    rows = [
        {**row, "step": 1, "groups": "+ calcium", "estimate": 0.72, "gain": 0.02},
        {**row, "step": 0, "groups": "clinical", "estimate": 0.70, "gain": None},
    ]
    table = incremental_table(with_table(material, "incremental", rows))
    assert [cells[0] for cells in table.rows] == ["clinical", "+ calcium"]
    assert [cells[2] for cells in table.rows] == ["–", "+0.0200"]


def test_a_reference_score_stands_beside_the_model_on_the_same_patients(
    material: Material,
) -> None:
    row = {"evaluation": "held_out", "score": "pce", "horizon": 10.0, "metric": "c_index"}
    row |= {"estimate": 0.681, "lower": 0.6, "upper": 0.7, "model_estimate": 0.7}
    row |= {"difference": 0.02, "difference_lower": -0.01, "difference_upper": 0.05}
    row |= {"n": 300, "events": 30, "coverage": 0.75}
    (cells,) = reference_score_table(with_table(material, "reference_scores", [row])).rows
    assert cells[3:] == (
        "0.700",
        "+0.020\n(−0.010\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}+0.050)",
        "300 / 30",
        "75",
    )


def test_a_score_told_in_steps_has_their_digits_and_the_exact_difference_from_the_model(
    material: Material,
) -> None:
    """Both Brier scores are told as 0.1: their difference is neither 0 nor turned for it."""
    row = {"evaluation": "held_out", "score": "pce", "horizon": 10.0, "metric": "brier"}
    row |= {"estimate": 0.1, "lower": 0.1, "upper": 0.2, "model_estimate": 0.1}
    row |= {"difference": -0.0178, "difference_lower": -0.0423, "difference_upper": 0.0039}
    row |= {"n": 150, "events": 20, "coverage": 0.65}
    (cells,) = reference_score_table(with_table(material, "reference_scores", [row])).rows
    assert [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in cells[2:5]] == [
        "0.1\n(0.1 to 0.2)",
        "0.1",
        "−0.0178\n(−0.0423 to +0.0039)",
    ]


def test_what_keeps_a_score_from_patients_is_said(material: Material) -> None:
    row = {"score": "pce", "horizon": 10.0, "outcome": "ASCVD", "valid_range": "adults"}
    rows = [
        {**row, "status": "computed", "variable": "", "rule": "", "patients": "300", "share": 0.75},
        {
            **row,
            "status": "input absent",
            "variable": "hdl_cholesterol",
            "rule": "must be known",
            "patients": "<10",
            "share": float("nan"),
        },
    ]
    material = with_table(material, "reference_coverage", rows)
    assert coverage_table(material).rows == (
        ("pce", "ASCVD", "300 (75 %)", "HDL cholesterol: must be known (fewer than 10 patients)"),
    )


def test_absent_tables_are_empty(material: Material) -> None:
    for build in (incremental_table, reference_score_table):
        assert not build(material)
