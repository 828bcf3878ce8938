"""Vital signs: blood pressure, heart rate, weight for height."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.arrays import first_known, ratio
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation, recorded

_PREVENT = "Khan SS et al. Circulation 2024;149:430-449 (PREVENT)"


def bmi(columns: Columns) -> FloatArray:
    """Body mass index, kg/m2, (n,): as recorded, else weight / height squared."""
    height_m = columns["height"] / 100.0
    return first_known(columns["bmi"], ratio(columns["weight"], height_m**2))


def pulse_pressure(columns: Columns) -> FloatArray:
    """Systolic minus diastolic pressure, mmHg, (n,)."""
    return columns["systolic_bp"] - columns["diastolic_bp"]


def mean_arterial_pressure(columns: Columns) -> FloatArray:
    """Diastolic pressure and a third of the pulse pressure, mmHg, (n,)."""
    return columns["diastolic_bp"] + columns.derived(pulse_pressure) / 3.0


def treated_systolic(columns: Columns) -> FloatArray:
    """Systolic pressure minus 130 mmHg under treatment, else 0, (n,).

    Source: form of the interaction in PREVENT, Khan SS et al. Circulation 2024;149:430-449.
    """
    return columns["bp_treated"] * (columns["systolic_bp"] - 130.0)


FEATURES: tuple[Derivation, ...] = (
    *recorded("systolic_bp", "diastolic_bp"),
    Derivation(
        "pulse_pressure",
        "systolic_bp",
        pulse_pressure,
        "systolic - diastolic, mmHg",
        "Franklin SS et al. Circulation 1999;100:354-360",
        shown_only="The difference of two features",
    ),
    Derivation(
        "mean_arterial_pressure",
        "systolic_bp",
        mean_arterial_pressure,
        "diastolic + pulse pressure / 3, mmHg",
        "Franklin SS et al. Circulation 1999;100:354-360",
        shown_only="A weighted sum of two features",
    ),
    Derivation(
        "treated_systolic_bp",
        "systolic_bp",
        treated_systolic,
        "systolic - 130 mmHg under treatment, else 0",
        _PREVENT,
        monotone=0,
        why_monotone="A change of slope: the sum with systolic pressure is what rises",
        shown_only="It may lower risk as systolic pressure rises, which may only raise it",
    ),
    *recorded("heart_rate"),
    Derivation(
        "bmi",
        "bmi",
        lambda columns: columns.derived(bmi),
        "kg/m2; from weight and height where not recorded",
        "Global Burden of Metabolic Risk Factors Collaboration. Lancet 2014;383:970-983",
    ),
    Derivation(
        "bmi_excess",
        "bmi",
        lambda columns: np.maximum(columns.derived(bmi) - 25.0, 0.0),
        "kg/m2 above 25: lets the U-shape bend",
        "Global Burden of Metabolic Risk Factors Collaboration. Lancet 2014;383:970-983",
    ),
    *recorded("waist"),
    Derivation(
        "waist_height_ratio",
        "waist",
        lambda columns: ratio(columns["waist"], columns["height"]),
        "waist / height",
        "Ashwell M et al. Obes Rev 2012;13:275-286",
    ),
)
