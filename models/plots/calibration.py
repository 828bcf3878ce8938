"""Calibration: observed against predicted risk, with how many patients lie where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.disclosure import SMALLEST_COUNT, round_count
from models.plots.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    format_years,
    label_axes,
    new_figure,
    percent_axis,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_calibration(
    curve: pd.DataFrame, groups: pd.DataFrame, risk: npt.ArrayLike, horizon: float, title: str
) -> Figure:
    """Smooth curve with its band, groups with their intervals, and the distribution of risk.

    ``curve``: predicted, observed, lower, upper. ``groups``: predicted, observed, lower, upper.
    Both of one model and horizon, as `EvaluationResult` holds them; ``risk`` (n,) are fractions.
    """
    given = np.asarray(risk, dtype=np.float64)
    limit = _upper_limit(curve, groups)
    with styled():
        figure = new_figure(5.6, 6.6)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(5.5, 1))
        _draw_curve(above, curve, limit)
        _draw_groups(above, groups)
        years = format_years(horizon)
        label_axes(above, title, "", f"Observed {years} risk")
        above.set(xlim=(0, limit), ylim=(0, limit), box_aspect=1)
        above.tick_params(labelbottom=False)
        above.legend(loc="upper left")
        percent_axis(above.yaxis)
        below.set_box_aspect(0.18)
        _draw_histogram(below, given, limit)
        per = f"Patients per {100 * _bin_width(limit):g} %"
        label_axes(below, "", f"Predicted {years} risk", per)
        percent_axis(below.xaxis)
    return figure


def _upper_limit(curve: pd.DataFrame, groups: pd.DataFrame) -> float:
    """All groups and most of the curve in view; the rare extreme risk must not shrink the rest."""
    shown = [
        groups[["predicted", "observed", "upper"]].to_numpy(np.float64).ravel(),
        curve[["predicted", "observed"]].to_numpy(np.float64).ravel(),
    ]
    highest = float(np.nanmax(np.concatenate(shown)))
    step = 0.05 if highest < 0.5 else 0.1
    return float(min(1.0, step * np.ceil(1.02 * highest / step)))


def _draw_curve(axes: Axes, curve: pd.DataFrame, limit: float) -> None:
    axes.plot([0, limit], [0, limit], color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="Ideal")
    x = curve["predicted"].to_numpy(np.float64)
    if curve["lower"].notna().any():
        lower, upper = (curve[name].to_numpy(np.float64) for name in ("lower", "upper"))
        axes.fill_between(x, lower, upper, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(x, curve["observed"], color=BLUE, linewidth=2, label="Smoothed, 95 % band")


def _draw_groups(axes: Axes, groups: pd.DataFrame) -> None:
    known = groups[groups["observed"].notna()]
    observed = known["observed"].to_numpy(np.float64)
    below, above = (
        np.nan_to_num(np.abs(known[name].to_numpy(np.float64) - observed))
        for name in ("lower", "upper")
    )
    axes.errorbar(
        known["predicted"],
        observed,
        yerr=[below, above],
        fmt="o",
        color=INK,
        markersize=4.5,
        markerfacecolor="white",
        linewidth=1,
        label="Groups of ten events or more, 95 % interval",
    )


def _draw_histogram(axes: Axes, risk: npt.NDArray[np.float64], limit: float) -> None:
    n_bins = round(limit / _bin_width(limit))
    edges, heights = histogram(np.minimum(risk, limit), limit, n_bins)
    axes.stairs(heights, edges, fill=True, color=BLUE, alpha=0.55)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    axes.grid(axis="y", color=PALE)
    axes.set_ylim(bottom=0)
    if (risk > limit).any():
        # not how many: a handful of patients are nobody's business
        said = f"last bar: more than {100 * limit:.0f} %"
        axes.set_title(said, fontsize=8, fontweight="normal", color=GREY, loc="right", pad=2)


def _bin_width(limit: float) -> float:
    """So that an axis to 5 % or to 100 % has bars to tell apart."""
    return 0.01 if limit > 0.2 else 0.005 if limit > 0.1 else 0.0025


def histogram(
    risk: npt.NDArray[np.float64], limit: float, n_bins: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Edges (b + 1,) and heights (b,) of the (n,) risks in patients per ``limit / n_bins`` of risk.

    Neighbouring bins are joined until each holds the smallest count that may be told, and counts
    are told in tens (features/disclosure.py).
    """
    counts, edges = np.histogram(risk, n_bins, (0.0, limit))
    left = counts[::-1].cumsum()[::-1]
    kept, held = [0], 0
    for k in range(n_bins):
        held += counts[k]
        rest = left[k + 1] if k + 1 < n_bins else SMALLEST_COUNT
        if held >= SMALLEST_COUNT and rest >= SMALLEST_COUNT:
            kept, held = [*kept, k + 1], 0
    joined = np.add.reduceat(counts, kept[:-1]) if len(kept) > 1 else counts.sum(keepdims=True)
    ends = kept if len(kept) > 1 else [0, n_bins]
    widths = np.diff(ends)
    return edges[ends], np.array([round_count(int(n)) for n in joined]) / widths
