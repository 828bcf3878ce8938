from __future__ import annotations

from dataclasses import replace

import pandas as pd

from models.report.material import Material
from models.report.rendering import render_report
from models.report.tables.censoring_tables import censoring_table, describe_censoring


def _told(material: Material, c_index: float) -> Material:
    row = {
        "evaluation": "cross_validation",
        "horizon": 10.0,
        "metric": "observed_over_expected",
        "one_curve": 0.9,
        "by_covariates": 0.98,
        "strata": 5,
        "follow_up_c": c_index,
    }
    tables = {**material.tables, "dependent_censoring": pd.DataFrame([row])}
    return replace(material, tables=tables)


def test_where_follow_up_tells_of_the_patient_both_figures_stand_side_by_side(
    material: Material,
) -> None:
    told = _told(material, 0.71)
    assert censoring_table(told).rows[0][1:] == ("0.90", "0.98")
    assert describe_censoring(told).startswith("The covariates tell how long")
    assert "C-index of the time of censoring 0.71" in render_report(told)


def test_where_it_tells_nothing_the_report_says_so(material: Material) -> None:
    assert "tell next to nothing" in describe_censoring(_told(material, 0.51))


def test_where_it_was_not_measured_nothing_is_said(material: Material) -> None:
    assert describe_censoring(material) == ""
    assert "Censoring that depends" not in render_report(material)
