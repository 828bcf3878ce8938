"""One look for every figure: palette, type, percent axes, and SVG that is the same every time.

The palette is that of Okabe and Ito (2008), told apart with any colour vision; series also differ
in marker or dash. Text stays text in the SVG, so that it can be read aloud, searched and restyled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#222222", "#6B6B6B", "#D9D9D9"

SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""In the order in which series are drawn: the model first, then its comparators."""

MARKERS = ("o", "s", "D", "^", "v", "P", "X")

_LAYOUT_PASSES = 3

_RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.1,
    "svg.fonttype": "none",
    "svg.hashsalt": "calcirisk",
}


@contextmanager
def styled() -> Iterator[None]:
    """Everything drawn and saved inside looks as one; nothing outside is touched."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, apart from pyplot and its global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def percent_axis(axis: Any, most_ticks: int = 8) -> None:
    """Label an axis (``axes.xaxis`` or ``axes.yaxis``) that holds fractions in percent."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(most_ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 6):g} %"))


def label_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Title and axis labels."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def format_years(horizon: float) -> str:
    """``10-year``, as in "10-year risk"."""
    return f"{horizon:g}-year"


def write_svg(figure: Figure, path: Path, title: str) -> None:
    """Write the figure, with ``title`` for readers who hear it. The same figure, the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    with styled():
        settle_layout(figure)
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title}
        )
    path.write_bytes(buffer.getvalue())


def settle_layout(figure: Figure) -> None:
    """Find the places of all axes and keep them: one pass of the layout is not its fixed point."""
    engine = figure.get_layout_engine()
    if engine is None:
        return
    places: list[Any] = []
    for _ in range(_LAYOUT_PASSES):
        engine.execute(figure)
        before, places = places, [axes.get_position().bounds for axes in figure.axes]
        if places == before:
            break
    figure.set_layout_engine("none")
