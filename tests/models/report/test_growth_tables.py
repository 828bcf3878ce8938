from __future__ import annotations

import pandas as pd

from models.report.material import Material
from models.report.tables.growth_tables import (
    growth_change_table,
    growth_coverage_table,
    growth_error_table,
)


def _material(**tables: pd.DataFrame) -> Material:
    return Material({}, {}, {}, {}, {}, {}, tables=tables)


def test_the_report_says_nothing_of_growth_without_forecasts() -> None:
    assert not growth_error_table(_material())
    assert not growth_coverage_table(_material())
    assert not growth_change_table(_material())


def test_each_forecast_stands_with_its_error_by_first_score() -> None:
    crps = pd.DataFrame({"forecast": ["calcirisk"], "all": [51.18], "first score 0": [6.92]})
    table = growth_error_table(_material(growth_crps=crps))
    assert table.columns == ("Forecast", "All", "First score 0")
    assert table.rows == (("calcirisk", "51.2", "6.9"),)


def test_coverage_of_fewer_than_ten_scans_is_not_told() -> None:
    shares = {"inside_50": [0.5, 0.5], "inside_80": [0.8, 0.8], "inside_90": [0.9, 0.9]}
    coverage = pd.DataFrame({"group": ["all", "few"], "scans": [1200, 9], **shares})
    table = growth_coverage_table(_material(growth_coverage=coverage))
    assert table.rows == (("all", "1,200", "50.0", "80.0", "90.0"),)


def test_verdicts_on_changes_stand_with_their_share() -> None:
    changes = pd.DataFrame(
        {"judged": ["change"], "verdict": ["within_noise"], "scans": [1200], "percent": [60.04]}
    )
    table = growth_change_table(_material(growth_changes=changes))
    assert table.rows == (("Change", "within noise", "1,200", "60.0"),)
