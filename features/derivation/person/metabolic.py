"""Glucose metabolism: diabetes, and the metabolic syndrome."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.derivation.arrays import flag, where
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation, recorded
from features.derivation.person.body import bmi

_ADA = "American Diabetes Association. Diabetes Care 2021;44:S15-S33"
_ALBERTI = "Alberti KGMM et al. Circulation 2009;120:1640-1645"


def meets_diabetes_criteria(columns: Columns) -> FloatArray:
    """1 where diabetes is diagnosed or HbA1c is 6.5 % or glucose 126 mg/dL or more, (n,).

    0 where a diagnosis is denied and neither value speaks for it; NaN where nothing is known.
    Source: American Diabetes Association. Diabetes Care 2021;44:S15-S33.
    """
    diagnosed, hba1c, glucose = columns["diabetes"], columns["hba1c"], columns["glucose"]
    met = (diagnosed == 1) | (hba1c >= 6.5) | (glucose >= 126)
    nothing_known = np.isnan([diagnosed, hba1c, glucose]).all(axis=0)
    return where(nothing_known, np.nan, met)


def metabolic_syndrome_count(columns: Columns) -> FloatArray:
    """Number of the five components of the metabolic syndrome, 0 to 5, (n,).

    Obesity (waist 102 cm in men, 88 cm in women or more; body mass index above 30 without a
    waist), triglycerides 150 mg/dL, HDL below 40 in men and 50 mg/dL in women, blood pressure
    130/85 mmHg or treated, glucose 100 mg/dL or diabetes. NaN where one of them is unknown.
    Source: Alberti KGMM et al. Circulation 2009;120:1640-1645; body mass index in place of a
    waist after the International Diabetes Federation (2006).
    """
    male = columns["sex"] == 1
    waist, hdl = columns["waist"], columns["hdl_cholesterol"]
    components = (
        _either(
            (waist >= where(male, 102.0, 88.0), waist),
            (columns.derived(bmi) > 30.0, where(np.isnan(waist), columns.derived(bmi), np.nan)),
        ),
        flag(columns["triglycerides"] >= 150, columns["triglycerides"]),
        flag(hdl < where(male, 40.0, 50.0), hdl),
        _raised_pressure(columns),
        _either(
            (columns["glucose"] >= 100, columns["glucose"]),
            (columns["diabetes"] == 1, columns["diabetes"]),
        ),
    )
    count = np.sum(components, axis=0)
    return where(np.isnan(columns["sex"]), np.nan, count)


def _raised_pressure(columns: Columns) -> FloatArray:
    systolic, diastolic = columns["systolic_bp"], columns["diastolic_bp"]
    raised = (systolic >= 130) | (diastolic >= 85)
    return _either(
        (raised, systolic + diastolic), (columns["bp_treated"] == 1, columns["bp_treated"])
    )


def _either(*signs: tuple[BoolArray, FloatArray]) -> FloatArray:
    """1 where any known sign holds, 0 where none of them does, NaN where none is known."""
    known = np.array([~np.isnan(operand) for _, operand in signs])
    holds = np.array([condition for condition, _ in signs]) & known
    return where(known.any(axis=0), holds.any(axis=0), np.nan)


FEATURES: tuple[Derivation, ...] = (
    *recorded("diabetes"),
    Derivation(
        "diabetes_criteria",
        "diabetes",
        meets_diabetes_criteria,
        "diagnosis, HbA1c of 6.5 % or glucose of 126 mg/dL: yes or no",
        _ADA,
    ),
    *recorded("glucose", "hba1c"),
    Derivation(
        "metabolic_syndrome_count",
        "bmi",
        metabolic_syndrome_count,
        "components of the metabolic syndrome, 0 to 5",
        _ALBERTI,
        monotone=1,
        why_monotone="Each component marks risk in the same direction, unlike weight itself",
    ),
)
