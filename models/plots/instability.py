"""The instability plot: risks of the same patients by refitted models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.plots.style import BLUE, INK, VERMILION, label_axes, new_figure, percent_axis, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from models.evaluation.comparisons.instability import Instability

_DOTTED = 150  # patients whose refits are drawn one by one
_N_BINS = 20
_BANDS = ((0.025, 0.975, (0, (4, 2)), "95 % of refits"), (0.25, 0.75, "-", "half of the refits"))


def plot_instability(found: Instability, title: str) -> Figure:
    """Refits against their middle: dots of some patients, quantiles by risk of all.

    Source of the plot: Riley RD, Collins GS (2023), Biometrical Journal 65:2200302.
    """
    order = np.argsort(found.risk, kind="stable")
    drawn = order[np.unique(np.linspace(0, len(order) - 1, _DOTTED).astype(np.intp))]
    with styled():
        figure = new_figure(5.6, 5.2)
        axes = figure.subplots()
        highest = 1.04 * float(np.quantile(found.refits[:, drawn], 0.995))
        axes.plot([0, highest], [0, highest], color=INK, linewidth=0.8)
        risk = np.tile(found.risk[drawn], len(found.refits))
        axes.plot(risk, found.refits[:, drawn].ravel(), ".", color=BLUE, markersize=2, alpha=0.45)
        bins = np.array_split(order, _N_BINS)
        middle = [float(found.risk[rows].mean()) for rows in bins]
        for low, high, dashes, label in _BANDS:
            # quantiles of the deviations: those of the risks would hold the width of the bin, too
            off = [found.refits[:, rows] - found.risk[rows] for rows in bins]
            for place, quantile in enumerate((low, high)):
                line = np.add(middle, [float(np.quantile(each, quantile)) for each in off])
                axes.plot(
                    middle, line, color=VERMILION, linewidth=1.4, linestyle=dashes,
                    label=label if place == 0 else None,
                )  # fmt: skip
        axes.set(xlim=(0, highest), ylim=(0, highest))
        axes.legend(loc="upper left")
        label_axes(axes, title, "Risk, middle of the refits", "Risk by a refitted model")
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
    return figure
