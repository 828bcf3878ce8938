"""Published, learnt alone, used: hazard ratios of features as a forest."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill, shorten
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.evaluation.published_effects import with_an_effect
from models.plots.style import BLUE, GREY, INK, PALE, VERMILION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REACH = 1.96
# label, columns, colour, marker, how far above the row's middle
SERIES = (
    ("published, as the prior has it", "published", "published_width", GREY, "s", -0.25),
    ("this cohort alone", "cohort", "cohort_error", BLUE, "o", 0.0),
    ("used by the linear part", "used", "used_error", VERMILION, "D", 0.25),
)
_WIDEST = (0.2, 5.0)
_LINE = 60  # characters; a label has two lines


def plot_published_effects(table: pd.DataFrame, labels: Mapping[str, str], unit: str) -> Figure:
    """Three ratios with their 95 % intervals for each feature that has a published effect.

    And for each in which the cohort contradicts that it has none. ``table``: of
    `compare_with_published`; ratios are per step ``per`` of the feature, by which the three widths
    are comparable. ``labels``: of features, with the step. ``unit``: "Hazard ratio" or "Odds
    ratio". What contradicts the published effect is marked.
    """
    shown = with_an_effect(table).reset_index(drop=True)
    with styled():
        figure = new_figure(11.0, 2.4 + 0.42 * max(len(shown), 1))
        axes = figure.subplots()
        rows = np.arange(len(shown), dtype=float)
        step = shown["per"].to_numpy(np.float64)
        for label, mean, width, colour, marker, above in SERIES:
            middle, reach = shown[mean] * step, REACH * shown[width] * step
            low, high = np.exp(middle - reach), np.exp(middle + reach)
            axes.hlines(rows + above, low.clip(*_WIDEST), high.clip(*_WIDEST), color=colour)
            axes.plot(
                np.exp(middle).clip(*_WIDEST), rows + above, marker, color=colour, markersize=5,
                linestyle="none", label=label,
            )  # fmt: skip
        names = [
            f"{labels.get(name, name)}{' *' if marked else ''}"
            for name, marked in zip(shown["feature"], shown["contradicts"], strict=True)
        ]
        told = [fill(shorten(name, 2 * _LINE, placeholder=" …"), _LINE) for name in names]
        axes.set_yticks(rows, told, fontsize=9)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xscale("log")
        ticks = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlim(*_WIDEST)
        axes.axvline(1.0, color=INK, linewidth=0.8)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=PALE)
        axes.set_xlabel(f"{unit}, log scale; * conflict between cohort and publication")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return figure
