"""The page's figures, drawn from numbers computed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.comparison import Ranking, mean_scores
from benchmarks.alternatives.tables import OURS, label
from models.plots.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILION,
    label_axes,
    new_figure,
    styled,
    write_svg,
)


def draw_ranks(panels: dict[str, Ranking], path: Path) -> None:
    """Mean ranks with the critical difference of Nemenyi's test, a panel per figure of merit."""
    with styled():
        size = len(next(iter(panels.values())).mean_ranks)
        figure = new_figure(9.0, 1.0 + 0.3 * size)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (title, ranking) in zip(axes, panels.items(), strict=True):
            _ranks(axis, title, ranking)
        write_svg(figure, path, "Mean ranks of the methods over the real cohorts")


def _ranks(axis: Any, title: str, ranking: Ranking) -> None:
    ranks = ranking.mean_ranks
    rows = np.arange(len(ranks))
    reach = ranking.critical_difference
    best = float(ranks.iloc[0])
    axis.axvspan(best, best + reach, color=PALE, alpha=0.6, linewidth=0)
    for row, (method, rank) in zip(rows, ranks.items(), strict=True):
        colour = VERMILION if method == OURS else BLUE
        axis.plot([rank], [row], "o" if method != OURS else "D", color=colour, markersize=7)
        axis.annotate(
            f"{rank:.1f}", (rank, row), (8, 0), textcoords="offset points", va="center", fontsize=9
        )
    axis.set_yticks(rows, [label(str(method)) for method in ranks.index])
    axis.invert_yaxis()
    axis.set_xlim(min(1.0, best - 0.3), float(ranks.max()) + 1.2)
    label_axes(axis, title, "mean rank (1 is the best)", "")
    axis.grid(axis="x")


def draw_cost(cells: pd.DataFrame, path: Path) -> None:
    """Accuracy against time to fit, a point per method: means over the cohorts all were run on."""
    done = cells[cells["error"] == ""]
    with styled():
        figure = new_figure(9.0, 4.6)
        axes = figure.subplots(1, 2)
        panels = [("uno_c", "Uno's C less the best in the cohort")]
        panels += [("integrated_brier", "Integrated Brier score less the best")]
        for axis, (name, title) in zip(axes, panels, strict=True):
            scores = mean_scores(cells, name)
            best = scores.max(axis=1) if name == "uno_c" else scores.min(axis=1)
            behind = scores.sub(best, axis=0).mean()
            seconds = np.exp(np.log(done["fit_cpu_seconds"]).groupby(done["method"]).mean())
            _scatter(axis, seconds.reindex(behind.index), behind)
            label_axes(axis, title, "seconds to fit on one processor, tuning included", "")
        write_svg(figure, path, "Cost against accuracy")


def _scatter(axis: Any, seconds: pd.Series, behind: pd.Series) -> None:
    axis.set_xscale("log")
    placed: list[tuple[float, float]] = []
    span = float(behind.max() - behind.min()) or 1.0
    for method in behind.sort_values().index:
        x, y = float(seconds[method]), float(behind[method])
        colour = VERMILION if method == OURS else BLUE
        axis.plot([x], [y], "D" if method == OURS else "o", color=colour, markersize=7)
        crowded = any(abs(np.log10(x / a)) < 0.7 and abs(y - b) < 0.05 * span for a, b in placed)
        placed.append((x, y))
        axis.annotate(
            label(str(method)),
            (x, y),
            (0, -13) if crowded else (7, 4),
            textcoords="offset points",
            fontsize=8,
            color=INK if method == OURS else GREY,
        )
    low, high = axis.get_xlim()
    axis.set_xlim(low, high * 4)
    axis.grid()


def draw_calibration(cells: pd.DataFrame, methods: Sequence[str], path: Path) -> None:
    """ICI and observed over expected at the late horizon: a point per cohort, the median marked."""
    done = cells[cells["error"] == ""]
    means = done.groupby(["method", "cohort"]).mean(numeric_only=True)
    with styled():
        figure = new_figure(9.0, 1.0 + 0.32 * len(methods))
        axes = figure.subplots(1, 2, sharey=True)
        panels = [("ici_late", 100.0, "ICI", "percentage points")]
        panels += [("oe_late", 1.0, "Observed over expected", "ratio (1 is perfect)")]
        for axis, (name, scale, title, unit) in zip(axes, panels, strict=True):
            for row, method in enumerate(methods):
                values = scale * means.loc[method][name].to_numpy()
                colour = VERMILION if method == OURS else BLUE
                axis.plot(values, np.full(len(values), row), "o", color=colour, alpha=0.35, ms=4)
                axis.plot([np.median(values)], [row], "|", color=INK, ms=14, mew=2)
            label_axes(axis, title, unit, "")
            axis.grid(axis="x")
        axes[1].axvline(1.0, color=GREY, linewidth=1)
        axes[0].set_yticks(range(len(methods)), [label(method) for method in methods])
        axes[0].invert_yaxis()
        write_svg(figure, path, "Calibration at the 75th percentile of event times")
