"""From cells to comparisons: paired differences, ranks, and how far apart ranks must lie."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.array_types import FloatArray

HIGHER_IS_BETTER = {"uno_c": True, "harrell_c": True, "integrated_brier": False}
COSTS = ("fit_cpu_seconds", "predict_cpu_seconds", "peak_mib")
IDENTITY = ("cohort", "method", "repeat", "fold", "code", "data", "ruler")


def read_cells(folder: Path) -> pd.DataFrame:
    """One row per cell: cohort, method, repeat, fold, error, figures and costs."""
    rows = []
    for path in sorted(folder.rglob("*.json")):
        kept = json.loads(path.read_text())
        row = {name: kept.get(name, "") for name in IDENTITY}
        row["n_fit"], row["n_judge"] = kept["patients"]
        row |= {name: kept.get(name, np.nan) for name in (*COSTS, "trials")}
        row |= kept.get("scores", {})
        row["error"] = kept.get("error", "")
        row["machine"] = kept.get("machine", "")
        rows.append(row)
    return pd.DataFrame(rows)


def timed_on_one_machine(cells: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The cells with costs only where they ran on the machine that most of them ran on; which."""
    machine = str(cells["machine"].mode().iloc[0])
    elsewhere = cells["machine"] != machine
    return cells.assign(**{name: cells[name].mask(elsewhere) for name in COSTS}), machine


@dataclass(frozen=True)
class Difference:
    """Mean over folds of the first method less the second, with its 95 % interval."""

    mean: float
    lower: float
    upper: float
    n: int


def paired_difference(first: FloatArray, second: FloatArray, ratio: float) -> Difference:
    """Difference over the same folds (k,), corrected for folds that share training patients.

    ``ratio``: patients judged on by patients fitted on. Variance by Nadeau and Bengio 2003
    (Machine Learning 52:239-281): (1/k + ratio) times the variance between folds; Student's t.
    """
    from scipy.stats import t

    gaps = first - second
    k = len(gaps)
    mean = float(gaps.mean())
    if k < 2:
        return Difference(mean, np.nan, np.nan, k)
    width = t.ppf(0.975, k - 1) * np.sqrt((1 / k + ratio) * gaps.var(ddof=1))
    return Difference(mean, mean - float(width), mean + float(width), k)


def mean_scores(cells: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Cohorts (rows) by methods (columns): mean over the cells, NaN where any of them failed."""
    done = cells.assign(failed=cells[figure].isna()).groupby(["cohort", "method"])
    means = done[figure].mean().where(~done["failed"].any())
    return means.unstack("method")


@dataclass(frozen=True)
class Ranking:
    """Mean ranks over cohorts, Friedman's test, and Nemenyi's critical difference."""

    mean_ranks: pd.Series
    n_cohorts: int
    p_value: float
    critical_difference: float


def rank_methods(scores: pd.DataFrame, higher_is_better: bool) -> Ranking:
    """Ranks (1 the best) of methods (columns) in each cohort (row), ties sharing the mean rank.

    A method without a score in a cohort failed there and ranks last. Friedman's test in Iman and
    Davenport's form, critical difference after Nemenyi at 5 % (Demsar 2006, JMLR 7:1-30).
    Raises ValueError with fewer than three methods or two cohorts.
    """
    from scipy.stats import f, studentized_range

    n, k = scores.shape
    if n < 2 or k < 3:
        raise ValueError(f"ranking needs 2 cohorts and 3 methods, got {n} and {k}")
    worst = -np.inf if higher_is_better else np.inf
    ranks = scores.fillna(worst).rank(axis=1, ascending=not higher_is_better)
    mean_ranks = ranks.mean()
    chi2 = 12 * n / (k * (k + 1)) * (float((mean_ranks**2).sum()) - k * (k + 1) ** 2 / 4)
    ratio = np.inf if chi2 >= n * (k - 1) else (n - 1) * chi2 / (n * (k - 1) - chi2)
    p_value = float(f.sf(ratio, k - 1, (k - 1) * (n - 1)))
    q = float(studentized_range.ppf(0.95, k, np.inf)) / np.sqrt(2)
    difference = q * float(np.sqrt(k * (k + 1) / (6 * n)))
    return Ranking(mean_ranks.sort_values(), n, p_value, difference)
