"""All gates in the order they are read: pure judgement, no server, no files."""

from __future__ import annotations

from pipeline.promotion.champion import Rematch, judge_champion
from pipeline.promotion.comparators import judge_reference_scores, judge_ridge
from pipeline.promotion.evidence import Evidence
from pipeline.promotion.fitness import judge_calibration, judge_events, judge_origin
from pipeline.promotion.gate import Gate
from pipeline.promotion.leaks import judge_leakage
from pipeline.promotion.subgroups import judge_subgroups
from pipeline.settings.params import PromoteParams


def judge(
    challenger: Evidence, champion: Evidence | None, rematch: Rematch, thresholds: PromoteParams
) -> tuple[Gate, ...]:
    """Every gate, passed or not. A figure that is not there does not pass."""
    return (
        judge_origin(challenger),
        judge_leakage(challenger),
        *judge_events(challenger, thresholds),
        *judge_calibration(challenger, thresholds),
        *judge_subgroups(challenger, thresholds.accepted_gaps),
        *judge_ridge(challenger, thresholds.max_comparator_lead),
        *judge_reference_scores(challenger, thresholds.max_comparator_lead),
        judge_champion(challenger, champion, rematch, thresholds),
    )
