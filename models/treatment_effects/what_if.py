"""A patient's risk under treatments, from the model's risk and randomised relative effects.

The hazard of the event is multiplied by the relative effect, that of competing death is left as
it is, and the risk is the cumulative incidence again. Nothing is predicted from changed inputs:
what marks risk in a cohort is not what changes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import ModelError
from models.risk.absolute_risk import FixedHorizonLink, Link
from models.treatment_effects.effects import Status, TreatmentEffect, TreatmentEffects
from models.treatment_effects.eligibility import Patient, check_eligibility

FloatArray = npt.NDArray[np.float64]

# A 95 % interval reaches this many standard errors to either side.
_REACH = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """Risk by the horizon without and with treatment; fractions, ``low`` below ``high``.

    ``number_needed_to_treat`` is rounded up; its ``high`` is infinite where the interval of the
    reduction holds none, and it is None where there is no reduction at all.
    """

    before: float
    after: Interval
    reduction: Interval
    relative_effect: Interval
    number_needed_to_treat: Interval | None


@dataclass(frozen=True)
class OptionResult:
    """One option for one patient. ``change`` is None where no figure may or can be given.

    ``amount``: by how much the option's variable was taken to change, canonical unit; 1 where the
    option is a yes or no. ``reasons``: why it is not offered, or the variables that are missing.
    """

    option: TreatmentEffect
    status: Status
    verdict: str
    reasons: tuple[str, ...]
    amount: float | None
    change: Change | None


@dataclass(frozen=True)
class WhatIf:
    """Each chosen option alone, and the randomised ones together.

    ``combined`` holds the options named in ``counted``; None where there is none. ``bounded``:
    the product of their effects was held at the strongest that trials of combinations have seen.
    """

    options: tuple[OptionResult, ...]
    counted: tuple[str, ...]
    combined: Change | None
    bounded: bool


def offer(effects: TreatmentEffects, patient: Patient) -> dict[str, OptionResult]:
    """Every option with its verdict for this patient, no change computed."""
    return {name: _result(option, patient, None, None) for name, option in effects.items()}


def what_if(
    effects: TreatmentEffects,
    link: Link,
    margins: FloatArray,
    horizon: float,
    patient: Patient,
    chosen: Sequence[str] | Mapping[str, float | None],
    with_observational: bool = False,
) -> WhatIf:
    """The chosen options' changes of one patient's risk by ``horizon`` (years).

    ``margins``: (k,) of the model; ``patient``: canonical covariates; ``chosen``: names, or names
    with the change asked for in the canonical unit of the option's variable. Relative effects act
    on the hazard; where a trial gave a risk or odds ratio it is taken for one, which is close at
    these risks. In a combination each pathway counts once, by its strongest option; logs of
    effects are added, their variances too (independent trials), and the product is held at
    ``effects.strongest``. Observational options enter it only ``with_observational``.

    Raises ModelError for an unknown option or a senseless amount, HorizonError.
    """
    margins = np.asarray(margins, dtype=np.float64)
    if margins.shape != (link.n_causes,):
        raise ModelError(f"margins must be of one patient, ({link.n_causes},): {margins.shape}")
    asked = dict(chosen) if isinstance(chosen, Mapping) else dict.fromkeys(chosen)
    for name in asked:
        if name not in effects:
            raise ModelError(f"{name!r} is not an option. Known: {', '.join(effects)}")
    pairs = [(name, _log_effect(effects[name], patient, amount)) for name, amount in asked.items()]
    logs = {name: log for name, log in pairs if log is not None}
    results = tuple(
        _result(
            effects[name],
            patient,
            amount,
            _change(link, margins, horizon, logs[name]) if name in logs else None,
        )
        for name, amount in asked.items()
    )
    counted = _strongest_of_pathways(effects, logs, with_observational)
    if not counted:
        return WhatIf(results, (), None, False)
    joint = _joint([logs[name] for name in counted])
    bound = math.log(effects.strongest)
    held = Interval(*(max(bound, value) for value in (joint.estimate, joint.low, joint.high)))
    change = _change(link, margins, horizon, held)
    return WhatIf(results, counted, change, joint.estimate < bound)


def _joint(log_effects: Sequence[Interval]) -> Interval:
    """The sum of independent log effects; one alone keeps its published interval."""
    if len(log_effects) == 1:
        return log_effects[0]
    total = math.fsum(log_effect.estimate for log_effect in log_effects)
    reach = _REACH * math.hypot(*(_spread(log_effect) for log_effect in log_effects))
    return Interval(total, total - reach, total + reach)


def _result(
    option: TreatmentEffect, patient: Patient, asked: float | None, change: Change | None
) -> OptionResult:
    found = check_eligibility(option.requirements, patient)
    verdict, reasons = found.verdict, found.reasons
    amount = option.amount.change(patient, asked)
    if amount is None and verdict != "not_eligible":
        verdict = "unknown"
        reasons = tuple(dict.fromkeys([*reasons, option.amount.variable]))
    return OptionResult(option, option.status, verdict, reasons, amount, change)


def _log_effect(option: TreatmentEffect, patient: Patient, asked: float | None) -> Interval | None:
    """Log relative effect of the amount that this patient gets; None where none may be shown."""
    if option.effect is None:
        return None
    if check_eligibility(option.requirements, patient).verdict == "not_eligible":
        return None
    units = option.amount.units(patient, asked)
    if units is None:
        return None
    effect = option.effect
    return Interval(*(units * math.log(v) for v in (effect.estimate, effect.low, effect.high)))


def _spread(log_effect: Interval) -> float:
    return (log_effect.high - log_effect.low) / (2 * _REACH)


def _strongest_of_pathways(
    effects: TreatmentEffects, logs: Mapping[str, Interval], with_observational: bool
) -> tuple[str, ...]:
    strongest: dict[str, str] = {}
    for name, log in logs.items():
        if effects[name].status != "randomised" and not with_observational:
            continue
        pathway = effects[name].pathway or name
        if pathway not in strongest or log.estimate < logs[strongest[pathway]].estimate:
            strongest[pathway] = name
    return tuple(name for name in logs if name in strongest.values())


def _change(link: Link, margins: FloatArray, horizon: float, log_effect: Interval) -> Change:
    logs = np.array([0.0, log_effect.estimate, log_effect.low, log_effect.high])
    before, after, low, high = (float(r) for r in scaled_risk(link, margins, horizon, logs))
    reduction = Interval(before - after, before - high, before - low)
    relative = Interval(*(math.exp(v) for v in logs[1:]))
    return Change(before, Interval(after, low, high), reduction, relative, _needed(reduction))


def _needed(reduction: Interval) -> Interval | None:
    if reduction.estimate <= 0:
        return None
    best, worst = math.ceil(1 / reduction.high), math.inf
    if reduction.low > 0:
        worst = math.ceil(1 / reduction.low)
    return Interval(math.ceil(1 / reduction.estimate), best, worst)


def scaled_risk(
    link: Link, margins: FloatArray, horizon: float, log_effects: FloatArray
) -> FloatArray:
    """Risk (m,) of one patient with margins (k,) at each log relative effect (m,) on the hazard.

    A logistic link has odds, not hazards: there the cumulative hazard ``-ln(1 - risk)`` is scaled.
    """
    rows = np.repeat(margins[None, :], len(log_effects), axis=0)
    if isinstance(link, FixedHorizonLink):
        risk = link.risk(rows, [horizon])[:, 0]
        return np.asarray(-np.expm1(np.exp(log_effects) * np.log1p(-risk)))
    rows[:, 0] += log_effects
    return link.risk(rows, [horizon])[:, 0]
