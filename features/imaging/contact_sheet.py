"""The picture of what was measured: slices outlined by vessel, filled by density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np

from features.derivation.calcium import VESSELS
from features.imaging.measuring.components import Components
from features.imaging.measuring.measurement import Measurement
from features.imaging.measuring.rules import BAND_FROM_HU
from features.imaging.scan import Scan

# Outlines keep apart from the fills and from grey, for those who see few colours too.
VESSEL_COLOURS = {"lm": "#ff7bd5", "lad": "#00d5ff", "lcx": "#8f83ff", "rca": "#4dff88"}
OTHER_COLOUR = "#ffffff"
BAND_COLOURS = ("#ffffb2", "#fecc5c", "#fd8d3c", "#e31a1c")
BAND_NAMES = ("130-199 HU", "200-299 HU", "300-399 HU", "400 HU and over")
_WINDOW = (-160.0, 440.0)
_MARGIN_MM, _SMALLEST_MM = 10.0, 40.0
_TILE_INCHES, _TABLE_INCHES, _MOST_COLUMNS = 2.3, 4.2, 5


def draw_contact_sheet(
    scan: Scan, measured: Measurement, totals: Mapping[str, float], file: IO[bytes]
) -> None:
    """Write the picture as PNG.

    ``totals``: dictionary variables of the scan. Only lesions that count are shown.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    slices = sorted({int(at) for found in _vessels(measured) for at in found[1].slices})
    columns = max(1, min(_MOST_COLUMNS, int(np.ceil(np.sqrt(len(slices) * 1.2)))))
    rows = max(1, -(-len(slices) // columns))
    width, height = columns * _TILE_INCHES + _TABLE_INCHES, max(rows * _TILE_INCHES, 4.2)
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    share = columns * _TILE_INCHES / width
    for number, at in enumerate(slices):
        left = (number % columns) * share / columns
        bottom = 1 - (number // columns + 1) / rows
        gap = 0.03 / _TILE_INCHES
        size = (share / columns * (1 - gap), 1 / rows * (1 - gap))
        axes = figure.add_axes((left, bottom, *size))
        _draw_slice(axes, scan, measured, at, _window(scan, measured, at))
    if not slices:
        figure.text(share / 2, 0.5, "No lesion in the mask", ha="center", va="center", wrap=True)
    _draw_table(figure, share, measured, totals)
    _draw_legend(figure, share)
    figure.savefig(file, format="png", dpi=110)


def _vessels(measured: Measurement) -> list[tuple[str, Components]]:
    """Vessels with their voxels, of lesions that count."""
    found = []
    for vessel in VESSELS:
        one = measured.components.get(vessel)
        if one is not None and one.hu.size:
            found.append((vessel, _counted(one, measured, vessel)))
    return found


def _counted(found: Components, measured: Measurement, vessel: str) -> Components:
    """Without the lesions that are too small to have a row; rows keep the order of lesions."""
    kept = measured.counted[vessel][found.lesion]
    return Components(
        found.slices[kept],
        found.rows[kept],
        found.columns[kept],
        found.hu[kept],
        found.area[kept],
        found.lesion[kept],
    )


def _window(scan: Scan, measured: Measurement, at: int) -> tuple[slice, slice]:
    """Rows and columns of a square around the lesions of a slice."""
    here = [
        (found.rows[found.slices == at], found.columns[found.slices == at])
        for _, found in _vessels(measured)
    ]
    rows = np.concatenate([one[0] for one in here])
    columns = np.concatenate([one[1] for one in here])
    _, row_mm, column_mm = scan.grid.voxel_mm
    sides = (np.ptp(rows) * row_mm, np.ptp(columns) * column_mm)
    side = max(_SMALLEST_MM, *(one + 2 * _MARGIN_MM for one in sides))
    return _around(rows, side / row_mm), _around(columns, side / column_mm)


def _around(at: Any, size: float) -> slice:
    start = int(np.floor((at.min() + at.max() + 1) / 2 - size / 2))
    return slice(start, start + max(1, round(size)))


def _draw_slice(
    axes: Any, scan: Scan, measured: Measurement, at: int, window: tuple[slice, slice]
) -> None:
    rows, columns = window
    _, height, width = scan.grid.shape
    axes.imshow(scan.hu[at], cmap="gray", vmin=_WINDOW[0], vmax=_WINDOW[1], interpolation="nearest")
    for vessel, found in _vessels(measured):
        here = found.slices == at
        if here.any():
            _fill(axes, found, here, (height, width))
            _outline(axes, found.rows[here], found.columns[here], VESSEL_COLOURS[vessel])
    axes.set_xlim(columns.start - 0.5, columns.stop - 0.5)
    axes.set_ylim(rows.stop - 0.5, rows.start - 0.5)
    _, row_mm, column_mm = scan.grid.voxel_mm
    axes.set_aspect(row_mm / column_mm)
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    _label(axes, f"slice {at + 1}", 10 / column_mm / (columns.stop - columns.start))


def _label(axes: Any, text: str, ten_mm: float) -> None:
    """Number of the slice, and a bar of 10 mm; ``ten_mm`` as a share of the width."""
    over = {"transform": axes.transAxes, "color": "white"}
    axes.text(0.03, 0.97, text, fontsize=8, va="top", **over)
    axes.plot([0.04, 0.04 + ten_mm], [0.05, 0.05], linewidth=1.5, **over)
    axes.text(0.06 + ten_mm, 0.05, "10 mm", fontsize=6, va="center", **over)


def _fill(axes: Any, found: Components, here: Any, shape: tuple[int, int]) -> None:
    from matplotlib.colors import to_rgba

    paint = np.zeros((*shape, 4), dtype=np.float32)
    band = np.searchsorted(BAND_FROM_HU[1:], found.hu[here], side="right")
    colours = np.array([to_rgba(colour, 0.75) for colour in BAND_COLOURS])
    paint[found.rows[here], found.columns[here]] = colours[band]
    axes.imshow(paint, interpolation="nearest")


def _outline(axes: Any, rows: Any, columns: Any, colour: str) -> None:
    """Lines along the edges of pixels whose neighbour is no part of the lesion."""
    from matplotlib.collections import LineCollection

    pixels = set(zip(rows.tolist(), columns.tolist(), strict=True))
    edges = []
    for row, column in pixels:
        left, right, top, bottom = column - 0.5, column + 0.5, row - 0.5, row + 0.5
        for neighbour, edge in (
            ((row - 1, column), ((left, top), (right, top))),
            ((row + 1, column), ((left, bottom), (right, bottom))),
            ((row, column - 1), ((left, top), (left, bottom))),
            ((row, column + 1), ((right, top), (right, bottom))),
        ):
            if neighbour not in pixels:
                edges.append(edge)
    axes.add_collection(LineCollection(edges, colors=colour, linewidths=1.4))


def score_lines(
    measured: Measurement, totals: Mapping[str, float]
) -> list[tuple[str, str, str, str]]:
    """The score table: vessel, lesions, Agatston score, volume in mm3; the last line is the sum."""
    lines = []
    for vessel in VESSELS:
        own = measured.lesions[measured.lesions["vessel"] == vessel]
        score, volume = float(own["agatston"].sum()), float(own["volume"].sum())
        lines.append((vessel.upper(), f"{len(own)}", f"{score:.1f}", f"{volume:.1f}"))
    total = totals["cac_agatston"], totals["cac_volume"]
    lines.append(("Total", f"{len(measured.lesions)}", f"{total[0]:.1f}", f"{total[1]:.1f}"))
    return lines


def _draw_table(
    figure: Any, share: float, measured: Measurement, totals: Mapping[str, float]
) -> None:
    lines: Sequence[tuple[str, ...]] = [
        ("", "lesions", "Agatston", "mm³"),
        *score_lines(measured, totals),
    ]
    height = figure.get_figheight()
    for number, line in enumerate(lines):
        weight = "bold" if number in (0, len(lines) - 1) else "normal"
        for place, text in zip((0.08, 0.42, 0.70, 0.95), line, strict=True):
            figure.text(
                share + (1 - share) * place,
                1 - (0.45 + 0.25 * number) / height,
                text,
                fontsize=10,
                weight=weight,
                ha="left" if place < 0.1 else "right",
            )


def _draw_legend(figure: Any, share: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    height = figure.get_figheight()
    lines: list[Any] = [
        Line2D([], [], color=colour, linewidth=3, label=vessel.upper())
        for vessel, colour in VESSEL_COLOURS.items()
    ]
    fills = [
        Patch(facecolor=colour, edgecolor="grey", label=name)
        for colour, name in zip(BAND_COLOURS, BAND_NAMES, strict=True)
    ]
    for handles, title, place in ((lines, "Outline", 0.05), (fills, "Fill", 0.42)):
        figure.legend(
            handles=handles,
            title=title,
            loc="upper left",
            fontsize=8,
            title_fontsize=9,
            bbox_to_anchor=(share + (1 - share) * place, 1 - 2.2 / height),
            frameon=False,
        )
