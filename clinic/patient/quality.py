"""What is missing from a patient's data, and what lies beyond what the model knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clinic.patient.guidance import hold
from clinic.words.values import ValueWriter
from features.derivation.calcium import OF_CALCIUM
from features.derivation.laboratory import ckd_epi_2021
from models.explanation.explanation import find_unknown
from models.input_ranges import InputRanges
from models.scorer import Scorer
from models.treatment_effects.conditions import recorded

# Lowest filtration rate (mL/min/1.73 m2) of each stage, from G1 on.
_STAGES = {"g1": 90.0, "g2": 60.0, "g3a": 45.0, "g3b": 30.0, "g4": 15.0, "g5": 0.0}
# Albumin over creatinine (mg/g) of each class, half and double its limits of 30 and 300.
_ALBUMIN = {"none": (0.0, 60.0), "micro": (15.0, 600.0), "macro": (150.0, np.inf)}
# What HDL and LDL cholesterol, each by its own assay, may come to of the total.
_OF_TOTAL = 1.1


@dataclass(frozen=True)
class Quality:
    """What is known of a patient, among what the model learnt from.

    ``missing``: labels of important inputs; ``outside``: label, value, what training had of it;
    ``unlearnt``: labels of what is recorded and the model does not know.
    """

    n_recorded: int
    n_variables: int
    missing: tuple[str, ...]
    outside: tuple[tuple[str, str, str], ...]
    unlearnt: tuple[str, ...] = ()


def _says_something(value: object) -> bool:
    """Whether a value is there and neither no nor none: that somebody has nothing is no loss."""
    return value is not None and not pd.isna(value) and value not in (0, "none")  # type: ignore[call-overload]


def judge_quality(
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    scorer: Scorer,
    writer: ValueWriter,
    beyond: Sequence[str],
) -> Quality:
    """The quality of one patient's data (1, variables) and the features derived from them.

    ``beyond``: the variables outside the range of training.
    """
    patient, dictionary, texts = covariates.iloc[0], writer.dictionary, writer.texts
    ranges, unlearnt = scorer.ranges, scorer.find_unlearnt(scorer.dictionary)
    recorded = {str(name) for name in covariates.columns[patient.notna().to_numpy()]}
    missing = [
        texts.label(dictionary[name])
        for name, unknown in find_unknown(ranges.important, covariates, features).items()
        if unknown[0]
    ]
    outside = [
        (
            texts.label(dictionary[name]),
            writer.say(name, patient[name]),
            _say_range(name, ranges, writer),
        )
        for name in beyond
    ]
    return Quality(
        len(recorded.difference(unlearnt)),
        len(dictionary) - len(unlearnt),
        tuple(missing),
        tuple(outside),
        tuple(
            texts.label(dictionary[name]) for name in unlearnt if _says_something(patient.get(name))
        ),
    )


def _say_range(name: str, ranges: InputRanges, writer: ValueWriter) -> str:
    """Where the training values of a variable lay."""
    texts = writer.texts
    if name in ranges.levels:
        known = "; ".join(writer.say(name, level) for level in ranges.levels[name])
        return texts("quality.levels", values=known)
    low, high = ranges.limits[name]
    if low == high:
        return texts("quality.shared", value=writer.say(name, low))
    unit, number = texts.unit(writer.dictionary[name].unit or ""), texts.write.number
    limits = texts("quality.range", low=number(low), high=number(high), unit=unit)
    return texts("quality.training", span=limits.strip())


def find_conflicts(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """What of one patient's canonical covariates does not fit together, by the key of its text.

    Each may be true by itself, and of another day, so none of it is refused.
    """
    held = hold(patient)
    known = {name: recorded(held, name) for name in held}
    diabetes, hba1c, glucose = (known.get(n) for n in ("diabetes", "hba1c", "glucose"))
    high = (hba1c or 0) >= 6.5 or (glucose or 0) >= 126
    seen = any((known.get(name) or 0) > 0 for name in OF_CALCIUM)
    on_statin = known.get("statin_intensity") not in (None, "none")
    holds = {
        "checks.diabetes": diabetes == 0 and high,
        "checks.insulin": diabetes == 0 and known.get("insulin") == 1,
        "checks.zero": known.get("cac_agatston") == 0 and seen,
        "checks.kidney": _kidneys_differ(known),
        "checks.creatinine": _creatinine_differs(known),
        "checks.albuminuria": _albumin_differs(known),
        "checks.lipids": _more_than_total(known),
        "checks.statin_years": on_statin and known.get("statin_years") is None,
    }
    return tuple(name for name, held in holds.items() if held)


def _kidneys_differ(known: Mapping[str, Any]) -> bool:
    """Stages that are not neighbours, or dialysis beside kidneys that need none."""
    rate, stage, stages = known.get("egfr"), known.get("ckd_stage"), list(_STAGES)
    said = [] if stage is None else [stages.index(stage)]
    if rate is not None:
        said.append(next(n for n, least in enumerate(_STAGES.values()) if rate >= least))
    if known.get("dialysis") == 1:
        said.append(len(stages) - 1)
    return bool(said) and max(said) - min(said) > 1


def _creatinine_differs(known: Mapping[str, Any]) -> bool:
    """A filtration rate of less than half or more than twice what creatinine gives."""
    rate, sex = known.get("egfr"), known.get("sex")
    values = [known.get(name) for name in ("creatinine", "age")]
    if rate is None or sex is None or None in values:
        return False
    male = np.array([float(sex == "male")])
    creatinine, age = (np.array([float(value)]) for value in values if value is not None)
    ratio = float(rate) / float(ckd_epi_2021(creatinine, age, male)[0])
    return not 0.5 <= ratio <= 2


def _albumin_differs(known: Mapping[str, Any]) -> bool:
    found, ratio = known.get("albuminuria"), known.get("uacr")
    if found is None or ratio is None:
        return False
    low, high = _ALBUMIN[found]
    return not low <= ratio <= high


def _more_than_total(known: Mapping[str, Any]) -> bool:
    parts = [known.get(name) for name in ("hdl_cholesterol", "ldl_cholesterol")]
    total = known.get("total_cholesterol")
    if total is None or None in parts:
        return False
    return bool(sum(part for part in parts if part is not None) > _OF_TOTAL * total)
