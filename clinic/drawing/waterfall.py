"""From the base risk to a patient's risk, one step per variable, in percentage points."""

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
    drawing,
    line,
    rectangle,
    round_ticks,
    text,
)
from models.plain_language.numerals import ENGLISH, Numerals

_TOP, _BOTTOM, _RIGHT = 10.0, 28.0, 56.0


@dataclass(frozen=True)
class RowLayout:
    """Where labels and bars lie: side by side, or on narrow screens the label above its bar."""

    width: float
    left: float
    height: float
    bar_top: float
    label_y: float
    longest: int

    def label(self, y: float, words: str, **attributes: object) -> Markup:
        """The label of the row that begins at ``y``."""
        shown = words
        if len(words) > self.longest:
            shown = words[: self.longest - 1].rstrip() + "…"
        beside = self.left > 10
        at = self.left - 8 if beside else self.left
        # a white rim keeps words readable where lines cross them
        rim = {"stroke": "#FFFFFF", "stroke_width": 3, "paint_order": "stroke"} | attributes
        return text(at, y + self.label_y, shown, "end" if beside else "start", **rim)


BESIDE = RowLayout(width=600.0, left=250.0, height=24.0, bar_top=5.0, label_y=16.0, longest=33)
ABOVE = RowLayout(width=360.0, left=4.0, height=38.0, bar_top=18.0, label_y=13.0, longest=46)
# With the value below its label, or on phones behind it.
_STEP_BESIDE = RowLayout(610.0, 266.0, 31.0, 7.0, 13.0, 40)
_STEP_ABOVE = RowLayout(360.0, 4.0, 38.0, 18.0, 13.0, 54)
BAR = 15.0
_VALUE_Y = 25.0


@dataclass(frozen=True)
class Step:
    """A row: what it is called, its value in words, its contribution in percentage points.

    ``note`` goes with the value where there is room.
    """

    label: str
    value: str
    points: float
    note: str = ""


def draw_waterfall(
    steps: Sequence[Step],
    base: float,
    title: str,
    description: str,
    ends: tuple[str, str],
    narrow: bool = False,
    numerals: Numerals = ENGLISH,
) -> Markup:
    """Bars from ``base`` (percent) on; right and darker raises, left and hollow lowers.

    ``ends``: what the first row, the base risk, and the last, the patient's, are called.
    """
    rows = _STEP_ABOVE if narrow else _STEP_BESIDE
    reached = [base]
    for step in steps:
        reached.append(reached[-1] + step.points)
    low, high = min([0.0, *reached]), max(reached)
    wide = rows.width - rows.left - _RIGHT

    def x(percent: float) -> float:
        return rows.left + wide * (percent - low) / max(high - low, 1e-9)

    bottom = _TOP + rows.height * (len(steps) + 2)
    parts: list[Markup] = []
    for tick in round_ticks(low, high, 4):
        parts.append(line((x(tick), _TOP), (x(tick), bottom), PALE))
        words = f"{numerals.general(tick)} %".replace("-", "−")
        anchor = "start" if x(tick) < 16 else "middle"
        parts.append(text(x(tick), bottom + 18, words, anchor, fill=GREY))
    shown = f"{numerals.fixed(base, 1)} %"
    parts += _end_row(rows, _TOP, ends[0], shown, x(max(low, 0.0)), x(base), 400)
    for i, step in enumerate(steps):
        y = _TOP + rows.height * (i + 1)
        start, end = x(reached[i]), x(reached[i + 1])
        top = y + rows.bar_top
        parts += _label_step(rows, y, step, narrow)
        parts.append(_bar(top, start, end, step.points >= 0))
        below = end, top + rows.height
        parts.append(line((end, top + BAR), below, GREY, 1, stroke_dasharray="2 2"))
        parts.append(
            text(max(start, end) + 5, top + 11, numerals.signed(step.points), font_size=12)
        )
    y = _TOP + rows.height * (len(steps) + 1)
    shown = f"{numerals.fixed(reached[-1], 1)} %"
    parts += _end_row(rows, y, ends[1], shown, x(max(low, 0.0)), x(reached[-1]), 700)
    return drawing(
        f"waterfall{'-narrow' * narrow}", rows.width, bottom + _BOTTOM, title, description, parts
    )


def _label_step(rows: RowLayout, y: float, step: Step, narrow: bool) -> list[Markup]:
    if narrow:
        value = f": {step.value}" if step.value else ""
        room = rows.longest - len(value)
        label = step.label if len(step.label) <= room else step.label[: room - 1].rstrip() + "…"
        return [rows.label(y, label + value, font_size=12)]
    if not step.value:
        return [rows.label(y + 5, step.label, font_size=12)]
    value_at = rows.left - 8, y + _VALUE_Y
    value = text(*value_at, step.value, "end", fill=GREY, font_size=11)
    return [rows.label(y, step.label, font_size=12), value]


def _bar(top: float, start: float, end: float, raises: bool) -> Markup:
    left, width = min(start, end), abs(end - start)
    if raises:
        return rectangle(left, top, width, BAR, VERMILION)
    return rectangle(left, top, width, BAR, "#CFE5F2", stroke=BLUE, stroke_width=1.5)


def _end_row(
    rows: RowLayout, y: float, label: str, shown: str, start: float, end: float, weight: int
) -> list[Markup]:
    top = y + rows.bar_top
    return [
        rows.label(y + (5 if rows.left > 10 else 0), label, font_weight=weight),
        rectangle(start, top, end - start, BAR, INK if weight > 400 else GREY),
        text(max(start, end) + 5, top + 11, shown, font_weight=weight, font_size=12),
    ]
