"""All gates in the order they are read: pure judgement, no server, no files."""

from __future__ import annotations

from pipeline.promotion.champion import Compared, Rematch, Terms, judge_champion
from pipeline.promotion.evidence import Evidence
from pipeline.promotion.fitness import judge_calibration, judge_events, judge_origin
from pipeline.promotion.gate import Gate
from pipeline.promotion.risk.comparators import judge_linear, judge_reference_scores, tell_rivals
from pipeline.promotion.risk.leaks import judge_leakage
from pipeline.promotion.risk.subgroups import judge_subgroups
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
        *judge_linear(challenger, thresholds.max_comparator_lead),
        *judge_reference_scores(challenger, thresholds.max_comparator_lead),
        *tell_rivals(challenger),
        *judge_champion(challenger, champion, rematch, terms_of(thresholds)),
    )


def terms_of(thresholds: PromoteParams) -> Terms:
    """The C-index at the longest horizon that challenger and champion share."""
    loss, unpaired = thresholds.max_c_index_loss, thresholds.max_unpaired_c_index_loss
    return Terms("C-index", loss, unpaired, "events", compare_c_indices)


def compare_c_indices(challenger: Evidence, champion: Evidence) -> Compared | None:
    """Each on its own held-out patients; None where the two share no horizon."""
    shared = sorted(set(challenger.horizons) & set(champion.horizons))
    if not shared:
        return None
    one, other = (each.figure("c_index", shared[-1]) for each in (challenger, champion))
    return Compared(shared[-1], one, other)
