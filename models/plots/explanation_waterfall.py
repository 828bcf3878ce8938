"""One patient's risk, from the base risk up and down to their own.

SHAP's own waterfall names its ends E[f(X)] and f(x) and its rows "value = name"; a clinician reads
neither, so this one is drawn here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from models.plots.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILION,
    format_years,
    label_axes,
    new_figure,
    percent_axis,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_waterfall(
    contributions: pd.Series,
    base_risk: float,
    horizon: float,
    title: str,
    n_rows: int = 12,
    last: tuple[str, float] | None = None,
) -> Figure:
    """Rows by size, the rest summed in one; orange raises, blue lowers.

    ``contributions``: fractions, indexed by the text that stands beside each row, such as
    "Age: 62 years". ``base_risk``: the risk they are counted from. ``last``: text and fraction of
    a row that always has its own bar, the first above the base.
    """
    steps = _largest_last(contributions, n_rows)
    if last is not None:
        steps = pd.concat([pd.Series({last[0]: last[1]}), steps])
    ends = base_risk + np.cumsum(steps.to_numpy())
    starts = ends - steps.to_numpy()
    with styled():
        figure = new_figure(8.4, 1.7 + 0.36 * (len(steps) + 2))
        axes = figure.subplots()
        rows = np.arange(1.0, len(steps) + 1)
        colours = [VERMILION if step > 0 else BLUE for step in steps]
        axes.barh(rows, steps.to_numpy(), 0.62, left=starts, color=colours)
        _write_points(axes, rows, steps.to_numpy(), starts)
        final = ends[-1] if len(ends) else base_risk
        for row, risk in ((0, base_risk), (len(steps) + 1, final)):
            axes.barh(row, risk, 0.62, color=GREY)
            axes.annotate(
                f"{100 * risk:.1f} %", (risk, row), (4, 0), textcoords="offset points",
                va="center", fontsize=9, fontweight="bold",
            )  # fmt: skip
        _connect(axes, base_risk, ends)
        years = format_years(horizon)
        base = f"Base {years} risk in the training patients"
        names = [base, *steps.index, f"This patient's {years} risk"]
        axes.set_yticks(np.arange(len(names)), names)
        axes.set_xlim(0, max(base_risk, final, *ends, *starts, 1e-3) * 1.14)
        axes.tick_params(axis="y", length=0, labelsize=9)
        percent_axis(axes.xaxis)
        axes.grid(axis="x", color=PALE)
        label_axes(axes, title, f"{years} risk; numbers beside bars: percentage points", "")
    return figure


def _largest_last(contributions: pd.Series, n_rows: int) -> pd.Series:
    order = np.argsort(-np.abs(contributions.to_numpy()), kind="stable")
    shown, rest = contributions.iloc[order[:n_rows]], contributions.iloc[order[n_rows:]]
    steps = shown[::-1]
    if len(rest):
        others = pd.Series({_name_rest(len(rest)): float(rest.sum())})
        steps = pd.concat([others, steps])
    return steps


def _write_points(axes: Axes, rows: FloatArray, steps: FloatArray, starts: np.ndarray) -> None:
    for row, step, start in zip(rows, steps, starts, strict=True):
        axes.annotate(
            f"{100 * step:+.1f}".replace("-", "\N{MINUS SIGN}"),
            (max(start, start + step), row),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
        )


def _connect(axes: Axes, base_risk: float, ends: FloatArray) -> None:
    for row, risk in enumerate([base_risk, *ends]):
        axes.plot([risk, risk], [row, row + 1], color=GREY, linewidth=0.6, linestyle=":")


def _name_rest(count: int) -> str:
    return "1 other variable" if count == 1 else f"{count} other variables together"
