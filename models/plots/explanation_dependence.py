"""How a variable's contribution goes with its value, by SHAP's scatter, a dot per patient.

Axes and dots tell single patients' values: such a figure stays where patients' data may be.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.dictionary.variable import Variable
from models.plots.explanation_beeswarm import fixed_chance, low_to_high
from models.plots.style import GREY, PALE, format_years, label_axes, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTS = 3_000  # patients drawn; more only blackens the figure
_FEW_LEVELS = 8


@dataclass(frozen=True)
class Shown:
    """A variable as it is drawn: its ``label``, and ``codes`` where values are positions in it."""

    label: str
    unit: str = ""
    codes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def show(variable: Variable) -> Shown:
    """How the dictionary writes a variable."""
    codes = ("no", "yes") if variable.kind == "boolean" else tuple(variable.codes)
    return Shown(variable.label, variable.unit or "", codes)


def plot_dependence(
    contribution: pd.Series,
    value: pd.Series,
    colour: pd.Series,
    shown: tuple[Shown, Shown],
    horizon: float,
) -> Figure:
    """Contributions (n,), fractions, over values (n,), coloured by another variable's (n,).

    ``shown``: how the variable and the one that colours it are written. Where the value is not
    recorded, the contribution is a tick at the left edge; where the colour is not, the dot is grey.
    """
    rows = np.linspace(0, len(value) - 1, min(_DOTS, len(value))).astype(int)
    x, tint = (series.to_numpy(np.float64)[rows] for series in (value, colour))
    points = 100 * contribution.to_numpy(np.float64)[rows]
    variable, other = shown
    years = format_years(horizon)
    with styled(), fixed_chance(), warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # SHAP on matplotlib
        warnings.filterwarnings("ignore", "Adding colorbar to a different Figure", UserWarning)
        figure = new_figure(7.4, 4.4)
        axes = figure.subplots()
        uncoloured = np.isnan(tint)
        axes.scatter(x[uncoloured], points[uncoloured], s=12, color=GREY, alpha=0.5, linewidth=0)
        if (~uncoloured).any():
            _scatter(axes, x[~uncoloured], points[~uncoloured], tint[~uncoloured], other)
        for dots in axes.collections:
            dots.set_rasterized(True)
        if variable.codes:
            axes.set_xticks(range(len(variable.codes)), [_read(code) for code in variable.codes])
        axes.grid(axis="y", color=PALE)
        axes.tick_params(labelsize=9)
        label_axes(
            axes,
            f"{variable.label}: value and contribution to {years} risk",
            variable.name,
            "Contribution (percentage points)",
        )
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set_fontsize(10)
    return figure


def _scatter(axes: Axes, x: np.ndarray, points: np.ndarray, tint: np.ndarray, other: Shown) -> None:
    import shap
    from matplotlib import pyplot

    pair = shap.Explanation(
        values=np.stack([points, np.zeros_like(points)], axis=1),
        data=np.stack([x, tint], axis=1),
        feature_names=["value", other.name],
    )
    open_figures = set(pyplot.get_fignums())
    shap.plots.scatter(
        pair[:, 0],
        color=pair[:, 1],
        hist=False,
        cmap=low_to_high(),
        dot_size=12,
        alpha=0.7,
        x_jitter=0.3 if len(np.unique(x[~np.isnan(x)])) <= _FEW_LEVELS else 0,
        ax=axes,
        show=False,
    )
    for number in set(pyplot.get_fignums()) - open_figures:
        pyplot.close(number)  # SHAP asks pyplot for the colour bar, and pyplot opens a figure
    _tidy_bar(axes, tint, other)


def _tidy_bar(axes: Axes, tint: np.ndarray, other: Shown) -> None:
    bars = [beside for beside in _all_axes(axes) if beside is not axes]
    for bar in bars:
        bar.tick_params(labelsize=9, length=0)
        bar.yaxis.label.set_fontsize(10)
        if other.codes:
            low, high = int(np.nanmin(tint)), int(np.nanmax(tint))
            bar.set_yticks(range(low, high + 1), [_read(c) for c in other.codes[low : high + 1]])


def _all_axes(axes: Axes) -> Sequence[Axes]:
    figure = axes.get_figure()
    return [] if figure is None else figure.axes


def _read(code: str) -> str:
    return code.replace("_", " ")
