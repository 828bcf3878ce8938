"""Contributions of many patients, a dot each, a row per variable."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from clinic.drawing.canvas import GREY, PALE, drawing, element, line, round_ticks, text
from clinic.drawing.levels import LEVELS, UNKNOWN, draw_legend, level_colour
from clinic.drawing.waterfall import RowLayout
from models.plain_language.numerals import ENGLISH, Numerals

_RIGHT, _TOP, _BOTTOM = 16.0, 30.0, 44.0
_HALF = 17.0
_RADIUS = 2.4

_BESIDE = RowLayout(720.0, 270.0, 34.0, 0.0, 21.0, 41)
_ABOVE = RowLayout(360.0, 6.0, 52.0, 16.0, 13.0, 46)

Row = tuple[str, Sequence[float], Sequence[float] | None]


def draw_beeswarm(
    rows: Sequence[Row],
    title: str,
    description: str,
    words: Sequence[str],
    narrow: bool = False,
    numerals: Numerals = ENGLISH,
) -> Markup:
    """Rows of (label, points, ranks from 0 to 1 of the values or None; NaN: not recorded).

    ``words``: low, high, not recorded, and what the axis measures. The dots of one colour are one
    path, so that thousands of them stay small.
    """
    layout = _ABOVE if narrow else _BESIDE
    every = [p for _, points, _ in rows for p in points] or [0.0]
    low, high = min(0.0, *every), max(0.0, *every)
    wide = layout.width - layout.left - _RIGHT

    def x(points: float) -> float:
        return layout.left + wide * (points - low) / max(high - low, 1e-9)

    bottom = _TOP + layout.height * len(rows)
    parts: list[Markup] = []
    for tick in round_ticks(low, high, 4 if narrow else 6):
        parts.append(line((x(tick), _TOP), (x(tick), bottom), PALE))
        shown = numerals.localise(f"{tick:+g}").replace("-", "−") if tick else "0"
        parts.append(text(x(tick), bottom + 17, shown, "middle", fill=GREY, font_size=12))
    parts.append(line((x(0), _TOP), (x(0), bottom), GREY))
    dots: dict[str, list[str]] = {colour: [] for colour in (*LEVELS, UNKNOWN)}
    for i, (label, points, ranks) in enumerate(rows):
        y = _TOP + layout.height * i
        middle = y + layout.bar_top + _HALF
        parts.append(layout.label(y, label, font_size=12))
        offsets = _spread([x(p) for p in points])
        for j, point in enumerate(points):
            colour = level_colour(None if ranks is None else ranks[j])
            dots[colour].append(f"M{x(point):.0f} {middle + offsets[j]:.0f}h0")
    for colour, moves in dots.items():
        if moves:
            parts.append(
                element(
                    "path",
                    d="".join(moves),
                    stroke=colour,
                    stroke_width=2 * _RADIUS,
                    stroke_linecap="round",
                )
            )
    parts.append(text(layout.left + wide / 2, bottom + 36, words[3], "middle", fill=GREY))
    parts += draw_legend(words, layout.left, 14.0)
    name = f"swarm{'-narrow' * narrow}"
    return drawing(name, layout.width, bottom + _BOTTOM, title, description, parts)


def _spread(places: Sequence[float]) -> list[float]:
    """How far each dot moves up or down so that few lie upon each other."""
    stacked: dict[int, int] = {}
    offsets = []
    most = int((_HALF - _RADIUS) / _RADIUS)
    for place in places:
        bin_ = round(place / (2 * _RADIUS))
        count = stacked.get(bin_, 0)
        stacked[bin_] = count + 1
        step = min((count + 1) // 2, most)
        offsets.append((-1) ** count * step * _RADIUS)
    return offsets
