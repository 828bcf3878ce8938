"""Cells of the curves: one cohort, size, split and method each, kept as small JSON files."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.alternatives.cohort import judge_at
from benchmarks.alternatives.methods.method import Budget
from benchmarks.alternatives.registry import Entry
from benchmarks.alternatives.scores import score_risks
from benchmarks.learning_curves.cohorts import KnownCohort
from features.endpoint import CENSORED, COMPETING, EVENT, Endpoint
from features.splits import Positions

SHARE_JUDGED = 1 / 3
SEED = 20261


@dataclass(frozen=True)
class Cell:
    """``events``: how many are trained on; 0 for all that the split leaves."""

    cohort: str
    noise: bool
    events: int
    split: int
    method: str

    def path(self, folder: Path) -> Path:
        """Where it is kept."""
        size = self.events or "all"
        place = folder / self.cohort.replace(" ", "-") / ("noise" if self.noise else "plain")
        return place / f"{self.method}-{size}-{self.split}.json"


def split(endpoint: Endpoint, number: int, events: int) -> tuple[Positions, Positions] | None:
    """Patients trained on, with so many events, and judged on; None where there are too few.

    A third, by event code, is judged on whatever the size; the smaller sets lie in the larger.
    """
    draws = np.random.default_rng([SEED, number])
    judged, ordered = [], {}
    for code in (EVENT, COMPETING, CENSORED):
        rows = draws.permutation(np.flatnonzero(endpoint.event == code))
        cut = round(SHARE_JUDGED * len(rows))
        judged.append(rows[:cut])
        ordered[code] = rows[cut:]
    most = len(ordered[EVENT])
    if events > most:
        return None
    share = (events or most) / most
    trained = [rows[: round(share * len(rows))] for rows in ordered.values()]
    return np.sort(np.concatenate(trained)), np.sort(np.concatenate(judged))


def run_cell(
    cell: Cell, cohort: KnownCohort, entry: Entry, folder: Path, trials: int
) -> dict[str, object] | None:
    """What is kept of the cell, run if it is not there or was made by other code or features."""
    path, made_by = cell.path(folder), f"{entry.fingerprint()}-{cohort.fingerprint}-{trials}"
    if path.is_file():
        kept: dict[str, object] = json.loads(path.read_text())
        if kept["made_by"] == made_by:
            return kept
    parts = split(cohort.endpoint, cell.split, cell.events)
    if parts is None:
        return None
    fit, judge = parts
    times, horizons = judge_at(cohort.endpoint)
    own, other = cohort.endpoint.take(fit), cohort.endpoint.take(judge)
    X = cohort.features.iloc[fit].reset_index(drop=True)
    # what a small sample does not show varying, no method can use
    X = X[[name for name in X.columns if X[name].nunique() > 1]]
    record: dict[str, object] = {"made_by": made_by, "patients": len(fit), "events": own.n_events}
    start = time.process_time()
    method = entry.make(bool(own.n_competing))
    asked = cohort.features.iloc[judge][X.columns].reset_index(drop=True)
    if entry.variant:  # it knows what the dictionary's variables mean
        X, asked = X.assign(**cohort.alike), asked.assign(**cohort.alike)
    try:
        method.fit(X, own, times, Budget(n_trials=trials, seed=cell.split))
        record["fit_cpu_seconds"] = time.process_time() - start
        risks = method.predict_risk(asked, times)
        record["scores"] = score_risks(other, risks, times, horizons)
    except (ArithmeticError, ValueError) as error:
        record["error"] = f"{type(error).__name__}: {error}"  # a failure is a result
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1))
    return record


def tabulate(cells: Sequence[tuple[Cell, dict[str, object]]]) -> pd.DataFrame:
    """A row per cohort, noise, size and method: means over splits that no method failed in."""
    rows = []
    for cell, record in cells:
        scores = record.get("scores")
        if not isinstance(scores, dict):
            continue
        row = {"cohort": cell.cohort, "noise": cell.noise, "size": cell.events or "all"}
        row |= {"split": cell.split, "method": cell.method, "events": record["events"]}
        row |= {"c": scores["harrell_c"], "brier": scores["integrated_brier"]}
        row |= {"oe": abs(np.log(scores["oe_late"])), "ici": 100 * scores["ici_late"]}
        rows.append({**row, "seconds": record["fit_cpu_seconds"]})
    table = pd.DataFrame(rows)
    key = ["cohort", "noise", "size"]
    n_methods = table.groupby(key)["method"].transform("nunique")
    shared = table.groupby([*key, "split"])["method"].transform("nunique") == n_methods
    return table[shared].groupby([*key, "method"], sort=False).mean().reset_index()
