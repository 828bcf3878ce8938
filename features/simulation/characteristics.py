"""Who the simulated patients are: age, sex, ethnicity, body, blood pressure, inherited risk.

Means, spreads and percentages by ethnicity: Budoff MJ et al. Eur Heart J 2018;39:2401, table 1
(MESA baseline, 6,783 people); by sex: Hypertension 2013;61:542-548, table 1 (MESA lung subset).
Names that begin with an underscore are hidden quantities that no model ever sees.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.simulation.draws import Columns, Draws, by_group, code, sigmoid

ETHNICITIES = ("white", "black", "hispanic", "chinese")
SEXES = ("female", "male")

_MIX = (0.385, 0.277, 0.219, 0.119)
_MALE = (0.480, 0.446, 0.483, 0.486)
_AGE_MEAN, _AGE_SD = (62.6, 62.1, 61.3, 62.4), (10.3, 10.1, 10.3, 10.3)
_AGE_LOW, _AGE_HIGH = 45.0, 84.0
_BMI_MEAN, _BMI_SD = (27.7, 30.2, 29.4, 24.0), (5.1, 5.9, 5.1, 3.3)
_SBP_MEAN, _SBP_SD = (123.5, 131.7, 126.7, 124.6), (20.4, 21.6, 21.9, 21.7)
_DBP_MEAN, _DBP_SD = (70.2, 74.5, 71.6, 72.0), (10.0, 10.2, 10.1, 10.4)
_HEIGHT = ((161.0, 162.5, 155.5, 155.0), (175.5, 176.0, 168.5, 168.0))
# Treatment lowers the highest pressures, so the untreated mean lies above the measured one.
_SBP_BEFORE_TREATMENT = (5.0, 8.3, 5.5, 4.6)
# Intercepts that give 5.3, 16.6, 16.8 and 11.1 % with the slopes below.
_DIABETES = (-3.19, -1.83, -1.78, -2.36)


def draw_people(draws: Draws) -> Columns:
    """Demographic variables, the hidden drivers of metabolism, family history and diabetes."""
    ethnicity = draws.pick("ethnicity", np.asarray(_MIX))
    male = draws.happens("sex", by_group(ethnicity, _MALE))
    age = _draw_age(draws, ethnicity)
    adiposity = draws.normal("adiposity")
    metabolic = 0.5 * adiposity + np.sqrt(0.75) * draws.normal("metabolic")
    odds = by_group(ethnicity, _DIABETES) + 0.03 * (age - 62) + 0.75 * metabolic
    return {
        "_ethnicity": ethnicity,
        "_male": male,
        "_adiposity": adiposity,
        "_metabolic": metabolic,
        "age": age,
        "sex": code(male, SEXES),
        "ethnicity": code(ethnicity, ETHNICITIES),
        # 1,262 of 6,125 in MESA: Patel J et al. Circ Cardiovasc Imaging 2015;8:e003186.
        "family_history": draws.happens("family_history", 0.206),
        "diabetes": draws.happens("diabetes", sigmoid(odds)),
    }


def _draw_age(draws: Draws, ethnicity: npt.NDArray[np.int64]) -> FloatArray:
    span = _AGE_HIGH - _AGE_LOW
    mean = (by_group(ethnicity, _AGE_MEAN) - _AGE_LOW) / span
    spread = by_group(ethnicity, _AGE_SD) / span
    total = mean * (1 - mean) / spread**2 - 1
    share = draws.stream("age").beta(mean * total, (1 - mean) * total)
    return np.round(_AGE_LOW + span * share, 1)


def draw_body(draws: Draws, patient: Columns) -> Columns:
    """Height, weight, body mass index, waist, heart rate."""
    male, ethnicity, age = patient["_male"].astype(bool), patient["_ethnicity"], patient["age"]
    mean = by_group(ethnicity, _BMI_MEAN) * np.where(male, 0.986, 1.014)
    spread = by_group(ethnicity, _BMI_SD) / mean * np.where(male, 0.86, 1.12)
    wanted = mean * np.exp(spread * patient["_adiposity"] - spread**2 / 2)
    height = np.where(male, by_group(ethnicity, _HEIGHT[1]), by_group(ethnicity, _HEIGHT[0]))
    height = np.round(height + 6.3 * draws.normal("height"), 1)
    weight = np.round(wanted * (height / 100) ** 2, 1)
    bmi = np.round(weight / (height / 100) ** 2, 2)
    waist = np.where(male, 99.6 + 2.4 * (bmi - 28.0), 97.0 + 2.3 * (bmi - 28.6))
    waist = waist + 0.1 * (age - 62) + np.where(male, 5.5, 6.8) * draws.normal("waist")
    rate = 63 + 1.6 * patient["_metabolic"] + 9.3 * draws.normal("heart_rate")
    return {
        "height": height,
        "weight": weight,
        "bmi": bmi,
        "waist": np.round(np.clip(waist, 55, 175), 1),
        "heart_rate": np.round(np.clip(rate, 38, 125)),
    }


def draw_untreated_pressure(draws: Draws, patient: Columns) -> Columns:
    """Usual systolic pressure before any treatment, and the diastolic pressure's own part."""
    ethnicity, age = patient["_ethnicity"], patient["age"]
    score = 5.7 * (age - 62) / 10.3 + 3.6 * patient["_metabolic"] + 22.4 * draws.normal("sbp")
    mean = by_group(ethnicity, _SBP_MEAN) + by_group(ethnicity, _SBP_BEFORE_TREATMENT)
    # Logarithmic, because the upper tail of blood pressure is the longer one.
    spread = by_group(ethnicity, _SBP_SD) / 21.5 * score / mean
    return {
        "_untreated_sbp": mean * np.exp(spread - 0.017),
        "_own_dbp": draws.normal("dbp"),
    }


def measure_pressure(draws: Draws, patient: Columns) -> Columns:
    """Systolic and diastolic pressure as the cuff reads them: usual pressure and its noise."""
    ethnicity, male = patient["_ethnicity"], patient["_male"].astype(bool)
    usual = patient["_usual_sbp"]
    systolic = np.round(np.clip(usual + 3.0 * draws.normal("cuff"), 76, 238))
    scale = by_group(ethnicity, _DBP_SD) / 10.2
    own = np.where(male, 3.3, -3.1) + 7.6 * patient["_own_dbp"] - 0.1 * (patient["age"] - 62)
    diastolic = by_group(ethnicity, _DBP_MEAN) + scale * (
        own + 0.28 * (usual - by_group(ethnicity, _SBP_MEAN))
    )
    diastolic = np.minimum(np.clip(diastolic, 36, 128), systolic - 15)
    return {"systolic_bp": systolic, "diastolic_bp": np.round(diastolic)}
