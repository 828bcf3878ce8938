"""Several treatments of one patient, one after another, and what they do together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.errors import ModelError
from models.treatment_effects.change import Interval
from models.treatment_effects.conditions import Patient, recorded
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.eligibility import check_eligibility
from models.treatment_effects.entry import TreatmentEffect

# A 95 % interval reaches this many standard errors to either side.
_REACH = 1.959963984540054


@dataclass(frozen=True)
class Step:
    """One treatment of a course: the log relative effect of the amount that it adds."""

    option: TreatmentEffect
    log_effect: Interval
    amount: float


@dataclass(frozen=True)
class Course:
    """The steps that count, and the patient as the treatments leave him."""

    steps: tuple[Step, ...]
    patient: Patient

    @classmethod
    def take(
        cls, effects: TreatmentEffects, patient: Patient, asked: Mapping[str, float | None]
    ) -> Course:
        """The treatments asked for, in the order of the evidence file.

        Each starts from what those before it left, so that LDL cholesterol is taken once and an
        option tested on top of another is open once that one is given. What is not open to the
        patient, or has no figure, is left out. Raises ModelError for two that exclude each other.
        """
        _refuse_exclusive(effects, asked)
        steps: list[Step] = []
        state: dict[str, Any] = dict(patient)
        for name, option in effects.items():
            if name not in asked:
                continue
            found = log_effect_of(option, state, asked[name])
            if found is None:
                continue
            log_effect, amount = found
            steps.append(Step(option, log_effect, amount))
            _apply(state, option, amount)
        return cls(tuple(steps), state)


def log_effect_of(
    option: TreatmentEffect, patient: Patient, asked: float | None
) -> tuple[Interval, float] | None:
    """Log relative effect of the amount that this patient gets, and the amount.

    None where the option is not open to the patient, has no figure, or a value is missing.
    """
    if option.effect is None:
        return None
    if check_eligibility(option.requirements, patient).verdict == "not_eligible":
        return None
    amount = option.amount.change(patient, asked)
    if amount is None:
        return None
    units, effect = amount / option.amount.per, option.effect
    logs = (units * math.log(v) for v in (effect.estimate, effect.low, effect.high))
    return Interval(*logs), amount


def counting(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that count in a combination: of each pathway the strongest alone."""
    strongest: dict[str, Step] = {}
    for step in steps:
        pathway = step.option.pathway or step.option.name
        if pathway not in strongest or step.log_effect.estimate < _estimate(strongest[pathway]):
            strongest[pathway] = step
    return tuple(step for step in steps if step in strongest.values())


def joint_effect(steps: Sequence[Step], strongest: float) -> tuple[Interval, bool]:
    """The log effect of these steps together, and whether it had to be held.

    Effects of one basis rest on the same trials: their logs and limits add up. Between bases the
    trials are independent: logs add up, and so do variances. The estimate is held at ``strongest``,
    the strongest relative effect that trials of combinations have seen, but never weaker than the
    strongest part; the interval keeps its width around it.
    """
    parts = _by_basis(steps)
    if len(parts) == 1:
        return parts[0], False
    total = math.fsum(part.estimate for part in parts)
    spreads = [(part.high - part.low) / (2 * _REACH) for part in parts]
    reach = _REACH * math.hypot(*spreads)
    alone = min(parts, key=lambda part: part.estimate)
    bound = min(math.log(strongest), alone.estimate)
    if total >= bound:
        return Interval(total, total - reach, total + reach), False
    return Interval(bound, bound - reach, min(bound + reach, alone.high)), True


def _by_basis(steps: Sequence[Step]) -> list[Interval]:
    parts: dict[str, list[Interval]] = {}
    for step in steps:
        parts.setdefault(step.option.basis or step.option.name, []).append(step.log_effect)
    return [
        Interval(
            math.fsum(log.estimate for log in logs),
            math.fsum(log.low for log in logs),
            math.fsum(log.high for log in logs),
        )
        for logs in parts.values()
    ]


def _apply(state: dict[str, Any], option: TreatmentEffect, amount: float) -> None:
    rule = option.amount
    if rule.kind != "once":
        value = float(recorded(state, rule.variable))
        state[rule.variable] = value + amount if rule.kind == "raise_to" else value - amount
    state.update(option.sets)


def _refuse_exclusive(effects: TreatmentEffects, asked: Mapping[str, float | None]) -> None:
    taken: dict[str, str] = {}
    for name in asked:
        group = effects[name].exclusive
        if group is not None and group in taken:
            raise ModelError(f"{taken[group]} and {name} exclude each other: choose one")
        if group is not None:
            taken[group] = name


def _estimate(step: Step) -> float:
    return step.log_effect.estimate
