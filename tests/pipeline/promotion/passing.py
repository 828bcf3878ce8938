"""Evidence of a model that passes every gate; each test spoils one thing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.cohort import Cohort
from features.endpoint import Endpoint
from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.risk.judgement import judge
from pipeline.settings.params import Paths, PromoteParams
from pipeline.settings.progression_params import PromoteProgressionParams

THRESHOLDS = PromoteParams(
    alias="champion",
    accepted_gaps={},
    progression=PromoteProgressionParams(
        minimum_patients=300,
        minimum_held_out_patients=100,
        max_coverage_error=0.03,
        max_skill_loss=0.01,
        max_unpaired_skill_loss=0.05,
    ),
    minimum_events=100,
    minimum_held_out_events=50,
    max_calibration_error=0.1,
    max_slope_error=0.2,
    max_c_index_loss=0.005,
    max_unpaired_c_index_loss=0.02,
    max_comparator_lead=0.005,
)
PAIRED = Rematch(Figure(0.01, -0.01, 0.03), 10.0, 300, 60)
UNPAIRED = Rematch(None, why="other patients were held out from the champion")


def with_interval(name: str, estimate: float, lower: float, upper: float) -> dict[str, float]:
    return {f"c.{name}": estimate, f"c.{name}_lower": lower, f"c.{name}_upper": upper}


METRICS = {
    **with_interval("observed_over_expected_5y", 1.05, 1.01, 1.09),
    **with_interval("observed_over_expected_10y", 0.95, 0.91, 0.99),
    **with_interval("calibration_slope_5y", 1.1, 1.05, 1.15),
    **with_interval("calibration_slope_10y", 0.9, 0.85, 0.95),
    **with_interval("c_index_10y", 0.75, 0.73, 0.77),
}


def tables() -> dict[str, pd.DataFrame]:
    lead = {"evaluation": "held_out", "metric": "c_index", "horizon": 10.0}
    metrics = pd.DataFrame([{**lead, "model": "calcirisk", "events": 50}])
    ridge = {**lead, "model": "ridge_cox", "reference": "calcirisk"}
    ridge |= {"difference": -0.01, "lower": -0.02, "upper": 0.0}
    score = {**lead, "score": "framingham", "estimate": 0.70, "model_estimate": 0.75}
    score |= {"difference": 0.05, "difference_lower": 0.03, "difference_upper": 0.07}
    gap = {"subgroup": "sex", "level": "female", "lower": -0.1, "upper": 0.1, "finding": None}
    return {
        "metrics": metrics,
        "differences": pd.DataFrame([ridge]),
        "reference_scores": pd.DataFrame([score]),
        "subgroup_gaps": pd.DataFrame([{**lead, **gap}]),
    }


def make_passing() -> Evidence:
    return Evidence(
        "version 2",
        2,
        "c",
        False,
        "aa",
        "d2",
        500,
        100,
        (5.0, 10.0),
        METRICS,
        "hh",
        tables(),
        {"passed": True, "leaks": []},
    )


def make_champion() -> Evidence:
    return replace(make_passing(), name="version 1", number=1, digest="d1")


def failed(
    challenger: Evidence,
    champion: Evidence | None = None,
    rematch: Rematch = PAIRED,
    thresholds: PromoteParams = THRESHOLDS,
) -> list[str]:
    gates = judge(challenger, champion, rematch, thresholds)
    return [gate.name for gate in gates if not gate.passed]


def with_table(name: str, **values: float | str) -> Evidence:
    passing = make_passing()
    changed = passing.tables[name].assign(**values)
    return replace(passing, tables={**passing.tables, name: changed})


def without_table(name: str) -> Evidence:
    passing = make_passing()
    return replace(passing, tables={k: v for k, v in passing.tables.items() if k != name})


def write_project(root: Path, model_folder: Path, covariates: pd.DataFrame) -> Paths:
    """The outputs of a run whose model passes every gate."""
    paths = Paths(root)
    shutil.copytree(model_folder, paths.model)
    n = len(covariates)
    endpoint = Endpoint(np.linspace(1, 12, n), (np.arange(n) % 2).astype(np.int8))
    Cohort("drawn", covariates, endpoint).write(paths.ingest)
    pd.DataFrame({"part": "held_out"}, index=covariates.index).to_parquet(paths.split)
    (paths.train / "training.json").write_text("{}")
    (paths.train / "leakage.json").write_text(json.dumps({"passed": True, "leaks": []}))
    paths.source.mkdir(parents=True)
    (paths.source / "source.json").write_text(json.dumps({"sha256": "ab" * 32}))
    (paths.evaluate / "tables").mkdir(parents=True)
    for name, table in tables().items():
        table.to_csv(paths.evaluate / "tables" / f"{name}.csv", index=False)
    write_metrics(paths, 1.02)
    return paths


def write_metrics(paths: Paths, observed_over_expected: float) -> None:
    values = {"c_index": 0.75, "observed_over_expected": observed_over_expected}
    values["calibration_slope"] = 1.0
    metrics = {
        f"{name}_{h}y{limit}": value + shift
        for h in (5, 10)
        for name, value in values.items()
        for limit, shift in (("", 0.0), ("_lower", -0.01), ("_upper", 0.01))
    }
    paths.metrics.write_text(json.dumps(metrics))
