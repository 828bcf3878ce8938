"""SVG elements written as text; attributes only, so that no inline style is ever needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from markupsafe import Markup, escape

# Okabe and Ito (2008): told apart with any colour vision; meaning never rests on colour alone.
BLUE, VERMILION, GREEN, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9"
INK, GREY, PALE = "#222222", "#595959", "#D9D9D9"

Point = tuple[float, float]


def element(tag: str, *children: Markup | str, **attributes: object) -> Markup:
    """One element. Underscores in names become hyphens; None leaves an attribute out."""
    # numbers and elements need no escape; Markup.format would be five times as slow
    given = "".join(
        f' {_attribute(name)}="{escape(value) if isinstance(value, str) else _plain(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inner = "".join(c if isinstance(c, Markup) else escape(c) for c in children)
    return Markup(f"<{tag}{given}>{inner}</{tag}>")


@cache
def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def drawing(
    name: str, width: float, height: float, title: str, description: str, parts: Iterable[Markup]
) -> Markup:
    """An SVG that says to a screen reader what it shows. ``name`` makes its ids its own."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="drawing",
        font_family="system-ui, sans-serif",
        font_size=13,
    )


def for_both_widths(draw: Callable[[bool], Markup]) -> Markup:
    """A drawing twice: for wide screens and paper, and for phones; the style sheet shows one."""
    return element("div", draw(False), class_="only-wide") + element(
        "div", draw(True), class_="only-narrow"
    )


def text(x: float, y: float, words: str, anchor: str = "start", **attributes: object) -> Markup:
    """Words at a point."""
    attributes.setdefault("fill", INK)
    return element("text", words, x=x, y=y, text_anchor=anchor, **attributes)


def line(start: Point, end: Point, colour: str = PALE, width: float = 1, **more: object) -> Markup:
    """A straight line."""
    return element(
        "line",
        x1=start[0],
        y1=start[1],
        x2=end[0],
        y2=end[1],
        stroke=colour,
        stroke_width=width,
        **more,
    )


def rectangle(x: float, y: float, width: float, height: float, fill: str, **more: object) -> Markup:
    """A filled rectangle; nothing is drawn narrower than half a pixel."""
    return element("rect", x=x, y=y, width=max(width, 0.5), height=height, fill=fill, **more)


def path(points: Sequence[Point], closed: bool = False, **attributes: object) -> Markup:
    """A line through points, or the area within them."""
    steps = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    attributes.setdefault("fill", "none")
    return element("path", d=steps + (" Z" if closed else ""), **attributes)


def round_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers over [low, high], about as many as wanted.

    >>> round_ticks(0, 11)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    span = max(high - low, 1e-9)
    rough = span / max(wanted, 1)
    scale = 10.0 ** math.floor(math.log10(rough))
    step = scale * next((m for m in (1, 2, 5, 10) if rough <= m * scale * 1.2), 10)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _plain(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
