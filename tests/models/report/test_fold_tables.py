from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from models.report.material import Material
from models.report.rendering import render_card, render_report
from models.report.tables.fold_tables import (
    fold_table,
    instability_table,
    repeat_table,
    site_table,
)
from tests.models.report.test_performance_tables import with_table

MEASURED = {"n": "120", "events": "<10", "c_index": 0.7, "observed_over_expected": 1.1}


def test_folds_are_summed_up_and_a_single_one_is_not(material: Material) -> None:
    rows = [
        {"model": "ridge_cox", "fold": i, "horizon": 10.0, "c_index": c}
        for i, c in enumerate((0.6, 0.7, 0.8))
    ]
    (cells,) = fold_table(with_table(material, "folds", rows)).rows
    assert cells == ("its linear part alone", "10", "3", "0.700", "0.600", "0.800")
    assert not fold_table(with_table(material, "folds", rows[:1]))
    # a centre of a few patients has no C-index, and is no fold of the mean
    rows[2]["c_index"] = float("nan")
    (cells,) = fold_table(with_table(material, "folds", rows)).rows
    assert cells[2:] == ("2", "0.650", "0.600", "0.700")


def test_folds_of_a_cross_validation_are_shown_under_performance(material: Material) -> None:
    rows = [{"model": "calcirisk", "fold": i, "horizon": 10.0, "c_index": 0.7} for i in (1, 2)]
    page = render_report(with_table(material, "folds", rows))
    assert "C-index by fold" in page
    assert "Leave-one-centre-out performance at" not in page


def test_each_site_has_its_row_where_sites_were_left_out_in_turn(material: Material) -> None:
    row = {"model": "calcirisk", "horizon": 10.0, **MEASURED}
    rows = [{**row, "fold": 1, "site": "north"}, {**row, "fold": 2, "site": "south", "n": "1210"}]
    by_site = replace(with_table(material, "folds", rows), design={"sites": 2})
    assert site_table(by_site).rows == (
        ("north", "120", "<10", "0.700", "1.10"),
        ("south", "1,210", "<10", "0.700", "1.10"),
    )
    assert "Leave-one-centre-out performance at 10 years" in render_report(by_site)


def test_the_spread_over_repeats_is_shown_where_folds_were_dealt_again(material: Material) -> None:
    rows = [
        {"repeat": i, "model": "calcirisk", "metric": "c_index", "horizon": 10.0, "estimate": c}
        for i, c in enumerate((0.70, 0.71, 0.72), start=1)
    ]
    repeated = with_table(material, "repeats", rows)
    assert repeat_table(repeated).rows == (
        ("calcirisk", "C-index", "3", "0.7100", "0.7000", "0.7200"),
    )
    assert "Variation over repeats" in render_report(repeated)
    assert "Variation over repeats" not in render_report(material)


@pytest.mark.parametrize("render", [render_report, render_card])
def test_a_model_of_yes_or_no_is_not_called_a_cox_model(material: Material, render: object) -> None:
    assert callable(render)
    link = {"kind": "fixed_horizon", "horizon": 10.0, "intercept": 0.0}
    yes_no = replace(
        material,
        predictor={**material.predictor, "link": link},
        cohort={**material.cohort, "competing": False},
    )
    assert "logistic regression" in render(yes_no)
    assert "Cox" not in render(yes_no)
    assert "Cox" in render(material)


def test_a_ratio_within_a_tenth_by_chance_alone_is_not_called_right(material: Material) -> None:
    def lead(lower: float, upper: float) -> str:
        table = material.tables["metrics"].copy()
        ratio = table["metric"] == "observed_over_expected"
        table.loc[ratio, ["lower", "upper"]] = [lower, upper]
        return render_card(replace(material, tables={"metrics": pd.DataFrame(table)}))

    assert "95 % interval 0.80 to 1.30), an error of less than a tenth, although" in lead(0.8, 1.3)
    assert "although a larger one cannot be excluded" not in lead(1.01, 1.09)
    assert "95 % interval 1.01 to 1.09), an error of less than a tenth." in lead(1.01, 1.09)


def test_refitted_models_stand_in_the_report_with_their_thresholds(material: Material) -> None:
    row = {"horizon": 10.0, "group": 0, "refits": 10, "risk": 0.1, "error": 0.012}
    row |= {"lower": 0.07, "upper": 0.14, "changes_0.075": 0.034}
    rows = [row, {**row, "group": 1, "risk": 0.01}]
    shown = with_table(material, "instability", rows)
    table = instability_table(shown)
    assert table.columns[-1] == "Classification instability at 7.5 %, % of refits"
    everybody, lowest = table.rows
    assert everybody[0] == "All patients"
    assert everybody[1].startswith("10.0\n(7.0")
    assert everybody[2:] == ("1.20", "3.4")
    assert lowest[0] == "Tenth 1 of risk"
    assert "Instability of predictions" in render_report(shown)
    assert not instability_table(material)
