"""Do the intervals of forecasts hold as many scans as they say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from models.plots.style import GREY, MARKERS, PALE, SERIES, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_coverage(coverage: pd.DataFrame) -> Figure:
    """A row per group; a mark per level where it is, a line where it should be.

    ``coverage``: group, scans, ``inside_50``, ``inside_80``, ``inside_90`` (fractions).
    """
    levels = [name for name in coverage if str(name).startswith("inside_")]
    with styled():
        figure = new_figure(7.4, 1.2 + 0.3 * len(coverage))
        axes = figure.subplots()
        for position, name in enumerate(levels):
            level = float(str(name).removeprefix("inside_"))
            axes.axvline(level, color=GREY, linewidth=0.8, zorder=0)
            axes.plot(
                100 * coverage[name], range(len(coverage)), MARKERS[position],
                color=SERIES[position], markersize=6, label=f"{level:g} % interval",
            )  # fmt: skip
        texts = [f"{row.group} ({row.scans:,})" for row in coverage.itertuples()]
        axes.set_yticks(range(len(coverage)), texts)
        axes.set_ylim(len(coverage) - 0.4, -0.6)
        axes.set_xlim(30, 100)
        axes.grid(axis="x", color=PALE)
        axes.set_xlabel("scans within the interval, %")
        axes.set_title("Coverage of prediction intervals, held-out scans")
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=3)
    return figure
