"""The terms of the PREVENT equations, by the labels of their published coefficient tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from features.array_types import FloatArray
from models.reference_scores.reference_score import Values

# As the equations have it, not the dictionary's 1 / 38.67.
_MMOL_L_PER_MG_DL = 0.02586


class Term(NamedTuple):
    """One term: the inputs it needs and its value (m,)."""

    inputs: tuple[str, ...]
    value: Callable[[Values], FloatArray]


def _age(values: Values) -> FloatArray:
    return (values["age"] - 55.0) / 10.0


def _non_hdl(values: Values) -> FloatArray:
    return (values["total_cholesterol"] - values["hdl_cholesterol"]) * _MMOL_L_PER_MG_DL - 3.5


def _hdl(values: Values) -> FloatArray:
    return (values["hdl_cholesterol"] * _MMOL_L_PER_MG_DL - 1.3) / 0.3


def _low_pressure(values: Values) -> FloatArray:
    return (np.minimum(values["systolic_bp"], 110.0) - 110.0) / 20.0


def _high_pressure(values: Values) -> FloatArray:
    return (np.maximum(values["systolic_bp"], 110.0) - 130.0) / 20.0


def _low_bmi(values: Values) -> FloatArray:
    return (np.minimum(values["bmi"], 30.0) - 25.0) / 5.0


def _high_bmi(values: Values) -> FloatArray:
    return (np.maximum(values["bmi"], 30.0) - 30.0) / 5.0


def _low_egfr(values: Values) -> FloatArray:
    return (np.minimum(values["egfr"], 60.0) - 60.0) / -15.0


def _high_egfr(values: Values) -> FloatArray:
    return (np.maximum(values["egfr"], 60.0) - 90.0) / -15.0


def _ln_uacr(values: Values) -> FloatArray:
    return np.where(np.isnan(values["uacr"]), 0.0, np.log(values["uacr"]))


def _hba1c(values: Values) -> FloatArray:
    return np.where(np.isnan(values["hba1c"]), 0.0, values["hba1c"] - 5.3)


def _missing(name: str) -> Term:
    return Term((name,), lambda values: np.isnan(values[name]).astype(np.float64))


def _deprived(low: float, below: float) -> Term:
    return Term(
        ("sdi",),
        lambda values: ((values["sdi"] >= low) & (values["sdi"] < below)).astype(np.float64),
    )


_LIPIDS = ("total_cholesterol", "hdl_cholesterol")
_CONSTANT = Term(("age",), lambda values: np.ones(len(values["age"])))
_LINEAR_AGE = Term(("age",), _age)

TERMS: Mapping[str, Term] = {
    "Constant": _CONSTANT,
    "Age, per 10 years": _LINEAR_AGE,
    "Age, 10 years": _LINEAR_AGE,
    "Age squared": Term(("age",), lambda v: _age(v) ** 2),
    "non-HDL-C per 1 mmol/L": Term(_LIPIDS, _non_hdl),
    "HDL-C per 0.3 mmol/L": Term(("hdl_cholesterol",), _hdl),
    "SBP <110 per 20 mmHg": Term(("systolic_bp",), _low_pressure),
    "SBP ≥110 per 20 mmHg": Term(("systolic_bp",), _high_pressure),
    "Diabetes": Term(("diabetes",), lambda v: v["diabetes"]),
    "Current smoking": Term(("smoking_status",), lambda v: v["smoking_status"]),
    "BMI <30, per 5 kg/m2": Term(("bmi",), _low_bmi),
    "BMI 30+, per 5 kg/m2": Term(("bmi",), _high_bmi),
    "eGFR <60, per -15 ml": Term(("egfr",), _low_egfr),
    "eGFR 60+, per -15 ml": Term(("egfr",), _high_egfr),
    "Anti-hypertensive use": Term(("bp_treated",), lambda v: v["bp_treated"]),
    "Statin use": Term(("statin_intensity",), lambda v: v["statin_intensity"]),
    "Treated SBP ≥110 mm Hg per 20 mm Hg": Term(
        ("bp_treated", "systolic_bp"), lambda v: v["bp_treated"] * _high_pressure(v)
    ),
    "Treated non-HDL-C": Term(
        ("statin_intensity", *_LIPIDS), lambda v: v["statin_intensity"] * _non_hdl(v)
    ),
    "Age per 10yr * non-HDL-C per 1 mmol/L": Term(_LIPIDS, lambda v: _age(v) * _non_hdl(v)),
    "Age per 10yr * HDL-C per 0.3 mmol/L": Term(_LIPIDS, lambda v: _age(v) * _hdl(v)),
    "Age per 10yr * SBP ≥110 mm Hg per 20 mmHg": Term(
        ("systolic_bp",), lambda v: _age(v) * _high_pressure(v)
    ),
    "Age per 10yr * diabetes": Term(("diabetes",), lambda v: _age(v) * v["diabetes"]),
    "Age per 10yr * current smoking": Term(
        ("smoking_status",), lambda v: _age(v) * v["smoking_status"]
    ),
    "Age per 10yr * BMI 30+ per 5 kg/m2": Term(("bmi",), lambda v: _age(v) * _high_bmi(v)),
    "Age per 10yr * eGFR <60, per -15 ml": Term(("egfr",), lambda v: _age(v) * _low_egfr(v)),
    "SDI decile categories 4-6 vs. 1-3": _deprived(4, 7),
    "SDI decile categories 7-10 vs. 1-3": _deprived(7, np.inf),
    "Missing SDI": _missing("sdi"),
    "ln-ACR, mg/g, per 1 ln unit": Term(("uacr",), _ln_uacr),
    "Missing ACR/PCR/Dipstick": _missing("uacr"),
    "HbA1c in DM, per 1%": Term(("hba1c", "diabetes"), lambda v: _hba1c(v) * v["diabetes"]),
    "HbA1c no DM, per 1%": Term(("hba1c", "diabetes"), lambda v: _hba1c(v) * (1.0 - v["diabetes"])),
    "Missing HbA1c": _missing("hba1c"),
}
