"""The gates of a progression model; each test spoils one thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.growth.judgement import judge_growth
from pipeline.settings.params import PromoteParams
from tests.pipeline.promotion.passing import THRESHOLDS

PAIRED = Rematch(Figure(0.01, -0.01, 0.03), n=400, events=550)
UNPAIRED = Rematch(None, why="other patients were held out from the champion")


def _performance() -> pd.DataFrame:
    rows = [("crps_skill", np.nan, 0.50, 0.47, 0.53)]
    for threshold in (100.0, 400.0):
        rows.append(("observed_over_expected", threshold, 1.05, 1.01, 1.09))
        rows.append(("calibration_slope", threshold, 0.9, 0.85, 0.95))
    columns = ["metric", "threshold", "estimate", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns).assign(scans=550, patients=400)


def make_passing() -> Evidence:
    leads = pd.DataFrame(
        {
            "forecast": ["published law", "carry forward"],
            "difference": [-0.45, -0.5],
            "lower": [-0.5, -0.55],
            "upper": [-0.4, -0.45],
        }
    )
    coverage = pd.DataFrame(
        {
            "group": ["all", "women"],
            "scans": [550, 280],
            "inside_50": [0.51, 0.48],
            "inside_80": [0.79, 0.82],
            "inside_90": [0.9, 0.88],
        }
    )
    tables = {"performance": _performance(), "differences": leads, "coverage": coverage}
    return Evidence("version 2", 2, "c", False, "aa", "d2", 1200, 90, (5.0,), {}, "hh", tables)


CHAMPION = replace(make_passing(), name="version 1", number=1, digest="d1")


def _spoil(table: str, row: int, **values: float) -> Evidence:
    passing = make_passing()
    changed = passing.tables[table].copy()
    for name, value in values.items():
        changed.loc[row, name] = value
    return replace(passing, tables={**passing.tables, table: changed})


def failed(
    challenger: Evidence,
    champion: Evidence | None = None,
    rematch: Rematch = PAIRED,
    thresholds: PromoteParams = THRESHOLDS,
) -> list[str]:
    gates = judge_growth(challenger, champion, rematch, thresholds)
    return [gate.name for gate in gates if not gate.passed]


def test_a_good_model_passes_every_gate_with_and_without_a_champion() -> None:
    assert failed(make_passing()) == []
    assert failed(make_passing(), CHAMPION) == []
    assert failed(make_passing(), CHAMPION, UNPAIRED) == []


@pytest.mark.parametrize(
    ("spoilt", "gate"),
    [
        (replace(make_passing(), n_patients=299), "patients with a later scan trained on"),
        (_spoil("performance", 0, patients=99), "patients with a later scan held out"),
        (
            _spoil("performance", 1, estimate=1.2, lower=1.1, upper=1.3),
            "observed over expected, passing 100",
        ),
        (
            _spoil("performance", 4, estimate=0.7, lower=0.6, upper=0.8),
            "calibration slope, passing 400",
        ),
        (_spoil("coverage", 0, inside_90=0.8), "intervals, all"),
        (_spoil("differences", 0, upper=0.01), "CRPS skill of published law"),
    ],
)
def test_each_fault_fails_its_own_gate(spoilt: Evidence, gate: str) -> None:
    assert failed(spoilt) == [gate]


def test_a_gap_that_chance_makes_in_a_small_group_is_none() -> None:
    assert failed(_spoil("coverage", 1, scans=20, inside_90=0.8)) == []


def test_a_gap_may_stand_with_a_written_reason_and_not_with_a_word() -> None:
    gap = _spoil("coverage", 1, inside_90=0.7)
    assert failed(gap) == ["intervals, women"]
    reason = {"women": "scanned on another machine at first"}
    assert failed(gap, thresholds=replace(THRESHOLDS, accepted_gaps=reason)) == []
    with pytest.raises(ConfigError, match="15 characters"):
        failed(gap, thresholds=replace(THRESHOLDS, accepted_gaps={"women": "ok"}))


@pytest.mark.parametrize(("difference", "passes"), [(-0.01, True), (-0.011, False)])
def test_on_the_same_scans_the_challenger_may_lose_little(difference: float, passes: bool) -> None:
    rematch = Rematch(Figure(difference, -0.1, 0.1), n=400, events=550)
    found = failed(make_passing(), CHAMPION, rematch)
    assert found == ([] if passes else ["CRPS skill against version 1"])


def test_unpaired_a_skill_far_below_the_champions_fails() -> None:
    worse = _spoil("performance", 0, estimate=0.4, lower=0.38, upper=0.42)
    assert failed(worse, CHAMPION, UNPAIRED) == ["CRPS skill against version 1"]


@pytest.mark.parametrize("name", ["performance", "differences", "coverage"])
def test_what_was_not_measured_does_not_pass_and_names_the_stage(name: str) -> None:
    passing = make_passing()
    bare = replace(passing, tables={k: v for k, v in passing.tables.items() if k != name})
    gates = [gate for gate in judge_growth(bare, None, PAIRED, THRESHOLDS) if not gate.passed]
    assert gates
    assert all("calcirisk forecast" in gate.remedy for gate in gates)


def test_a_simulated_cohort_never_replaces_patients() -> None:
    simulated = replace(make_passing(), cohort="synthetic", simulated=True)
    gate = judge_growth(simulated, CHAMPION, PAIRED, THRESHOLDS)[-1]
    assert not gate.passed
    assert not gate.may_be_forced
