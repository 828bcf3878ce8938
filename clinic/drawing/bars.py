"""Horizontal bars: contributions of groups that raise or lower, and sizes that only grow."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from clinic.drawing.canvas import BLUE, GREY, VERMILION, drawing, line, rectangle, text
from clinic.drawing.waterfall import ABOVE, BAR, BESIDE, signed

_RIGHT, _NUMBER = 56.0, 44.0


def draw_group_bars(
    rows: Sequence[tuple[str, float]], title: str, description: str, narrow: bool = False
) -> Markup:
    """One bar per group around zero: filled to the right raises, hollow to the left lowers."""
    layout = ABOVE if narrow else BESIDE
    lowest = min([0.0, *(points for _, points in rows)])
    highest = max([0.0, *(points for _, points in rows)])
    left = layout.left + (_NUMBER if lowest < 0 else 0)
    scale = (layout.width - left - _RIGHT) / max(highest - lowest, 1e-9)
    zero = left - lowest * scale
    height = 8 + layout.height * len(rows)
    parts = [line((zero, 2), (zero, height - 2), GREY)]
    for i, (label, points) in enumerate(rows):
        y, length = 4 + layout.height * i, abs(points) * scale
        top = y + layout.bar_top
        parts.append(layout.label(y, label))
        if points >= 0:
            parts.append(rectangle(zero, top, length, BAR, VERMILION))
            parts.append(text(zero + length + 5, top + 11, signed(points), font_size=12))
        else:
            hollow = {"stroke": BLUE, "stroke_width": 1.5}
            parts.append(rectangle(zero - length, top, length, BAR, "#CFE5F2", **hollow))
            parts.append(text(zero - length - 5, top + 11, signed(points), "end", font_size=12))
    name = f"groups{'-narrow' * narrow}"
    return drawing(name, layout.width, height, title, description, parts)


def draw_sizes(
    name: str,
    rows: Sequence[tuple[str, float]],
    title: str,
    description: str,
    narrow: bool = False,
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
        shown = f"{size:,.0f}" if largest >= 100 else f"{size:.1f}"
        parts.append(text(layout.left + length + 5, top + 11, shown, font_size=12))
    height = 8 + layout.height * len(rows)
    return drawing(f"{name}{'-narrow' * narrow}", layout.width, height, title, description, parts)
