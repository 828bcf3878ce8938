"""Kidney, inflammation and the other laboratory values."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.arrays import first_known, flag, where
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation, logged, recorded

_STAGES = ("g1", "g2", "g3a", "g3b", "g4", "g5")
_INKER = "Inker LA et al. N Engl J Med 2021;385:1737-1749, doi:10.1056/NEJMoa2102953"
_KDIGO = "KDIGO 2012 guideline, Kidney Int Suppl 2013;3:1-150"
_GRUNDY = "Grundy SM et al. Circulation 2019;139:e1082-e1143 (2018 AHA/ACC cholesterol guideline)"


def ckd_epi_2021(creatinine: FloatArray, age: FloatArray, is_male: FloatArray) -> FloatArray:
    """Estimated filtration rate, mL/min/1.73 m2, (n,), from creatinine in mg/dL and age in years.

    142 min(Scr/k, 1)^a max(Scr/k, 1)^-1.200 0.9938^age, times 1.012 in women; k = 0.7 and
    a = -0.241 in women, k = 0.9 and a = -0.302 in men. ``is_male``: 1, 0 or NaN.
    Source: Inker LA et al. N Engl J Med 2021;385:1737-1749, doi:10.1056/NEJMoa2102953.
    """
    male = is_male == 1
    relative = where(creatinine > 0, creatinine, np.nan) / where(male, 0.9, 0.7)
    low_exponent = where(male, -0.302, -0.241)
    rate = 142.0 * np.minimum(relative, 1.0) ** low_exponent * np.maximum(relative, 1.0) ** -1.2
    rate = rate * 0.9938**age * where(male, 1.0, 1.012)
    return where(np.isnan(is_male), np.nan, rate)


def egfr(columns: Columns) -> FloatArray:
    """Filtration rate, mL/min/1.73 m2, (n,): as recorded, else by CKD-EPI 2021."""
    estimate = ckd_epi_2021(columns["creatinine"], columns["age"], columns["sex"])
    return first_known(columns["egfr"], estimate)


def albuminuria_class(columns: Columns) -> FloatArray:
    """0 none, 1 micro, 2 macro, (n,): as recorded, else by a ratio of 30 and 300 mg/g.

    Source: KDIGO 2012 guideline, Kidney Int Suppl 2013;3:1-150.
    """
    uacr = columns["uacr"]
    by_ratio = where(np.isnan(uacr), np.nan, (uacr >= 30) * 1.0 + (uacr > 300) * 1.0)
    return first_known(columns["albuminuria"], by_ratio)


def _albuminuria_feature(name: str, position: int) -> Derivation:
    def compute(columns: Columns) -> FloatArray:
        found = columns.derived(albuminuria_class)
        return flag(found >= position, found)

    return Derivation(f"albuminuria_{name}", "albuminuria", compute, "yes or no", _KDIGO)


def _from_stage(stage: str) -> Derivation:
    def compute(columns: Columns) -> FloatArray:
        worse = [columns.is_code("ckd_stage", code) for code in _STAGES[_STAGES.index(stage) :]]
        return np.asarray(np.sum(worse, axis=0))

    name = f"ckd_{stage}_or_worse"
    return Derivation(name, "ckd_stage", compute, f"{stage.upper()} or worse: yes or no", _KDIGO)


FEATURES: tuple[Derivation, ...] = (
    Derivation(
        "egfr",
        "egfr",
        lambda columns: columns.derived(egfr),
        "mL/min/1.73 m2; by CKD-EPI 2021 from creatinine where not recorded",
        _INKER,
    ),
    Derivation(
        "egfr_below_60",
        "egfr",
        lambda columns: np.maximum(60.0 - columns.derived(egfr), 0.0),
        "mL/min/1.73 m2 below 60",
        "Khan SS et al. Circulation 2024;149:430-449 (PREVENT)",
        monotone=1,
        why_monotone="It rises as the filtration rate falls",
    ),
    *logged("uacr"),
    # Micro or worse, macro: two steps up, so that each may only add.
    _albuminuria_feature("any", 1),
    _albuminuria_feature("macro", 2),
    *logged("hscrp"),
    Derivation(
        "hscrp_raised",
        "hscrp",
        lambda columns: flag(columns["hscrp"] >= 2, columns["hscrp"]),
        "2 mg/L or more, a risk enhancer: yes or no",
        _GRUNDY,
    ),
    *logged("homocysteine"),
    *recorded("phosphate"),
    *logged("troponin_t", "troponin_i", "ntprobnp"),
    _from_stage("g3a"),
    _from_stage("g4"),
)
