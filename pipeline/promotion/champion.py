"""The gate against the champion: paired on the same held-out patients, else with both intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured
from pipeline.settings.params import PromoteParams


@dataclass(frozen=True)
class Rematch:
    """C-index of the challenger minus that of the champion, both scored on the same patients.

    ``difference`` is None where that was not possible; ``why`` then says why not.
    """

    difference: Figure | None
    horizon: float = math.nan
    n: int = 0
    events: int = 0
    why: str = ""


def judge_champion(
    challenger: Evidence, champion: Evidence | None, rematch: Rematch, thresholds: PromoteParams
) -> Gate:
    """No worse than the champion; a demonstration never replaces a model of patients."""
    if champion is None:
        return Gate("champion", "any model may be the first", "there is none yet", True)
    if champion.number == challenger.number:
        return Gate("champion", "any", "it is the champion already", True)
    if champion.simulated and not challenger.simulated:
        return Gate("champion", "any", f"{champion.name} is a demonstration", True)
    required = f"the cohort of {champion.name}: {champion.cohort}"
    if champion.cohort != challenger.cohort:
        # A simulated cohort never replaces patients, whoever asks for it.
        forceable = not challenger.simulated or champion.simulated
        remedy = "register models of another cohort under another register.model_name"
        found = challenger.cohort
        return Gate("champion", required, found, False, remedy, may_be_forced=forceable)
    if rematch.difference is not None:
        return _judge_paired(rematch, rematch.difference, champion, thresholds)
    return _judge_unpaired(challenger, champion, rematch.why, thresholds)


def _judge_paired(
    rematch: Rematch, difference: Figure, champion: Evidence, thresholds: PromoteParams
) -> Gate:
    loss = thresholds.max_c_index_loss
    name = f"C-index against {champion.name}, {rematch.horizon:g} years"
    found = (
        f"{difference.show('+.4f')}, paired: both scored on the {rematch.n} patients held out "
        f"from both, {rematch.events} events"
    )
    return Gate(name, f"at least -{loss:g}", found, difference.estimate >= -loss - 1e-12)


def _judge_unpaired(
    challenger: Evidence, champion: Evidence, why: str, thresholds: PromoteParams
) -> Gate:
    most, loss = thresholds.max_unpaired_c_index_loss, thresholds.max_c_index_loss
    required = f"at least -{most:g}, interval reaching -{loss:g}"
    shared = sorted(set(challenger.horizons) & set(champion.horizons))
    if not shared:
        remedy = f"train for a horizon of {champion.name}"
        return Gate("C-index against champion", required, "no horizon shared", False, remedy)
    horizon = shared[-1]
    name = f"C-index against {champion.name}, {horizon:g} years"
    figures = [one.figure("c_index", horizon) for one in (challenger, champion)]
    for one, figure in zip((challenger, champion), figures, strict=True):
        if not figure.is_measured:
            remedy = f"{one.name} has no C-index with interval; {MEASURE_AGAIN}"
            return not_measured(name, required, remedy)
    difference = subtract(*figures)
    passed = difference.estimate >= -most - 1e-12 and difference.upper >= -loss
    return Gate(name, required, f"{difference.show('+.4f')}, UNPAIRED: {why}", passed)


def subtract(one: Figure, other: Figure) -> Figure:
    """The difference of two independent figures, its interval from both by normal theory."""
    spread = math.hypot(*(f.upper - f.lower for f in (one, other))) / 2
    difference = one.estimate - other.estimate
    return Figure(difference, difference - spread, difference + spread)
