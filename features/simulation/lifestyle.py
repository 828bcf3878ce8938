"""Smoking, activity, diet, alcohol and minerals of the simulated patients.

Smoking by ethnicity: Budoff 2018, table 1; by sex: Hypertension 2013;61:542-548. Intentional
exercise: Budoff 2018 in MET-minutes, divided by the 4 MET of moderate activity. Diet and minerals
have no MESA row among the targets: plausible adult values, not calibrated.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.simulation.draws import Columns, Draws, by_group, code, sigmoid

SMOKING = ("never", "former", "current")

# Log odds against "never" at 62 years that give each ethnicity's percentages.
_FORMER = (-0.05, -0.23, -0.53, -1.46)
_CURRENT = (-1.40, -1.02, -1.42, -2.73)
_CIGARETTES = (17.0, 11.0, 11.0, 12.0)
_ACTIVE_SHARE = (0.86, 0.80, 0.74, 0.75)
_ACTIVE_MEDIAN = (330.0, 300.0, 265.0, 245.0)
_VITAMIN_D = (30.0, 19.0, 24.5, 26.5)


def draw_smoking(draws: Draws, patient: Columns) -> Columns:
    """Status, pack-years, cigarettes a day and years since quitting, consistent with age."""
    ethnicity, male, age = patient["_ethnicity"], patient["_male"], patient["age"]
    sex = np.where(male, 1.0, -1.0)
    former = np.exp(by_group(ethnicity, _FORMER) + 0.45 * sex + 0.020 * (age - 62))
    current = np.exp(by_group(ethnicity, _CURRENT) + 0.28 * sex - 0.042 * (age - 62))
    total = 1 + former + current
    status = draws.pick("smoking", np.column_stack([1 / total, former / total, current / total]))
    is_former, is_current = status == 1, status == 2
    daily = draws.stream("cigarettes").gamma(2.5, by_group(ethnicity, _CIGARETTES) / 2.5)
    daily = np.clip(np.round(daily), 1, 60)
    started = 15 + 7 * draws.uniform("smoking_start")
    quit_share = draws.stream("quitting").beta(1.6, 1.4, draws.n)
    since = np.round(np.clip(quit_share * (age - started - 2), 0.2, None), 1)
    years = np.where(is_former, age - started - since, age - started)
    packs = np.round(daily / 20 * years * (0.6 + 0.4 * draws.uniform("smoking_gaps")), 1)
    return {
        "smoking_status": code(status, SMOKING),
        "pack_years": np.where(status > 0, np.clip(packs, 0.1, 150), 0.0),
        "cigarettes_per_day": np.where(is_current, daily, 0.0),
        "years_since_quitting": np.where(is_former, since, np.nan),
    }


def draw_habits(draws: Draws, patient: Columns) -> Columns:
    """Activity, diet scores and alcohol, tied together by one healthy-living tendency."""
    ethnicity = patient["_ethnicity"]
    smokes = patient["smoking_status"] == "current"
    tendency = draws.normal("healthy_living") - 0.4 * smokes - 0.2 * patient["_adiposity"]
    active = draws.happens("active", by_group(ethnicity, _ACTIVE_SHARE))
    minutes = by_group(ethnicity, _ACTIVE_MEDIAN) * np.exp(
        0.35 * tendency + 0.95 * draws.normal("activity")
    )
    drinks_at_all = draws.happens("drinks", by_group(ethnicity, (0.72, 0.45, 0.48, 0.30)))
    drinks = np.exp(1.2 + 0.9 * draws.normal("alcohol") + 0.3 * patient["_male"])
    mediterranean = 4.4 + 0.7 * tendency + 1.5 * draws.normal("mediterranean")
    dash = 24 + 2.0 * tendency + 4.0 * draws.normal("dash")
    return {
        "_tendency": tendency,
        "activity_minutes": np.where(active, np.round(np.clip(minutes, 5, 3000)), 0.0),
        "mediterranean_score": np.round(np.clip(mediterranean, 0, 9)),
        "dash_score": np.round(np.clip(dash, 8, 40)),
        "alcohol_drinks": np.where(drinks_at_all, np.round(np.clip(drinks, 0.5, 60), 1), 0.0),
    }


def draw_minerals(draws: Draws, patient: Columns) -> Columns:
    """Vitamin D and K2, magnesium, calcium from diet and from supplements.

    Vitamin K2 depends on nothing that touches calcium or the hazard: it has no effect here.
    """
    female = ~patient["_male"].astype(bool)
    age = patient["age"]
    dose = draws.pick("vitamin_d_dose", np.array([0.66, 0.16, 0.13, 0.05]))
    supplement = by_group(dose, (0, 400, 1000, 2000))
    level = by_group(patient["_ethnicity"], _VITAMIN_D) * np.exp(
        0.33 * draws.normal("vitamin_d") - 0.06 * patient["_adiposity"]
    )
    level = level + 4.0 * supplement / 1000
    takes_k2 = draws.happens("vitamin_k2", 0.03)
    k2_dose = by_group(draws.pick("k2_dose", np.array([0.45, 0.35, 0.20])), (45, 90, 180))
    diet = 780 * np.exp(0.42 * draws.normal("calcium_diet"))
    takes_calcium = draws.happens("calcium", sigmoid(-1.5 + 1.1 * female + 0.02 * (age - 62)))
    calcium_dose = draws.pick("calcium_dose", np.array([0.4, 0.35, 0.25]))
    return {
        "vitamin_k2": np.where(takes_k2, k2_dose, 0.0),
        "vitamin_d": _within(level, 4, 120, 1),
        "vitamin_d_supplement": supplement,
        "magnesium": _within(1.98 + 0.16 * draws.normal("magnesium"), 1.2, 2.9, 2),
        "magnesium_intake": _within(275 * np.exp(0.36 * draws.normal("mg_diet")), 60, 900, 0),
        "calcium_diet": _within(diet, 120, 3000, 0),
        "calcium_supplement": np.where(takes_calcium, by_group(calcium_dose, (500, 600, 1200)), 0),
    }


def _within(values: FloatArray, low: float, high: float, decimals: int) -> FloatArray:
    return np.asarray(np.round(np.clip(values, low, high), decimals), dtype=np.float64)
