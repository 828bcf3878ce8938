"""Horizontal bars: contributions of groups that raise or lower, and sizes that only grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clinic.drawing.canvas import BLUE, GREY, INK, VERMILION, drawing, line, rectangle, text
from clinic.drawing.waterfall import ABOVE, BAR, BESIDE, RowLayout
from models.plain_language.numerals import ENGLISH, Numerals

_RIGHT, _NUMBER = 56.0, 44.0


def draw_sizes(
    name: str,
    rows: Sequence[tuple[str, float]],
    title: str,
    description: str,
    narrow: bool = False,
    numerals: Numerals = ENGLISH,
) -> Markup:
    """One bar per row, lengths above zero, in percentage points."""
    layout = ABOVE if narrow else BESIDE
    largest = max([size for _, size in rows] or [1.0]) or 1.0
    parts = []
    for i, (label, size) in enumerate(rows):
        y, length = 4 + layout.height * i, size / largest * (layout.width - layout.left - _RIGHT)
        top = y + layout.bar_top
        parts.append(layout.label(y, label))
        parts.append(rectangle(layout.left, top, length, BAR, BLUE))
        shown = numerals.count(size) if largest >= 100 else numerals.fixed(size, 1)
        parts.append(text(layout.left + length + 5, top + 11, shown, font_size=12))
    height = 8 + layout.height * len(rows)
    return drawing(f"{name}{'-narrow' * narrow}", layout.width, height, title, description, parts)


@dataclass(frozen=True)
class Bar:
    """A row: label, size around zero, interval where known, and whether it is drawn as unsure."""

    label: str
    points: float
    limits: tuple[float, float] | None = None
    unsure: bool = False


def draw_theme_bars(
    rows: Sequence[Bar],
    title: str,
    description: str,
    narrow: bool = False,
    name: str = "themes",
    numerals: Numerals = ENGLISH,
) -> Markup:
    """Bars around zero with their intervals as whiskers; unsure ones dashed."""
    layout = ABOVE if narrow else RowLayout(430.0, 168.0, 22.0, 4.0, 15.0, 24)
    ends = [0.0, *(row.points for row in rows), *(v for row in rows for v in row.limits or ())]
    left = layout.left + (_NUMBER if min(ends) < 0 else 0)
    scale = (layout.width - left - _RIGHT) / max(max(ends) - min(ends), 1e-9)
    zero = left - min(ends) * scale
    height = 6 + layout.height * len(rows)
    parts = [line((zero, 2), (zero, height - 2), GREY)]
    for i, row in enumerate(rows):
        shown = numerals.signed(row.points)
        parts += _theme_bar(row, shown, layout, 2 + layout.height * i, zero, scale)
    return drawing(f"{name}{'-narrow' * narrow}", layout.width, height, title, description, parts)


def _theme_bar(
    row: Bar, shown: str, layout: RowLayout, y: float, zero: float, scale: float
) -> list[Markup]:
    length, top = abs(row.points) * scale, y + layout.bar_top
    raises = row.points >= 0
    look: dict[str, object] = {"stroke": VERMILION if raises else BLUE, "stroke_width": 1.5}
    if row.unsure:
        look["stroke_dasharray"] = "3 2"
    fill = ("#F6D9C7" if row.unsure else VERMILION) if raises else "#CFE5F2"
    start = zero if raises else zero - length
    parts = [layout.label(y, row.label), rectangle(start, top, length, BAR, fill, **look)]
    far = length
    if row.limits is not None:
        low, high = (zero + limit * scale for limit in row.limits)
        parts.append(line((low, top + BAR / 2), (high, top + BAR / 2), INK, 1.5))
        far = max(length, (high - zero) if raises else (zero - low))
    beyond = zero + far + 5 if raises else zero - far - 5
    anchor = "start" if raises else "end"
    parts.append(text(beyond, top + 11, shown, anchor, font_size=12))
    return parts
