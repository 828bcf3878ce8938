"""A hundred people like the patient: who has the event, who is spared it, who has none."""

from __future__ import annotations

from markupsafe import Markup

from clinic.drawing.canvas import GREEN, VERMILION, drawing, element, path

_STEP, _RADIUS, _COLUMNS = 15.0, 5.6, 20


def draw_icons(events: int, spared: int, title: str, description: str) -> Markup:
    """``events`` of 100 filled, ``spared`` of them by treatment crossed out, the others hollow."""
    parts = []
    for i in range(100):
        cx, cy = 8 + _STEP * (i % _COLUMNS), 8 + _STEP * (i // _COLUMNS)
        if i >= events:
            look: dict[str, object] = {"fill": "#FFFFFF", "stroke": "#9A9AA0"}
        elif i >= events - spared:
            look = {"fill": "#CDEDE2", "stroke": GREEN, "stroke_width": 2}
        else:
            look = {"fill": VERMILION, "stroke": VERMILION}
        parts.append(element("circle", cx=cx, cy=cy, r=_RADIUS, **look))
        if events - spared <= i < events:
            tick = [(cx - 3, cy), (cx - 0.5, cy + 2.5), (cx + 3.5, cy - 3)]
            parts.append(path(tick, stroke=GREEN, stroke_width=2))
    rows = 100 // _COLUMNS
    width, height = 16 + _STEP * (_COLUMNS - 1), 16 + _STEP * (rows - 1)
    return drawing("icons", width, height, title, description, parts)
