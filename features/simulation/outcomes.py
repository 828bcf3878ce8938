"""The true hazards of the simulated patients, their true risk, and what happens to them.

Each hazard is a fixed function of the patient: no frailty, so that the absolute risk is known.
Where the evidence ledger has an effect its size is taken from there; the shapes (thresholds,
U-shapes, interactions) are chosen so that a purely linear model cannot be right everywhere.
Vitamin K2 and the experimental therapies appear in neither hazard.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.simulation.calcium import DENSITY_CENTRE
from features.simulation.draws import Columns, Draws, by_group, sigmoid

# Weibull cumulative hazard of the event: scale * (t / 10)^shape * exp(margin).
EVENT_SCALE, EVENT_SHAPE = 0.0086, 1.30
# Gompertz hazard of the competing death, per year at 62: no MESA count was found; the level is
# that of healthy volunteers (about 8 % in 10 years), the slope that of adult life tables.
DEATH_RATE, DEATH_SLOPE = 0.0025, 0.095

# Trial effect per mmol/L of LDL is 0.79 (CTT 2012): part through LDL, part of the drug's own.
_LDL_PER_MG = 0.0040
_STATIN_OWN = (0.0, -0.05, -0.10, -0.15)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def calcium_margin(patient: Columns) -> FloatArray:
    """Log hazard from calcium, as it would be without the statin's densifying effect.

    Per doubling about 1.15 (Budoff 2018: 1.14; Liang 2012: 1.19), weaker in the old, stronger in
    diabetes. Denser calcium lowers the hazard at small volume only (HR 0.57 per unit up to
    130 mm3, none above; Circ Cardiovasc Imaging 2023); more vessels raise it below 300 units
    (Dudum R et al.); left main calcium 1.3 (Lahti SJ et al. 2019).
    """
    score = np.log1p(patient["_untreated_agatston"].astype(float))
    volume = patient["cac_volume"].astype(float)
    present = score > 0
    slope = 0.250 - 0.0014 * (patient["age"] - 62) + 0.030 * patient["diabetes"]
    usual = DENSITY_CENTRE + 0.25 * (np.log(np.maximum(volume, 4)) - 4.4)
    density = (patient["_native_density"] - usual) * present
    dense = -density * (0.20 + 0.34 * sigmoid((130 - volume) / 25))
    spread = 0.08 * np.clip(patient["_vessels"].astype(float) - 1, 0, 3)
    spread = spread * (patient["_untreated_agatston"] < 300)
    left_main = 0.15 * (patient["cac_agatston_lm"] > 0)
    return np.asarray(slope * score + dense + spread + left_main, dtype=np.float64)


def statin_margin(patient: Columns) -> FloatArray:
    """What the statin takes off the log hazard, by LDL and by its own part; never above 0."""
    without = patient["_untreated_ldl"] * patient["_kept_without_statin"]
    lowered = patient["_treated_ldl"] - without
    return np.asarray(_LDL_PER_MG * lowered + by_group(patient["_statin"], _STATIN_OWN))


def event_margin(patient: Columns) -> FloatArray:
    """(n,) log hazard of the cardiac event, relative to the baseline."""
    without = patient["_untreated_ldl"] * patient["_kept_without_statin"]
    margin = calcium_margin(patient) + statin_margin(patient) + _LDL_PER_MG * (without - 120)
    margin = margin + 0.062 * (patient["age"] - 62) + 0.40 * patient["_male"]
    # Pressure matters above a threshold only.
    margin = margin + 0.017 * np.maximum(patient["_usual_sbp"] - 112, 0)
    margin = margin + 0.15 * patient["bp_treated"] - 0.06 * patient["ras_inhibitor"]
    margin = margin - 0.008 * (patient["hdl_cholesterol"] - 51)
    margin = margin + 0.06 * np.log(patient["lpa_mass"].astype(float) / 18)
    margin = margin + _smoking_margin(patient) + _disease_margin(patient)
    margin = margin + 0.03 * np.log(patient["hscrp"].astype(float) / 1.8)
    margin = margin - 0.04 * np.minimum(patient["activity_minutes"].astype(float), 300) / 150
    margin = margin - 0.01 * (patient["mediterranean_score"] - 4.4)
    margin = margin - 0.10 * (patient["magnesium"] - 1.98) + 0.03 * patient["_growth"]
    margin = margin + 0.05 * (patient["calcium_supplement"].astype(float) >= 500)
    return np.asarray(margin, dtype=np.float64)


def _smoking_margin(patient: Columns) -> FloatArray:
    """Current 1.7 (McEvoy JW et al. 2015); the excess of the former fades with a 10-year scale."""
    status = patient["smoking_status"]
    since = np.nan_to_num(patient["years_since_quitting"].astype(float))
    excess = np.where(status == "current", 0.55, 0.0)
    excess = excess + np.where(status == "former", 0.35 * np.exp(-since / 10), 0.0)
    return np.asarray(excess + 0.004 * np.minimum(patient["pack_years"].astype(float), 60))


def _disease_margin(patient: Columns) -> FloatArray:
    hba1c = np.maximum(patient["hba1c"].astype(float) - 6.5, 0)
    margin = 0.50 * patient["diabetes"] + 0.09 * hba1c + 0.35 * patient["family_history"]
    margin = margin + 0.016 * np.maximum(60 - patient["egfr"].astype(float), 0)
    margin = margin + 0.04 * np.log(patient["uacr"].astype(float) / 5)
    margin = margin + 0.85 * patient["prior_cad"] + 0.5 * patient["prior_stroke"]
    margin = margin + 0.4 * patient["prior_pad"] + 0.25 * patient["prior_aaa"]
    margin = margin + 0.2 * patient["carotid_stenosis"] + 0.1 * (patient["carotid_imt"] - 0.85)
    margin = margin - 0.08 * (patient["antiplatelet"] != "none")
    margin = margin - 0.15 * patient["icosapent_ethyl"] - 0.10 * patient["colchicine"]
    margin = margin - 0.10 * patient["sglt2_inhibitor"] - 0.13 * patient["glp1_agonist"]
    return np.asarray(margin, dtype=np.float64)


def death_margin(patient: Columns) -> FloatArray:
    """(n,) log hazard of death from another cause, relative to the Gompertz law of age.

    Body mass index and vitamin D are U-shaped here.
    """
    status = patient["smoking_status"]
    margin = 0.25 * patient["_male"] + 0.75 * (status == "current") + 0.25 * (status == "former")
    margin = margin + 0.008 * np.minimum(patient["pack_years"].astype(float), 60)
    margin = margin + 0.0050 * np.minimum(np.abs(patient["bmi"].astype(float) - 27), 16) ** 2
    margin = margin + 0.0014 * np.minimum(np.abs(patient["vitamin_d"].astype(float) - 32), 40) ** 2
    margin = margin + 0.40 * patient["diabetes"]
    margin = margin + 0.020 * np.maximum(60 - patient["egfr"].astype(float), 0)
    margin = margin + 0.15 * np.log(patient["uacr"].astype(float) / 5)
    margin = margin + 0.15 * np.log(patient["hscrp"].astype(float) / 1.8)
    margin = margin - 0.10 * np.minimum(patient["activity_minutes"].astype(float), 300) / 150
    margin = margin + 0.04 * np.log1p(patient["cac_agatston"].astype(float))
    return np.asarray(margin + 0.30 * patient["prior_cad"] - 0.5, dtype=np.float64)


def event_cumulative_hazard(margin: FloatArray, years: FloatArray | float) -> FloatArray:
    """Weibull cumulative hazard of the event."""
    return np.asarray(EVENT_SCALE * np.exp(margin) * (np.asarray(years) / 10) ** EVENT_SHAPE)


def death_cumulative_hazard(
    margin: FloatArray, age: FloatArray, years: FloatArray | float
) -> FloatArray:
    """Gompertz cumulative hazard of death from another cause, from entry at this age."""
    level = DEATH_RATE * np.exp(margin + DEATH_SLOPE * (age - 62)) / DEATH_SLOPE
    return np.asarray(level * np.expm1(DEATH_SLOPE * np.asarray(years)))


def true_risk(event: FloatArray, death: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
    """(n,) cumulative incidence of the event by the horizon with death competing.

    The integral over the event's cumulative hazard of exp(-both cumulative hazards), by
    Gauss-Legendre quadrature in (t / horizon)^shape, in which the Weibull hazard is constant.
    """
    total = event_cumulative_hazard(event, horizon)
    risk = np.zeros_like(total)
    for node, weight in zip((_NODES + 1) / 2, _WEIGHTS / 2, strict=True):
        years = horizon * node ** (1 / EVENT_SHAPE)
        alive = np.exp(-total * node - death_cumulative_hazard(death, age, years))
        risk += weight * total * alive
    return risk


def draw_event_times(
    draws: Draws, event: FloatArray, death: FloatArray, age: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Years to the event and to death from another cause, by inversion."""
    first = draws.stream("event").exponential(1.0, draws.n) / (EVENT_SCALE * np.exp(event))
    level = DEATH_RATE * np.exp(death + DEATH_SLOPE * (age - 62)) / DEATH_SLOPE
    second = draws.stream("death").exponential(1.0, draws.n) / level
    return 10 * first ** (1 / EVENT_SHAPE), np.log1p(second) / DEATH_SLOPE
