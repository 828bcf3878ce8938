"""The page's figures, drawn from numbers computed elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.comparison import Ranking
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


def draw_cost(cells: pd.DataFrame, panels: dict[str, Ranking], path: Path) -> None:
    """Mean rank against time to fit (geometric mean over cells), a point per method."""
    done = cells[cells["error"] == ""]
    seconds = np.exp(np.log(done["fit_cpu_seconds"]).groupby(done["method"]).mean())
    with styled():
        figure = new_figure(9.0, 4.6)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (title, ranking) in zip(axes, panels.items(), strict=True):
            _scatter(axis, seconds, ranking.mean_ranks)
            label_axes(axis, title, "seconds of one processor to fit, tuning included", "mean rank")
        write_svg(figure, path, "Cost against accuracy")


def _scatter(axis: Any, seconds: pd.Series, ranks: pd.Series) -> None:
    axis.set_xscale("log")
    axis.set_xlim(seconds[ranks.index].min() / 3, seconds[ranks.index].max() * 8)
    axis.set_ylim(float(ranks.max()) + 0.6, min(1.0, float(ranks.min()) - 0.3))
    for method in ranks.index:
        ours = method == OURS
        marker, colour = ("D", VERMILION) if ours else ("o", BLUE)
        axis.plot([seconds[method]], [ranks[method]], marker, color=colour, markersize=7)
    _name_points(axis, np.log10(seconds[ranks.index].to_numpy()), ranks)
    axis.grid()


def _name_points(axis: Any, x: np.ndarray, ranks: pd.Series) -> None:
    """Labels right or left of their points, or a line lower or higher: the first place free."""
    low, high = np.log10(axis.get_xlim())
    bottom, top = axis.get_ylim()
    letter, line = (high - low) / 62, abs(bottom - top) / 26
    taken = [(a - letter, a + letter, rank) for a, rank in zip(x, ranks, strict=True)]
    for a, (method, rank) in zip(x, ranks.items(), strict=True):
        width = letter * len(label(str(method)))
        for lines, right in itertools.product((0, 1, -1, 2, -2), (True, False)):
            begin = a + 1.2 * letter if right else a - 1.2 * letter - width
            place = (begin, begin + width, rank + lines * line)
            if not any(_overlap(place, other, line) for other in taken):
                break
        taken.append(place)
        colour = INK if method == OURS else GREY
        axis.text(10**begin, place[2], label(str(method)), va="center", fontsize=8, color=colour)


def _overlap(
    one: tuple[float, float, float], other: tuple[float, float, float], line: float
) -> bool:
    return one[0] < other[1] and other[0] < one[1] and abs(one[2] - other[2]) < 0.9 * line


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
