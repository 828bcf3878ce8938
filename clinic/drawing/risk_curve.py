"""The risk of one patient over time, its interval, and competing death."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clinic.drawing.canvas import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILION,
    Point,
    drawing,
    line,
    path,
    rectangle,
    round_ticks,
    text,
)
from models.plain_language.numerals import ENGLISH, Numerals

_HEIGHT, _LEFT, _RIGHT, _BOTTOM = 300.0, 50.0, 12.0, 44.0


@dataclass(frozen=True)
class Curve:
    """Cumulative incidences at ``years``, ascending from 0, in percent.

    ``competing`` is empty where the model knows no competing event; ``low`` and ``high`` are empty
    where it has no interval.
    """

    years: Sequence[float]
    event: Sequence[float]
    competing: Sequence[float] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class CurveWords:
    """What stands in the drawing."""

    title: str
    description: str
    event: str
    competing: str
    interval: str
    years: str


def draw_risk_curve(
    curve: Curve, words: CurveWords, narrow: bool = False, numerals: Numerals = ENGLISH
) -> Markup:
    """Risk as a solid line in its interval, competing death dashed."""
    width, top = (360.0, 70.0) if narrow else (560.0, 34.0)
    end = curve.years[-1]
    highest = max([*curve.event, *curve.competing, *curve.high, 1.0]) * 1.08
    wide, high = width - _LEFT - _RIGHT, _HEIGHT - top - _BOTTOM

    def place(year: float, percent: float) -> Point:
        return _LEFT + wide * year / end, top + high * (1 - percent / highest)

    parts: list[Markup] = []
    for tick in round_ticks(0, highest, 4):
        y = place(0, tick)[1]
        parts.append(line((_LEFT, y), (width - _RIGHT, y), PALE))
        parts.append(
            text(_LEFT - 6, y + 4, f"{numerals.general(tick)} %", "end", fill=GREY, font_size=12)
        )
    for tick in round_ticks(0, end, 5):
        x = place(tick, 0)[0]
        parts.append(text(x, _HEIGHT - _BOTTOM + 18, numerals.general(tick), "middle", fill=GREY))
    parts.append(text(_LEFT + wide / 2, _HEIGHT - 6, words.years, "middle", fill=GREY))
    parts.append(line(place(0, 0), place(end, 0), GREY))
    if curve.high:
        upper = [place(*at) for at in zip(curve.years, curve.high, strict=True)]
        lower = [place(*at) for at in zip(curve.years, curve.low, strict=True)]
        parts.append(path([*upper, *lower[::-1]], True, fill=BLUE, fill_opacity=0.18))
    if curve.competing:
        points = [place(*at) for at in zip(curve.years, curve.competing, strict=True)]
        parts.append(path(points, stroke=VERMILION, stroke_width=2, stroke_dasharray="6 4"))
    points = [place(*at) for at in zip(curve.years, curve.event, strict=True)]
    parts.append(path(points, stroke=BLUE, stroke_width=2.5))
    parts += _legend(curve, words, narrow)
    name = f"curve{'-narrow' * narrow}"
    return drawing(name, width, _HEIGHT, words.title, words.description, parts)


def _legend(curve: Curve, words: CurveWords, narrow: bool) -> list[Markup]:
    """Side by side, or on narrow screens below each other."""
    places = [(_LEFT, 12.0 + 19 * i) for i in range(3)]
    if not narrow:
        places = [(_LEFT, 14.0), (_LEFT + 132, 14.0), (_LEFT + 258, 14.0)]
    (x, y), *places = places
    parts = [line((x, y), (x + 22, y), BLUE, 2.5), text(x + 28, y + 4, words.event, fill=INK)]
    if curve.high:
        (x, y), *places = places
        parts.append(rectangle(x, y - 6, 22, 12, BLUE, fill_opacity=0.18))
        parts.append(text(x + 28, y + 4, words.interval, fill=INK))
    if curve.competing:
        (x, y), *places = places
        parts.append(line((x, y), (x + 22, y), VERMILION, 2, stroke_dasharray="6 4"))
        parts.append(text(x + 28, y + 4, words.competing, fill=INK))
    return parts
