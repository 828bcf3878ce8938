"""How a variable's contribution goes with its value, a dot per patient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clinic.drawing.canvas import GREY, PALE, drawing, element, line, round_ticks, text
from clinic.drawing.levels import LEVELS, UNKNOWN, draw_legend, level_colour
from models.plain_language.numerals import ENGLISH, Numerals

_WIDE, _NARROW = 560.0, 360.0
_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 330.0, 48.0, 16.0, 28.0, 46.0
_SKEWED = 20.0
_LEGEND = 44.0
# Colours are drawn a share of the patients at a time, so that none covers all others.
_LAYERS = 4


@dataclass(frozen=True)
class Tint:
    """What colours the dots: ``label``, ``ranks`` (n,) from 0 to 1 (NaN: not recorded).

    ``words``: what stands for low, for high and for not recorded.
    """

    label: str
    ranks: Sequence[float]
    words: Sequence[str]


def draw_dependence(
    values: Sequence[float],
    points: Sequence[float],
    label: str,
    axis: str,
    title: str,
    codes: Mapping[float, str],
    tint: Tint,
    narrow: bool = False,
    numerals: Numerals = ENGLISH,
) -> Markup:
    """Contribution in percentage points over value; skewed values stand on a scale of log(1 + v).

    ``tint`` says how another variable colours the dots. ``codes``: what the values of a yes or no
    or of a category are called, empty for numbers.
    """
    log = not codes and min(values) >= 0 and _is_skewed(values)
    bend = math.log1p if log else float
    left, right = bend(min(values)), bend(max(values))
    low, high = min(0.0, *points), max(0.0, *points)
    width = _NARROW if narrow else _WIDE
    wide, tall = width - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    margin = 0.12 if codes else 0.02

    def x(value: float) -> float:
        share = (bend(value) - left) / max(right - left, 1e-9)
        return _LEFT + wide * (margin + (1 - 2 * margin) * share)

    def y(point: float) -> float:
        return _TOP + tall * (1 - (point - low) / max(high - low, 1e-9))

    parts = [text(4.0, 14.0, axis, fill=GREY, font_size=12)]
    for tick in round_ticks(low, high, 5):
        parts.append(line((_LEFT, y(tick)), (width - _RIGHT, y(tick)), GREY if not tick else PALE))
        shown = numerals.localise(f"{tick:+g}").replace("-", "−") if tick else "0"
        parts.append(text(_LEFT - 6, y(tick) + 4, shown, "end", fill=GREY, font_size=12))
    for value, words in _marks(values, codes, log, 4 if narrow else 6, numerals):
        parts.append(
            text(x(value), _HEIGHT - _BOTTOM + 18, words, "middle", fill=GREY, font_size=12)
        )
    parts.append(text(_LEFT + wide / 2, _HEIGHT - 8, label, "middle", fill=GREY))
    places = [(x(value), y(point)) for value, point in zip(values, points, strict=True)]
    parts += _draw_dots(places, tint.ranks)
    below = _HEIGHT + 6
    parts.append(text(4.0, below + 4, tint.label, fill=GREY, font_size=12))
    parts += draw_legend(tint.words, 4.0, below + 22)
    name = f"dependence{'-narrow' * narrow}"
    described = f"{title}. {axis}. {tint.label}"
    return drawing(name, width, _HEIGHT + _LEGEND, title, described, parts)


def _draw_dots(places: Sequence[tuple[float, float]], ranks: Sequence[float]) -> list[Markup]:
    parts = []
    colours = [level_colour(rank) for rank in ranks]
    for layer in range(_LAYERS):
        for colour in (UNKNOWN, *LEVELS):
            moves = "".join(
                f"M{x:.0f} {y:.1f}h0"
                for (x, y), own in zip(places[layer::_LAYERS], colours[layer::_LAYERS], strict=True)
                if own == colour
            )
            if moves:
                parts.append(
                    element("path", d=moves, stroke=colour, stroke_width=5, stroke_linecap="round")
                )
    return parts


def _is_skewed(values: Sequence[float]) -> bool:
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    return ordered[-1] > _SKEWED * max(middle, 1.0)


def _marks(
    values: Sequence[float],
    codes: Mapping[float, str],
    log: bool,
    wanted: int,
    numerals: Numerals,
) -> list[tuple[float, str]]:
    if codes:
        present = set(values)
        return [(value, words) for value, words in codes.items() if value in present]
    low, high = min(values), max(values)
    if log:
        decades = [0.0, *(10.0**k for k in range(7))]
        return [(v, numerals.count(v)) for v in decades if low <= v <= high]
    return [(v, numerals.general(v)) for v in round_ticks(low, high, wanted)]
