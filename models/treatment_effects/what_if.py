"""A patient's risk under treatments, from the model's risk and published relative effects.

Nothing is predicted from changed inputs: what marks risk in a cohort is not what changes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.array_types import FloatArray
from features.errors import ModelError
from models.risk.absolute_risk import Link
from models.treatment_effects.amount import STATIN_SHARES
from models.treatment_effects.change import Change, Interval, Setting, change_of, changes_of
from models.treatment_effects.conditions import Patient, recorded
from models.treatment_effects.course import Course, counting, joint_effect, log_effect_of
from models.treatment_effects.decision import Decision, decide
from models.treatment_effects.effects import TreatmentEffects
from models.treatment_effects.eligibility import check_eligibility
from models.treatment_effects.entry import Harm, Status, TreatmentEffect

# What lowers LDL cholesterol beside a statin.
_BESIDE_STATINS = ("ezetimibe", "pcsk9_inhibitor", "bempedoic_acid")


@dataclass(frozen=True)
class OptionResult:
    """One option for one patient. ``change`` is None where no figure may or can be given.

    ``amount``: by how much the option's variable was taken to change, canonical unit; 1 where the
    option is a yes or no. ``reasons``: why it is not offered, or the variables that are missing.
    ``needed_to_harm``: treated for one more harm by the same horizon, where trials tell. ``harm``:
    what it may cost this patient; None where that cannot befall.
    """

    option: TreatmentEffect
    status: Status
    verdict: str
    decision: Decision
    reasons: tuple[str, ...]
    amount: float | None
    change: Change | None
    needed_to_harm: float | None
    harm: Harm | None


@dataclass(frozen=True)
class WhatIf:
    """Each chosen option alone, and those that count together.

    ``combined`` holds the options named in ``counted``; None where there is none. ``bounded``:
    their joint effect was held at the strongest that trials of combinations have seen.
    ``observational``: one of them is known from cohorts only. ``patient``: as they leave him.
    ``outdone``: what another one of its pathway outdoes.
    """

    options: tuple[OptionResult, ...]
    counted: tuple[str, ...]
    combined: Change | None
    bounded: bool
    observational: bool
    patient: Patient
    outdone: tuple[str, ...] = ()


def offer(effects: TreatmentEffects, patient: Patient) -> dict[str, OptionResult]:
    """Every option with its verdict for this patient, no change computed."""
    return {name: _result(option, patient, None, None, None) for name, option in effects.items()}


def what_if(
    effects: TreatmentEffects,
    link: Link,
    margins: FloatArray,
    horizon: float,
    patient: Patient,
    chosen: Sequence[str] | Mapping[str, float | None],
    risk_limits: tuple[float, float] | None = None,
) -> WhatIf:
    """The chosen options' changes of one patient's risk by ``horizon`` (years).

    ``margins``: (k,) of the model; ``patient``: canonical covariates; ``chosen``: names, or names
    with the change asked for in the canonical unit of the option's variable; ``risk_limits``: the
    interval of the patient's risk, so that it widens what is said of treatments. Relative effects
    act on the hazard; where a trial gave a risk or odds ratio it is taken for one, which is close
    at these risks. See ``Course`` and ``joint_effect`` for what a combination is.

    Raises ModelError for an unknown option, two that exclude each other or a senseless amount,
    HorizonError.
    """
    margins = np.asarray(margins, dtype=np.float64)
    if margins.shape != (link.n_causes,):
        raise ModelError(f"margins must be of one patient, ({link.n_causes},): {margins.shape}")
    return take_together(effects, Setting.of(link, margins, horizon, risk_limits), patient, chosen)


def take_together(
    effects: TreatmentEffects,
    setting: Setting,
    patient: Patient,
    chosen: Sequence[str] | Mapping[str, float | None],
) -> WhatIf:
    """What `what_if` says, of a patient's setting. Raises ModelError as it does."""
    asked = dict(chosen) if isinstance(chosen, Mapping) else dict.fromkeys(chosen)
    for name in asked:
        if name not in effects:
            raise ModelError(f"{name!r} is not an option. Known: {', '.join(effects)}")
    options = tuple(
        evaluate_all([effects[name] for name in asked], setting, patient, list(asked.values()))
    )
    course = Course.take(effects, patient, asked)
    steps = counting(course.steps)
    if not steps:
        return WhatIf(options, (), None, False, False, course.patient)
    joint, bounded = joint_effect(steps, effects.strongest)
    outdone = tuple(step.option.name for step in course.steps if step not in steps)
    return WhatIf(
        options,
        tuple(step.option.name for step in steps),
        change_of(setting, joint),
        bounded,
        any(step.option.status == "observational" for step in steps),
        course.patient,
        outdone,
    )


def evaluate(
    option: TreatmentEffect, setting: Setting, patient: Patient, asked: float | None = None
) -> OptionResult:
    """One option alone for the patient of this setting."""
    return evaluate_all([option], setting, patient, [asked])[0]


def evaluate_all(
    options: Sequence[TreatmentEffect],
    setting: Setting,
    patient: Patient,
    asked: Sequence[float | None] | None = None,
) -> list[OptionResult]:
    """Each option alone for the patient of this setting."""
    amounts = asked or [None] * len(options)
    found = [
        log_effect_of(option, patient, amount)
        for option, amount in zip(options, amounts, strict=True)
    ]
    changes = iter(changes_of(setting, [one[0] for one in found if one is not None]))
    return [
        _result(option, patient, amount, None if one is None else next(changes), setting.horizon)
        for option, amount, one in zip(options, amounts, found, strict=True)
    ]


def without_statin(
    effects: TreatmentEffects, setting: Setting, patient: Patient
) -> tuple[float, Interval] | None:
    """LDL cholesterol (mg/dL) and risk of a treated patient as they would be without the statin.

    LDL cholesterol before treatment where that is recorded and no other drug has lowered it since,
    else by the statin's intensity. None
    where no statin is taken, LDL cholesterol or the statin is unknown or LDL cholesterol has not
    fallen, and on dialysis, where trials found no such effect. The risk comes from the LDL that the
    statin takes and the trials' effect per mmol/L.
    """
    intensity, ldl = recorded(patient, "statin_intensity"), recorded(patient, "ldl_cholesterol")
    effect = effects["statin_high"].effect
    if intensity in (None, "none") or ldl is None or effect is None:
        return None
    others = any(recorded(patient, drug) == 1 for drug in _BESIDE_STATINS)
    before = None if others else recorded(patient, "ldl_before_treatment")
    untreated = float(ldl) / (1.0 - STATIN_SHARES[intensity]) if before is None else float(before)
    if untreated <= float(ldl) or recorded(patient, "dialysis") == 1:
        return None
    units = (untreated - float(ldl)) / effects["statin_high"].amount.per
    logs = (-units * math.log(value) for value in (effect.estimate, effect.high, effect.low))
    change = change_of(setting, Interval(*logs))
    return untreated, change.after


def _result(
    option: TreatmentEffect,
    patient: Patient,
    asked: float | None,
    change: Change | None,
    horizon: float | None,
) -> OptionResult:
    found = check_eligibility(option.requirements, patient)
    verdict, reasons = found.verdict, found.reasons
    missing = option.amount.missing(patient)
    if missing and verdict != "not_eligible":
        verdict = "unknown"
        reasons = tuple(dict.fromkeys([*reasons, *missing]))
    decision = decide(option, patient, horizon or math.inf, change)
    if decision == "harm":
        reasons = (_why_harmful(option, patient),)
    harm = option.harm
    if harm is not None and harm.spares is not None and harm.spares.holds(patient):
        harm = None
    to_harm = None if harm is None or horizon is None else harm.number_by(horizon)
    amount = option.amount.change(patient, asked)
    return OptionResult(
        option, option.status, verdict, decision, reasons, amount, change, to_harm, harm
    )


def _why_harmful(option: TreatmentEffect, patient: Patient) -> str:
    if option.harmful is not None and option.harmful.holds(patient):
        return option.harmful_why
    return option.harm.outweighs if option.harm is not None else ""
