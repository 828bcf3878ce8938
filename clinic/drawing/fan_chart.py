"""A score over the years: what scans showed, with the noise of a rescan, and what is expected."""

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
    element,
    line,
    path,
    rectangle,
    round_ticks,
    text,
)
from models.plain_language.numerals import ENGLISH, Numerals

_HEIGHT, _LEFT, _RIGHT, _BOTTOM = 300.0, 56.0, 14.0, 44.0
_BAND_OPACITY = 0.16


@dataclass(frozen=True)
class Measured:
    """A scan ``years`` from now (0 or before): its score, and by how much a rescan may differ."""

    years: float
    score: float
    noise: float


@dataclass(frozen=True)
class Fan:
    """``scores``: by year, quantiles in ascending order, an odd number of them, AU.

    ``published``: points (year, score) of the published law, empty where it is silent.
    """

    years: Sequence[float]
    scores: Sequence[Sequence[float]]
    measured: Sequence[Measured]
    published: Sequence[Point] = ()


@dataclass(frozen=True)
class FanWords:
    """What stands in the drawing."""

    title: str
    description: str
    measured: str
    middle: str
    bands: str
    published: str
    years: str
    score: str


def draw_fan(
    fan: Fan, words: FanWords, narrow: bool = False, numerals: Numerals = ENGLISH
) -> Markup:
    """Scans as dots with whiskers; from now on the median as a line in its intervals."""
    width, top = (360.0, 104.0) if narrow else (600.0, 66.0)
    first, last = min(0.0, *(scan.years for scan in fan.measured)), fan.years[-1]
    ends = [scan.score + _reach(scan) for scan in fan.measured]
    highest = max(*ends, *(row[-1] for row in fan.scores), *(y for _, y in fan.published), 10.0)
    wide, high = width - _LEFT - _RIGHT, _HEIGHT - top - _BOTTOM

    def place(year: float, score: float) -> Point:
        share = min(max(score, 0.0) / (highest * 1.05), 1.0)
        return _LEFT + wide * (year - first) / (last - first), top + high * (1 - share)

    parts: list[Markup] = []
    for tick in round_ticks(0, highest, 4):
        y = place(first, tick)[1]
        parts.append(line((_LEFT, y), (width - _RIGHT, y), PALE))
        parts.append(text(_LEFT - 6, y + 4, numerals.count(tick), "end", fill=GREY, font_size=12))
    for tick in round_ticks(first, last, 6):
        shown = numerals.general(tick).replace("-", "−")
        at = place(tick, 0)[0]
        parts.append(text(at, _HEIGHT - _BOTTOM + 18, shown, "middle", fill=GREY))
    parts.append(text(_LEFT + wide / 2, _HEIGHT - 6, words.years, "middle", fill=GREY))
    parts.append(text(4, top - 8, words.score, fill=GREY, font_size=12))
    parts.append(line(place(first, 0), place(last, 0), GREY))
    for rank in range(len(fan.scores[0]) // 2):
        lower = [place(y, row[rank]) for y, row in zip(fan.years, fan.scores, strict=True)]
        upper = [place(y, row[-1 - rank]) for y, row in zip(fan.years, fan.scores, strict=True)]
        parts.append(path([*upper, *lower[::-1]], True, fill=BLUE, fill_opacity=_BAND_OPACITY))
    middle = [place(y, row[len(row) // 2]) for y, row in zip(fan.years, fan.scores, strict=True)]
    parts.append(path(middle, stroke=BLUE, stroke_width=2.5))
    if fan.published:
        points = [place(*at) for at in fan.published]
        parts.append(path(points, stroke=VERMILION, stroke_width=2, stroke_dasharray="6 4"))
    for scan in fan.measured:
        reach = _reach(scan)
        ends_of = [place(scan.years, scan.score + sign * reach) for sign in (-1, 1)]
        parts.append(line(ends_of[0], ends_of[1], INK, 1.5))
        dot = place(scan.years, scan.score)
        parts.append(element("circle", cx=dot[0], cy=dot[1], r=5, fill=INK, stroke="#FFFFFF"))
    parts += _legend(words, narrow, bool(fan.published))
    name = f"fan{'-narrow' * narrow}"
    return drawing(name, width, _HEIGHT, words.title, words.description, parts)


def _reach(scan: Measured) -> float:
    return scan.noise if scan.noise == scan.noise else 0.0


def _legend(words: FanWords, narrow: bool, published: bool) -> list[Markup]:
    """Two rows of two, or on narrow screens below each other."""
    columns = (_LEFT, _LEFT) if narrow else (_LEFT, _LEFT + 270)
    step = 19.0
    spots = [(columns[i % 2], 12.0 + step * (i if narrow else i // 2)) for i in range(4)]
    (x, y), (x1, y1), (x2, y2), (x3, y3) = spots
    parts = [
        line((x + 11, y - 7), (x + 11, y + 7), INK, 1.5),
        element("circle", cx=x + 11, cy=y, r=4, fill=INK),
        text(x + 28, y + 4, words.measured, font_size=12),
        line((x1, y1), (x1 + 22, y1), BLUE, 2.5),
        text(x1 + 28, y1 + 4, words.middle, font_size=12),
        rectangle(x2, y2 - 6, 22, 12, BLUE, fill_opacity=2 * _BAND_OPACITY),
        text(x2 + 28, y2 + 4, words.bands, font_size=12),
    ]
    if published:
        parts.append(line((x3, y3), (x3 + 22, y3), VERMILION, 2, stroke_dasharray="6 4"))
        parts.append(text(x3 + 28, y3 + 4, words.published, font_size=12))
    return parts
