"""Every patient's contributions at once: one dot per patient and variable, by SHAP's beeswarm."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.plots.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILION,
    format_years,
    label_axes,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_DOTS = 3_000  # patients drawn; more only blackens the figure


def plot_beeswarm(
    contributions: pd.DataFrame,
    levels: pd.DataFrame,
    labels: Mapping[str, str],
    horizon: float,
    n_variables: int = 15,
) -> Figure:
    """The variables with the largest mean contribution, largest first.

    ``contributions``: (n, variables) to the risk, as fractions. ``levels``: (n, variables) numbers
    whose low and high are coloured, missing ones and levels without order grey. Drawn as pixels, in
    chance order and with the colour scale cut at the 5 and 95 % quantiles, so that no patient's
    value can be read off.
    """
    ranked = contributions.abs().mean().sort_values(ascending=False, kind="stable")
    shown = list(ranked.index[:n_variables])
    rows = np.linspace(0, len(contributions) - 1, min(_DOTS, len(contributions))).astype(int)
    with styled(), fixed_chance(), warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # SHAP on matplotlib
        # a variable that nobody of these patients has: all grey
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        import shap

        figure = new_figure(8.4, 1.6 + 0.36 * len(shown))
        axes = figure.subplots()
        explanation = shap.Explanation(
            values=100 * contributions[shown].to_numpy()[rows],
            base_values=np.zeros(len(rows)),
            data=levels.reindex(columns=shown).to_numpy(dtype=np.float64)[rows],
            feature_names=[labels[name] for name in shown],
        )
        shap.plots.beeswarm(
            explanation,
            max_display=len(shown) + 1,
            color=low_to_high(),
            ax=axes,
            show=False,
            color_bar=False,
            plot_size=None,
            s=10,
        )
        _tidy(figure, horizon, len(shown), contributions.shape[1])
    return figure


def _tidy(figure: Figure, horizon: float, n_shown: int, n_variables: int) -> None:
    from matplotlib.cm import ScalarMappable

    axes = figure.axes[0]
    for dots in axes.collections:
        dots.set_rasterized(True)
    years = format_years(horizon)
    title = f"Contributions to the {years} risk: the {n_shown} largest of {n_variables} variables"
    x = f"Contribution to the {years} risk, percentage points; one dot per patient"
    label_axes(axes, "", x, "")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    axes.tick_params(axis="y", labelsize=9, length=0)
    axes.tick_params(axis="x", labelsize=9)
    axes.xaxis.label.set_fontsize(10)
    axes.grid(axis="x", color=PALE)
    bar = figure.colorbar(ScalarMappable(cmap=low_to_high()), ax=axes, aspect=40, pad=0.02)
    bar.set_ticks([0, 1], labels=["low\nor no", "high\nor yes"])
    bar.set_label(
        "Patient's value (grey: missing or unordered)", color=INK, labelpad=-20, fontsize=9
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=GREY)


def low_to_high() -> Colormap:
    """The colours of low and of high values."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("low to high", [BLUE, "#C9B8C8", VERMILION])


@contextmanager
def fixed_chance() -> Iterator[None]:
    """SHAP jitters dots by numpy's global generator: the same figure must come out every time."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)
