"""A risk with its interval on a scale that is the same for every patient."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from clinic.drawing.canvas import BLUE, GREY, INK, PALE, drawing, element, line, rectangle, text

# percent at the right end; what lies beyond is drawn at the end with an arrow
END = 40.0
_LEFT, _RIGHT, _TOP = 8.0, 30.0, 34.0
_OF_INTERVAL = "#9CC7E3"


def draw_scale(
    risk: float,
    interval: tuple[float, float] | None,
    average: float | None,
    bounds: Sequence[float],
    title: str,
    description: str,
    average_label: str,
    narrow: bool = False,
) -> Markup:
    """The scale of 0 to 40 %; all risks are fractions. ``bounds``: where categories change."""
    width = 360.0 if narrow else 560.0

    def x(fraction: float) -> float:
        share = min(100 * fraction, END) / END
        return _LEFT + share * (width - _LEFT - _RIGHT)

    parts = [rectangle(x(0), _TOP, x(1) - x(0), 12, "#EEF1F4", stroke=PALE)]
    for bound in bounds:
        ends = (x(bound), _TOP), (x(bound), _TOP + 12)
        parts.append(line(*ends, GREY, 1, stroke_dasharray="2 2"))
    for tick in (0, 10, 20, 30, 40):
        shown = f"{tick}\N{NO-BREAK SPACE}%"
        at = x(tick / 100)
        parts.append(text(at, _TOP + 30, shown, "middle" if tick else "start", font_size=12))
    if interval is not None:
        low, high = x(interval[0]), x(interval[1])
        parts.append(rectangle(low, _TOP + 3, high - low, 6, _OF_INTERVAL))
    if average is not None:
        at = x(average)
        side = "start" if at < width / 2 else "end"
        parts.append(line((at, _TOP - 12), (at, _TOP + 12), INK, 2))
        parts.append(text(at, _TOP - 17, average_label, side, font_size=12))
    parts.append(element("circle", cx=x(risk), cy=_TOP + 6, r=7, fill=BLUE, stroke="#FFFFFF"))
    if 100 * max(risk, *(interval or (risk,))) > END:
        beyond = BLUE if 100 * risk > END else _OF_INTERVAL
        parts.append(text(x(1) + 6, _TOP + 11, "▶", fill=beyond))
    name = f"scale{'-narrow' * narrow}"
    return drawing(name, width, _TOP + 36, title, description, parts)
