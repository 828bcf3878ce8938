"""The scan before the last one is the latest that is a month or more older."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from pipeline.measuring.progression import PRIOR, join_scans

ALIKE = {"scan": {"manufacturer": "A", "model": "B", "kvp": 120.0}, "rules": {}}


def _join(*scans: tuple[date, float]) -> pd.Series:
    totals = dict.fromkeys(PRIOR, 0.0)
    rows = [
        {"patient_id": "a", "date": day, "line": line, **totals, "cac_agatston": score}
        for line, (day, score) in enumerate(scans)
    ]
    return join_scans(pd.DataFrame(rows), dict.fromkeys(range(len(scans)), ALIKE)).iloc[0]


def test_a_repeat_within_a_month_does_not_hide_the_scan_of_years_ago() -> None:
    last = date(2026, 1, 20)
    joined = _join((date(2020, 1, 21), 50), (date(2026, 1, 5), 118), (last, 120))
    assert joined["cac_agatston"] == 120
    assert joined["prior_cac_agatston"] == 50
    assert joined["prior_scan_years"] == pytest.approx(6, abs=0.01)
    assert joined["prior_differs"].endswith(
        "another scan less than a month apart: not taken as an earlier scan"
    )


def test_a_repeat_within_a_month_alone_makes_nothing_comparable_or_not() -> None:
    joined = _join((date(2026, 1, 5), 118), (date(2026, 1, 5), 119), (date(2026, 1, 20), 120))
    assert pd.isna(joined["prior_cac_agatston"])
    assert pd.isna(joined["prior_scan_comparable"])
    assert joined["prior_differs"].startswith("2 other scans less than a month apart")


def test_one_scan_has_nothing_to_be_compared_with() -> None:
    assert _join((date(2026, 1, 5), 118))["prior_differs"] is None
