"""Figures with their captions, in the order in which a section shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.report.inline_svg import inline_svg
from models.report.words import Words

_HORIZON = re.compile(r"(?:^|_)(\d+(?:\.\d+)?)y$")
_OWN_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>")


@dataclass(frozen=True)
class Drawing:
    """An SVG to be put into the page, what stands below it, and the name of its file."""

    svg: str
    caption: str
    name: str = ""


def caption_figures(figures: Mapping[str, str]) -> dict[str, tuple[Drawing, ...]]:
    """Drawings by kind, as words.yaml names them; those of no kind under ``other``."""
    words = Words.load()
    kinds = sorted(words.content["figures"], key=len, reverse=True)
    found: dict[str, list[Drawing]] = {kind: [] for kind in (*kinds, "other")}
    for name, svg in sorted(figures.items(), key=lambda item: _place(item[0])):
        kind = next((kind for kind in kinds if name.startswith(kind)), "other")
        caption = _caption(name, kind, svg, words)
        title = _OWN_TITLE.search(svg)
        drawn = inline_svg(svg, f"figure-{name}", title[1] if title else name, caption)
        found[kind].append(Drawing(drawn, caption, name))
    return {kind: tuple(drawings) for kind, drawings in found.items()}


def pick_first(
    drawn: Mapping[str, tuple[Drawing, ...]], evaluation: str, horizon: float
) -> tuple[dict[str, tuple[Drawing, ...]], tuple[Drawing, ...]]:
    """All drawings but two, and these two, for the first page.

    Calibration at the horizon and the C-index of every model, both of this evaluation.
    """
    wanted = (f"calibration_{evaluation}_{horizon:g}y", f"discrimination_{evaluation}")
    left = {k: tuple(one for one in v if one.name not in wanted) for k, v in drawn.items()}
    every = {one.name: one for drawings in drawn.values() for one in drawings}
    return left, tuple(every[name] for name in wanted if name in every)


def _place(name: str) -> tuple[bool, str, float]:
    """What was measured on all patients first, then by name and horizon."""
    horizon = _HORIZON.search(name)
    years = float(horizon[1]) if horizon else 0.0
    return "cross_validation" not in name, _HORIZON.sub("", name), years


def _caption(name: str, kind: str, svg: str, words: Words) -> str:
    if kind == "other":
        title = _OWN_TITLE.search(svg)
        return title[1] if title else name
    known = words.content["evaluations"]
    patients = next((label for key, label in known.items() if key in name), known["held_out"])
    horizon = _HORIZON.search(name)
    text = str(words.content["figures"][kind])
    if horizon is None:
        text = text.replace(" at {horizon} years", "")
    return text.format(patients=patients, horizon=horizon[1] if horizon else "")
