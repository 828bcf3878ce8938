"""The page's tables, as Markdown, from cells that were really run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from benchmarks.alternatives.cohorts import SOURCES
from benchmarks.alternatives.comparison import (
    HIGHER_IS_BETTER,
    Difference,
    Ranking,
    mean_scores,
    paired_difference,
)
from benchmarks.alternatives.registry import BY_NAME

OURS = "calcirisk"
SOURCE_OF = {source.name: source for source in SOURCES}


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(heading) + " |", "|---" + "|---:" * (len(heading) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def label(method: str) -> str:
    """A method as readers know it."""
    return BY_NAME[method].label


def cohort_table() -> str:
    """Patients, events, columns, missing values, half and source of every real cohort here."""
    rows = []
    for source in SOURCES:
        try:
            cohort = source.load()
        except (FileNotFoundError, ImportError):
            rows.append([source.name, source.endpoint, *["not here"] * 4, source.half])
            continue
        gaps = cohort.features.isna().to_numpy().mean()
        name = f"**{source.name}**" if source.cardiovascular else source.name
        size = [str(len(cohort.endpoint)), str(cohort.endpoint.n_events)]
        columns = str(cohort.features.shape[1])
        rows.append(
            [name, source.endpoint, *size, columns, f"{gaps:.1%}", source.half, source.origin]
        )
    heading = ["cohort", "endpoint", "patients", "events", "columns", "missing", "half", "source"]
    return markdown(heading, rows)


def method_table(cells: pd.DataFrame, ranks: dict[str, Ranking]) -> str:
    """Mean ranks, mean figures and costs of every method over the cohorts that all were run on."""
    rows = []
    for method in ranks["uno_c"].mean_ranks.index:
        own = cells[cells["method"] == method]
        failed = own["error"] != ""
        done = own[~failed]
        by_cohort = done.groupby("cohort").mean(numeric_only=True)
        rows.append(
            [
                _bold(label(method), method == OURS),
                f"{ranks['uno_c'].mean_ranks[method]:.2f}",
                f"{ranks['integrated_brier'].mean_ranks[method]:.2f}",
                f"{by_cohort['uno_c'].mean():.4f}",
                f"{by_cohort['harrell_c'].mean():.4f}",
                f"{by_cohort['integrated_brier'].mean():.4f}",
                f"{100 * by_cohort['ici_late'].mean():.1f}",
                f"{_geometric_error(done['oe_late']):.2f}",
                f"{_geometric(done['fit_cpu_seconds']):.1f}",
                f"{1000 * _geometric(done['predict_cpu_seconds']):.0f}",
                f"{by_cohort['peak_mib'].max():.0f}",
                f"{done['trials'].mean():.1f}",
                f"{int(failed.sum())} of {len(own)}",
            ]
        )
    heading = ["method", "rank, Uno's C", "rank, Brier", "Uno's C", "Harrell's C", "Brier"]
    heading += ["ICI, points", "O/E off by", "fit, s", "predict, ms", "memory, MiB", "trials"]
    return markdown([*heading, "failed"], rows)


def difference_table(cells: pd.DataFrame, figure: str) -> str:
    """Ours less each method: mean over cohorts, and in how many the interval excludes zero."""
    better = 1 if HIGHER_IS_BETTER[figure] else -1
    rows = []
    for method in [name for name in BY_NAME if name != OURS]:
        gaps, wins, losses = [], 0, 0
        for _, one in cells[cells["method"].isin([OURS, method])].groupby("cohort"):
            found = _difference(one, method, figure)
            if found is None:
                continue
            gaps.append(found.mean)
            wins += int(found.lower > 0) if better > 0 else int(found.upper < 0)
            losses += int(found.upper < 0) if better > 0 else int(found.lower > 0)
        if gaps:
            mean, width = _over_cohorts(np.array(gaps))
            known = np.isfinite(width)
            interval = f"{mean - width:+.4f} to {mean + width:+.4f}" if known else "-"
            rows.append(
                [label(method), str(len(gaps)), f"{mean:+.4f}", interval, str(wins), str(losses)]
            )
    heading = [
        "ours less",
        "cohorts",
        "mean",
        "95 % interval over cohorts",
        "better in",
        "worse in",
    ]
    return markdown(heading, rows)


def loss_table(cells: pd.DataFrame, figure: str) -> str:
    """Per cohort, the best other method, and ours less it, where it is ahead."""
    better = 1 if HIGHER_IS_BETTER[figure] else -1
    scores = mean_scores(cells, figure)
    rows = []
    for cohort in [name for name in SOURCE_OF if name in scores.index]:
        others = scores.loc[cohort].drop(OURS, errors="ignore").dropna().astype(np.float64)
        if others.empty:
            continue
        best = str((better * others).idxmax())
        found = _difference(cells[cells["cohort"] == cohort], best, figure)
        if found is not None and better * found.mean < 0:
            interval = f"{found.lower:+.4f} to {found.upper:+.4f}"
            rows.append([cohort, label(best), f"{found.mean:+.4f}", interval])
    return markdown(["cohort", "best other method", "ours less it", "95 % interval"], rows)


def score_table(cells: pd.DataFrame, figure: str) -> str:
    """Every cohort by every method; the best is bold, a dash where a cell failed or was not run."""
    scores = mean_scores(cells, figure)
    order = [name for name in BY_NAME if name in scores.columns]
    cohorts = [name for name in SOURCE_OF if name in scores.index]
    rows = []
    for cohort in cohorts:
        own = scores.loc[cohort, order].astype(np.float64)
        best = own.max() if HIGHER_IS_BETTER[figure] else own.min()
        values = own.to_numpy(np.float64)
        figures = [_bold(f"{x:.4f}", x == best) if x == x else "-" for x in values]
        rows.append([cohort, *figures])
    return markdown(["cohort", *map(label, order)], rows)


def simulated_table(cells: pd.DataFrame) -> str:
    """Distance to the oracle in C and error of the 10-year risk, by size and method."""
    rows = []
    own = cells[cells["cohort"].str.startswith("simulated-")]
    sizes = sorted({int(name.split("-")[1]) for name in own["cohort"]})
    for size in sizes:
        some = own[own["cohort"] == f"simulated-{size}"]
        for method in [name for name in BY_NAME if name in set(some["method"])]:
            one = some[some["method"] == method]
            done = one[one["error"] == ""]
            figures = ["-"] * 4
            if len(done):
                figures = [
                    f"{done['oracle_gap'].mean():.4f} {_range(done['oracle_gap'], '.4f')}",
                    f"{100 * done['rmse'].mean():.2f} {_range(100 * done['rmse'], '.2f')}",
                    f"{done['oe_late'].mean():.2f}",
                    f"{done['fit_cpu_seconds'].mean():.1f}",
                ]
            name = _bold(label(method), method == OURS)
            failed = f"{len(one) - len(done)} of {len(one)}"
            rows.append([f"{size:,}", name, *figures, failed])
    heading = ["patients", "method", "C below the oracle's", "error of 10-year risk, points"]
    return markdown([*heading, "O/E", "fit, s", "failed"], rows)


def failure_table(cells: pd.DataFrame) -> str:
    """Which cells failed, how many, with what error."""
    failed = cells[cells["error"] != ""]
    rows = [
        [
            label(str(method)),
            str(cohort),
            str(len(one)),
            one["error"].iloc[0].replace("|", "/")[:160],
        ]
        for (method, cohort), one in failed.groupby(["method", "cohort"], sort=False)
    ]
    return markdown(["method", "cohort", "cells", "error of the first"], rows)


def _difference(one: pd.DataFrame, method: str, figure: str) -> Difference | None:
    table = one.pivot_table(index=["repeat", "fold"], columns="method", values=figure)
    if not {OURS, method} <= set(table.columns):
        return None
    table = table[[OURS, method]].dropna()
    if len(table) < 2:
        return None
    ratio = float((one["n_judge"] / one["n_fit"]).mean())
    return paired_difference(table[OURS].to_numpy(), table[method].to_numpy(), ratio)


def _over_cohorts(gaps: np.ndarray) -> tuple[float, float]:
    from scipy.stats import t

    if len(gaps) < 2:
        return float(gaps.mean()), float("nan")
    return float(gaps.mean()), float(
        t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    )


def _geometric(values: pd.Series) -> float:
    return float(np.exp(np.log(np.maximum(values, 1e-4)).mean()))


def _geometric_error(ratios: pd.Series) -> float:
    """Mean factor by which observed over expected is off, either way; 1 is perfect."""
    known = ratios[(ratios > 0) & np.isfinite(ratios)]
    return float(np.exp(np.abs(np.log(known)).mean()))


def _range(values: pd.Series, form: str) -> str:
    return f"({values.min():{form}} to {values.max():{form}})" if len(values) > 1 else ""


def _bold(text: str, emphasised: bool) -> str:
    return f"**{text}**" if emphasised else text
