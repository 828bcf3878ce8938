"""The gate of leakage: what the stage train found, and the reasons it was accepted for."""

from __future__ import annotations

from typing import Any

from pipeline.promotion.evidence import Evidence
from pipeline.promotion.gate import TRAIN_AGAIN, Gate, not_measured

_NAME, _REQUIRED = "leakage", "no finding without a reason"
_REMEDY = f"remove the column (featurize.exclude) or explain it (leakage.accepted), {TRAIN_AGAIN}"


def judge_leakage(challenger: Evidence) -> Gate:
    """Fails where a leak has no reason; no one may force that. Shows the reasons where all have."""
    verdict = challenger.leakage
    if verdict is None:
        return not_measured(_NAME, _REQUIRED, TRAIN_AGAIN)
    leaks: list[dict[str, Any]] = list(verdict["leaks"])
    unexplained = [leak for leak in leaks if not leak["accepted"]]
    if unexplained or not verdict["passed"]:
        found = "; ".join(f"{leak['column']} {leak['measured']}" for leak in unexplained)
        return Gate(_NAME, _REQUIRED, found or "refused", False, _REMEDY, may_be_forced=False)
    if not leaks:
        return Gate(_NAME, _REQUIRED, "nothing found", True)
    reasons = dict.fromkeys(f"{leak['column']} ({leak['accepted']})" for leak in leaks)
    return Gate(_NAME, _REQUIRED, "accepted: " + "; ".join(reasons), True)
