"""Decision curve: net benefit of acting by each risk, beside acting in all and in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.evaluation.comparisons.decisions import TREAT_ALL, TREAT_NONE
from models.plots.style import GREY, INK, PALE, SERIES, label_axes, new_figure, percent_axis, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DASHES = ("-", "--", "-.", ":", (0, (7, 2)))
_MOST_LINES = 7  # more cannot be told apart; as many as there are colours
_BELOW_ZERO = 0.25  # of the highest benefit: further down the curve of treating all says nothing


def plot_decision_curve(
    curves: pd.DataFrame, title: str, labels: Mapping[str, str] | None = None
) -> Figure:
    """Net benefit per 1,000 patients against the threshold; the first model with its interval.

    Where there are more than 7, those with the least benefit on average are left to the table, and
    the legend says how many.

    ``curves``: model, threshold, net_benefit, lower, upper, n, events of one horizon.
    """
    names = labels or {}
    top = 1000 * float(curves["net_benefit"].max())
    with styled():
        figure = new_figure(7.4, 4.6)
        axes = figure.subplots()
        drawn = choose_lines(curves)
        for position, name in enumerate(drawn):
            own = curves[curves["model"] == name]
            x = own["threshold"].to_numpy()
            colour = SERIES[position % len(SERIES)]
            if position == 0 and np.isfinite(own[["lower", "upper"]].to_numpy()).any():
                low, high = 1000 * own["lower"].to_numpy(), 1000 * own["upper"].to_numpy()
                axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(
                x,
                1000 * own["net_benefit"].to_numpy(),
                color=colour,
                linestyle=_DASHES[position % len(_DASHES)],
                linewidth=2.2 if position == 0 else 1.3,
                zorder=3 if position == 0 else 2,
                label=names.get(name, name),
            )
        everyone = curves[curves["model"] == TREAT_ALL]
        axes.plot(
            everyone["threshold"],
            1000 * everyone["net_benefit"],
            color=GREY,
            linewidth=1.2,
            label=TREAT_ALL,
        )
        axes.axhline(0, color=INK, linewidth=0.8, label=TREAT_NONE)
        axes.set_ylim(-_BELOW_ZERO * top if top > 0 else None, 1.08 * top if top > 0 else None)
        axes.set_xlim(0, float(curves["threshold"].max()))
        axes.grid(color=PALE)
        percent_axis(axes.xaxis)
        sizes = f"about {int(curves['n'].max()):,} patients, {int(curves['events'].max()):,} events"
        label_axes(
            axes,
            title,
            f"Risk above which one would act ({sizes})",
            "Net benefit per 1,000 patients",
        )
        n_left_out = curves["model"].nunique() - len(drawn) - 2
        note = f"{n_left_out} of less benefit stand\nin the table only" if n_left_out > 0 else None
        axes.legend(
            loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0, title=note
        ).set_alignment("left")
    return figure


def choose_lines(curves: pd.DataFrame) -> list[str]:
    """The models to draw, in the order of the table: the first, and the strongest of the others."""
    own = curves[~curves["model"].isin([TREAT_ALL, TREAT_NONE])]
    names = [str(name) for name in dict.fromkeys(own["model"])]
    mean = own.groupby("model")["net_benefit"].mean()
    strongest = sorted(names[1:], key=lambda name: -mean[name])[: _MOST_LINES - 1]
    return [name for name in names if name == names[0] or name in strongest]
