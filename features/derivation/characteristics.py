"""Who the patient is: history, vital signs, weight for height, lifestyle."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.derivation.columns import (
    Columns,
    Derivation,
    coded,
    first_known,
    flag,
    log_plus_one,
    logged,
    ratio,
    recorded,
    where,
)

_ZHU = "Zhu D et al. Lancet Public Health 2019;4:e553-e564"
_PREVENT = "Khan SS et al. Circulation 2024;149:430-449 (PREVENT)"
HALF_YEARS = 5.0
ACTIVITY_GUIDELINE_MINUTES = 150.0
_DUNCAN = "Duncan MS et al. JAMA 2019;322:642-650"
_WHO = "Bull FC et al. Br J Sports Med 2020;54:1451-1462 (WHO guidelines)"


def _menopause_before(age: int) -> Derivation:
    return Derivation(
        f"menopause_before_{age}",
        "menopause_age",
        lambda columns: flag(columns["menopause_age"] < age, columns["menopause_age"]),
        f"menopause before {age} years: yes or no",
        _ZHU,
        monotone=1,
        why_monotone="It is yes where the age is low",
    )


DEMOGRAPHIC: tuple[Derivation, ...] = (
    *recorded("age"),
    *coded("sex", "male"),
    # White is the reference: five columns tell six groups apart.
    *coded("ethnicity", "black", "hispanic", "chinese", "south_asian", "other"),
    *recorded(
        "family_history",
        "prior_cad",
        "prior_stroke",
        "prior_pad",
        "prior_aaa",
        "heart_failure",
        "atrial_fibrillation",
        "carotid_stenosis",
        "carotid_imt",
        "dialysis",
        "bleeding_history",
        "preeclampsia",
        "inflammatory_disease",
        "hiv",
        "chest_radiotherapy",
    ),
    # Two steps, so that each may only add.
    _menopause_before(45),
    _menopause_before(40),
)


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


BODY: tuple[Derivation, ...] = (
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
    *recorded("heart_rate", "ejection_fraction"),
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


# Variables of which it counts whether there is a column, be it without a value.
BY_COLUMN = ("smoking_status",)


def ever_smoked(columns: Columns) -> FloatArray:
    """1 in former and current smokers, (n,), and in whoever has pack-years; NaN where unknown.

    Where there is no column of the status pack-years do not make one: whoever has none would be
    read as a patient in whom it was not asked.
    """
    status, smoked = columns["smoking_status"], columns["pack_years"]
    said = flag(status >= 1, status)
    if "smoking_status" not in columns:
        return said
    return first_known(said, where(smoked > 0, 1.0, np.nan))


def pack_years(columns: Columns) -> FloatArray:
    """Pack-years smoked, (n,); 0 in those who never smoked."""
    return _zero_where(columns.is_code("smoking_status", "never") == 1, columns["pack_years"])


def cigarettes_per_day(columns: Columns) -> FloatArray:
    """Cigarettes smoked a day, (n,); 0 in those who do not smoke now."""
    smokes = columns.is_code("smoking_status", "current")
    return _zero_where(smokes == 0, columns["cigarettes_per_day"])


def smoking_recency(columns: Columns) -> FloatArray:
    """How recent smoking is, (n,): 1 in smokers, 0 in never-smokers, between them in others.

    5 / (5 + years since quitting) in former smokers; NaN where status or those years are
    missing. A scale of ours: about half of the excess is gone five years after quitting, after
    Duncan MS et al. JAMA 2019;322:642-650.
    """
    status = columns["smoking_status"]
    faded = HALF_YEARS / (HALF_YEARS + np.maximum(columns["years_since_quitting"], 0.0))
    return np.select([np.isnan(status), status == 0, status == 2], [np.nan, 0.0, 1.0], faded)


def _zero_where(condition: BoolArray, values: FloatArray) -> FloatArray:
    return where(np.isnan(values) & condition, 0.0, values)


LIFESTYLE: tuple[Derivation, ...] = (
    # Former or current, current: two steps up, so that each may only add.
    Derivation(
        "smoking_ever",
        "smoking_status",
        ever_smoked,
        "former or current: yes or no",
        "",
    ),
    *coded("smoking_status", "current"),
    Derivation(
        "log_pack_years",
        "pack_years",
        lambda columns: log_plus_one(pack_years(columns)),
        "ln(pack-years + 1)",
        "",
    ),
    Derivation(
        "log_cigarettes_per_day",
        "cigarettes_per_day",
        lambda columns: log_plus_one(cigarettes_per_day(columns)),
        "ln(cigarettes a day + 1)",
        "",
    ),
    # Credited to the status: of who smokes it says nothing else, and halves of one effect are each
    # too uncertain to be a reason.
    Derivation(
        "smoking_recency",
        "smoking_status",
        smoking_recency,
        "1 in smokers, fading with the years since quitting, 0 in never-smokers",
        _DUNCAN,
        monotone=1,
        why_monotone="It falls as the years since quitting rise",
    ),
    *logged("activity_minutes"),
    Derivation(
        "activity_guideline",
        "activity_minutes",
        lambda columns: flag(
            columns["activity_minutes"] >= ACTIVITY_GUIDELINE_MINUTES, columns["activity_minutes"]
        ),
        "150 min a week or more: yes or no",
        _WHO,
    ),
    *recorded("mediterranean_score", "dash_score"),
    *logged("alcohol_drinks"),
)
