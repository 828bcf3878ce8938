"""Laboratory values: kidney, inflammation, glucose; vitamins, minerals, emerging therapies."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.derivation.characteristics import bmi
from features.derivation.columns import (
    Columns,
    Derivation,
    first_known,
    flag,
    logged,
    recorded,
    where,
)

_STAGES = ("g1", "g2", "g3a", "g3b", "g4", "g5")
_INKER = "Inker LA et al. N Engl J Med 2021;385:1737-1749, doi:10.1056/NEJMoa2102953"
_KDIGO = "KDIGO 2012 guideline, Kidney Int Suppl 2013;3:1-150"
_GRUNDY = "Grundy SM et al. Circulation 2019;139:e1082-e1143 (2018 AHA/ACC cholesterol guideline)"
_ADA = "American Diabetes Association. Diabetes Care 2021;44:S15-S33"
_ALBERTI = "Alberti KGMM et al. Circulation 2009;120:1640-1645"
# ng/mL of 25(OH)D. The committee's concern begins at 125 to 150 nmol/L, which is 50 to 60 ng/mL.
DEFICIENT_BELOW, EXCESS_ABOVE = 20.0, 50.0
_HOLICK = "Holick MF et al. J Clin Endocrinol Metab 2011;96:1911-1930"
_IOM = "Institute of Medicine. Dietary reference intakes for calcium and vitamin D, 2011, p. 444"
_ANDERSON = "Anderson JJB et al. J Am Heart Assoc 2016;5:e003815"


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


KIDNEY: tuple[Derivation, ...] = (
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


METABOLIC: tuple[Derivation, ...] = (
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


def is_vitamin_d_deficient(columns: Columns) -> FloatArray:
    """1 below 20 ng/mL, (n,). Source: Holick MF et al. J Clin Endocrinol Metab 2011;96:1911."""
    return flag(columns["vitamin_d"] < DEFICIENT_BELOW, columns["vitamin_d"])


def is_vitamin_d_excess(columns: Columns) -> FloatArray:
    """1 above 50 ng/mL, (n,). Source: Institute of Medicine 2011, p. 444."""
    return flag(columns["vitamin_d"] > EXCESS_ABOVE, columns["vitamin_d"])


def total_calcium(columns: Columns) -> FloatArray:
    """Calcium from food and supplements, mg a day, (n,)."""
    return columns["calcium_diet"] + columns["calcium_supplement"]


MINERALS: tuple[Derivation, ...] = (
    *logged("vitamin_k2"),
    *recorded("vitamin_d"),
    Derivation(
        "vitamin_d_deficient",
        "vitamin_d",
        is_vitamin_d_deficient,
        "below 20 ng/mL: yes or no",
        _HOLICK,
    ),
    Derivation(
        "vitamin_d_excess", "vitamin_d", is_vitamin_d_excess, "above 50 ng/mL: yes or no", _IOM
    ),
    *logged("vitamin_d_supplement"),
    *recorded("magnesium", "magnesium_intake", "calcium_diet"),
    *logged("calcium_supplement"),
    Derivation(
        "calcium_total",
        "calcium_diet",
        total_calcium,
        "food and supplements, mg/day",
        _ANDERSON,
        shown_only="The sum of two variables",
    ),
    *recorded(
        "chelation",
        "calcification_inhibitor",
        "bmp_inhibitor",
        "lithotripsy",
        "gene_nano_therapy",
    ),
)
