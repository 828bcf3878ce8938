"""Lifestyle: smoking, activity, diet, alcohol."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.derivation.arrays import flag, log_plus_one, where
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation, coded, logged, recorded

HALF_YEARS = 5.0
ACTIVITY_GUIDELINE_MINUTES = 150.0

_DUNCAN = "Duncan MS et al. JAMA 2019;322:642-650"
_WHO = "Bull FC et al. Br J Sports Med 2020;54:1451-1462 (WHO guidelines)"


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


FEATURES: tuple[Derivation, ...] = (
    # Former or current, current: two steps up, so that each may only add.
    Derivation(
        "smoking_ever",
        "smoking_status",
        lambda columns: flag(columns["smoking_status"] >= 1, columns["smoking_status"]),
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
    Derivation(
        "smoking_recency",
        "years_since_quitting",
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
