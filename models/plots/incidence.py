"""Cumulative incidence over time, observed and predicted, by group of predicted risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.plots.style import SERIES, label_axes, new_figure, percent_axis, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS: dict[str, Any] = {"markersize": 4, "linewidth": 1.4, "elinewidth": 1, "capsize": 2}


def plot_incidence(incidence: pd.DataFrame, title: str) -> Figure:
    """Observed points with their intervals and predicted dashes, each group labelled at its end.

    ``incidence``: group (1 is the lowest risk), n, time (years), observed, lower, upper (NaN where
    not told), predicted, as `incidence_by_group` gives it.
    """
    numbers = sorted(incidence["group"].unique())
    with styled():
        figure = new_figure(7.2, 4.6)
        axes = figure.subplots()
        ends = []
        for colour, number in zip(SERIES, reversed(numbers), strict=False):
            part = incidence[incidence["group"] == number]
            _draw_group(axes, part, colour)
            height = part["observed"].dropna().iloc[-1:].sum() or part["predicted"].iloc[-1]
            ends.append((float(height), number, int(part["n"].iloc[0])))
        last = float(incidence["time"].max())
        highest = float(np.nanmax(incidence[["upper", "observed", "predicted"]].to_numpy()))
        axes.set(xlim=(0, 1.015 * last), ylim=(0, 1.04 * highest))
        for (_, number, n), height in zip(ends, _spread(ends, highest), strict=True):
            name = _name(int(number), len(numbers))
            axes.annotate(
                f"{name} (n = {n:,})",
                (last, height),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                annotation_clip=False,
            )
        axes.errorbar(
            [], [], [], fmt="o-", **_POINTS, color="black", label="Observed, 95 % interval"
        )
        axes.plot([], [], color="black", linewidth=1.4, linestyle=(0, (3, 2)), label="Predicted")
        axes.legend(loc="upper left")
        axes.grid(axis="y")
        label_axes(axes, title, "Years since entry", "Risk of the event")
        percent_axis(axes.yaxis)
    return figure


def _draw_group(axes: Axes, part: pd.DataFrame, colour: str) -> None:
    told = part[part["observed"].notna()]
    observed = told["observed"].to_numpy(np.float64)
    below, above = (
        np.abs(told[name].to_numpy(np.float64) - observed) for name in ("lower", "upper")
    )
    axes.plot(np.r_[0.0, told["time"]], np.r_[0.0, observed], color=colour, linewidth=1.4)
    axes.errorbar(told["time"], observed, [below, above], fmt="o", **_POINTS, color=colour)
    predicted = np.r_[0.0, part["predicted"].to_numpy(np.float64)]
    axes.plot(
        np.r_[0.0, part["time"]], predicted, color=colour, linewidth=1.4, linestyle=(0, (3, 2))
    )


def _name(number: int, of: int) -> str:
    if of == 1:
        return "All patients"
    if number == of:
        return "Highest risk"
    return "Lowest risk" if number == 1 else f"Group {number}"


def _spread(ends: list[tuple[float, float, int]], highest: float) -> list[float]:
    """Heights of the labels, from the top down, moved apart where they would overlap."""
    gap, heights = 0.06 * highest, [end[0] for end in ends]
    for i in range(len(heights) - 2, -1, -1):
        heights[i] = max(heights[i], heights[i + 1] + gap)
    return heights
