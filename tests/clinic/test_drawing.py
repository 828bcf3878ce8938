from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from clinic.drawing.bars import Bar, draw_sizes, draw_theme_bars
from clinic.drawing.beeswarm import draw_beeswarm
from clinic.drawing.canvas import round_ticks
from clinic.drawing.dependence import Tint, draw_dependence
from clinic.drawing.levels import LEVELS, UNKNOWN
from clinic.drawing.risk_curve import Curve, CurveWords, draw_risk_curve
from clinic.drawing.scale import draw_scale
from clinic.drawing.waterfall import Step, draw_waterfall

NAME = "<script>alert(1)</script> & Co"
WORDS = CurveWords(NAME, "d", "event", "death", "interval", "years")
STEPS = [Step(NAME, "61 years", 3.0), Step("Statin", "high", -1.5), Step("2 others", "", 0.5)]


def _draw(what: str, narrow: bool) -> str:
    if what == "waterfall":
        return draw_waterfall(STEPS, 6.0, NAME, "d", ("Base", "Risk"), narrow)
    if what == "curve":
        curve = Curve([0, 5, 10], [0, 4, 9], [0, 1, 3], [0, 2, 5], [0, 7, 15])
        return draw_risk_curve(curve, WORDS, narrow)
    if what == "groups":
        return draw_theme_bars(
            [Bar(NAME, 2.0, (1.0, 3.0)), Bar("Therapy", -0.5)], NAME, "d", narrow
        )
    if what == "sizes":
        return draw_sizes("sizes", [(NAME, 2.0), ("Therapy", 0.0)], NAME, "d", narrow)
    if what == "swarm":
        rows = [(NAME, [1.0, -2.0, 0.0], [0.0, 1.0, float("nan")]), ("Race", [1.0, 2, 3], None)]
        return draw_beeswarm(rows, NAME, "d", ["low", "high", "none", "points"], narrow)
    tint = Tint(NAME, [0.0, 1.0, math.nan], ["low", "high", "none"])
    values, points = [0.0, 30.0, 4000.0], [-1.0, 0.5, 4.0]
    return draw_dependence(values, points, NAME, "points", NAME, {}, tint, narrow)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("what", ["waterfall", "curve", "groups", "sizes", "swarm", "dependence"])
def test_a_drawing_is_sound_named_escaped_and_without_inline_style(what: str, narrow: bool) -> None:
    root = ElementTree.fromstring(_draw(what, narrow))
    assert root.get("role") == "img"
    assert root[0].text == NAME
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert (root.get("aria-labelledby") or "").split() == ids
    for element in root.iter():
        assert not element.tag.endswith("script")
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]
        numbers = " ".join(v for k, v in element.attrib.items() if k in ("x", "y", "width", "d"))
        assert not re.search("nan|inf|e[+-]", numbers)


def test_the_bars_of_a_waterfall_are_as_long_as_their_points() -> None:
    root = ElementTree.fromstring(draw_waterfall(STEPS, 6.0, "t", "d", ("Base", "Risk")))
    widths = [float(e.get("width", "")) for e in root.iter() if e.tag.endswith("rect")]
    base, up, down, others, risk = widths
    assert up / base == pytest.approx(3.0 / 6.0, rel=0.01)
    assert down / base == pytest.approx(1.5 / 6.0, rel=0.01)
    assert others / base == pytest.approx(0.5 / 6.0, rel=0.02)
    assert risk / base == pytest.approx((6.0 + 3.0 - 1.5 + 0.5) / 6.0, rel=0.01)


def test_each_dot_has_the_colour_of_its_partners_level() -> None:
    ranks = [0.0, 0.5, 1.0, math.nan, 0.1]
    tint = Tint("Colour: other", ranks, ["low", "high", "none"])
    values, points = [0.0, 10.0, 20.0, 30.0, 40.0], [0.0, 1.0, 2.0, 3.0, 4.0]
    drawn = draw_dependence(values, points, "v", "points", "t", {}, tint)
    dots = [
        (float(x), element.get("stroke"))
        for element in ElementTree.fromstring(drawn).iter()
        if element.get("stroke-width") == "5"
        for x in re.findall(r"M(\d+) [\d.]+h0", element.get("d", ""))
    ]
    expected = [LEVELS[0], LEVELS[2], LEVELS[4], UNKNOWN, LEVELS[0]]
    assert [colour for _, colour in sorted(dots, key=lambda dot: dot[0])] == expected
    assert "Colour: other" in drawn


def test_a_patient_without_contributions_has_a_drawing() -> None:
    assert "svg" in draw_waterfall([], 0.0, "t", "d", ("Base", "Risk"))
    assert "svg" in draw_theme_bars([], "t", "d")
    assert "svg" in draw_beeswarm([], "t", "d", ["", "", "", ""])


@pytest.mark.parametrize(("low", "high"), [(0, 1e-6), (-3, 9), (0, 100), (0, 0), (-1e5, 1e5)])
def test_ticks_are_few_and_within_their_range(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert len(ticks) <= 11
    assert all(low - 1e-6 <= tick <= high + 1e-6 for tick in ticks)


@pytest.mark.parametrize(
    ("risk", "high", "arrows"), [(0.2, 0.39, 0), (0.3, 0.55, 1), (0.45, 0.6, 1), (0.45, None, 1)]
)
def test_what_lies_beyond_the_scale_has_an_arrow_the_interval_too(
    risk: float, high: float | None, arrows: int
) -> None:
    interval = None if high is None else (0.1, high)
    drawn = draw_scale(risk, interval, None, (), "Risk", "", "average")
    assert drawn.count("▶") == arrows
