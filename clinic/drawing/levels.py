"""The colours of low and high values, and the legend that says which is which."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from clinic.drawing.canvas import GREY, path, text

# From low to high: blue over grey to vermilion, ordered in lightness too for any colour vision.
LEVELS = ("#003F66", "#0072B2", "#7FA9C2", "#E69F00", "#B34700")
UNKNOWN = "#B5B5B5"


def level_colour(rank: float | None) -> str:
    """Colour of a rank from 0 to 1; grey where there is none."""
    if rank is None or math.isnan(rank):
        return UNKNOWN
    return LEVELS[min(int(rank * len(LEVELS)), len(LEVELS) - 1)]


def draw_legend(words: Sequence[str], left: float, y: float) -> list[Markup]:
    """``words``: low, high, not recorded; the middle of the dots is at ``y``."""
    parts = [text(left, y + 4, words[0], fill=GREY, font_size=12)]
    start = left + 7 * len(words[0]) + 4
    for i, colour in enumerate(LEVELS):
        parts.append(_dot(start + 14 * i + 6, y, colour))
    end = start + 14 * len(LEVELS) + 6
    parts.append(text(end, y + 4, words[1], fill=GREY, font_size=12))
    end += 7 * len(words[1]) + 20
    parts.append(_dot(end, y, UNKNOWN))
    parts.append(text(end + 10, y + 4, words[2], fill=GREY, font_size=12))
    return parts


def _dot(x: float, y: float, colour: str) -> Markup:
    return path([(x, y), (x, y)], stroke=colour, stroke_width=9, stroke_linecap="round")
