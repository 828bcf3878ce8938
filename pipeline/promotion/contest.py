"""Kinds of registered models: what is known of a version, and which gates it must pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence
from pipeline.promotion.gate import Gate
from pipeline.promotion.growth.judgement import judge_growth
from pipeline.promotion.growth.registration import SUFFIX
from pipeline.promotion.growth.rematch import compare_forecasts_here
from pipeline.promotion.risk.judgement import judge
from pipeline.promotion.risk.rematch import compare_here
from pipeline.settings.params import Params, Paths, PromoteParams


@dataclass(frozen=True)
class Contest:
    """``suffix``: of the registered model's name; ``tables``: of its evaluation, in ``folder``."""

    suffix: str
    folder: str
    tables: tuple[str, ...]
    compare: Callable[[Evidence, Evidence, tuple[Path, Path], Params, Paths], Rematch]
    judge: Callable[[Evidence, Evidence | None, Rematch, PromoteParams], tuple[Gate, ...]]


RISK = Contest(
    "",
    "evaluate/tables",
    ("metrics", "differences", "reference_scores", "reference_coverage", "subgroup_gaps"),
    compare_here,
    judge,
)
GROWTH = Contest(
    SUFFIX,
    "forecast/tables",
    ("performance", "differences", "coverage"),
    compare_forecasts_here,
    judge_growth,
)
