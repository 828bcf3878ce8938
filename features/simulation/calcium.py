"""How much calcium a simulated patient has, how dense it is, and what an earlier scan showed.

The fourth root of the Agatston score is close to normal within age, sex and ethnicity: one line
per group reproduces McClelland RL et al. Circulation 2006;113:30-37, table 2, to 0.13 on that
scale. Who stands high within the group depends on the risk factors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_spread
from features.simulation.draws import Columns, Draws, by_group
from features.simulation.growth import growth_margin

# Least squares on the percentile cut-offs of that table: median at 62 years, slope and curvature
# per 10 years, spread at 62 years, its slope per 10 years. Rows by ethnicity; women, then men.
_FOURTH_ROOT = (
    ((0.992, 1.431, -0.084, 1.931, -0.075), (2.556, 1.227, -0.049, 1.924, 0.150)),
    ((0.200, 1.416, -0.094, 2.356, -0.194), (1.351, 1.220, 0.005, 2.024, -0.026)),
    ((0.093, 1.398, -0.050, 2.151, -0.120), (1.712, 1.152, -0.052, 2.055, -0.121)),
    ((0.962, 1.025, -0.180, 1.875, -0.059), (1.736, 0.817, -0.058, 1.862, -0.025)),
)
# Below this fourth root no calcium is seen; women, then men, by ethnicity: gives CAC>0 of 44.6 /
# 70.4, 36.5 / 52.1, 34.9 / 56.5 and 41.9 / 59.2 % (Bild DE et al. Circulation 2005;111:1313).
_DETECTED = ((1.43, 1.28), (1.43, 1.40), (1.27, 1.39), (1.40, 1.33))
# Share of the rank within the group that risk factors explain.
_EXPLAINED = 0.20
# Mean of the risk score in those without diabetes, women, then men, by ethnicity; and its spread.
_SCORE_MEAN = ((0.22, 0.36), (0.41, 0.55), (0.26, 0.39), (0.13, 0.24))
_SCORE_SD = 0.495

# Fourth roots of about 30 and 1,500 units, outside which the percentile lines are bent.
_SMALL, _LARGE = 2.3, 6.2

DENSITY_CENTRE = 2.6


def draw_burden(draws: Draws, patient: Columns) -> Columns:
    """The Agatston score that a patient's lesions will add up to, before any statin."""
    group = _of_group(patient, _FOURTH_ROOT)
    decades = (patient["age"] - 62) / 10
    median = group[:, 0] + group[:, 1] * decades + group[:, 2] * decades**2
    spread = group[:, 3] + group[:, 4] * decades
    score = (_risk_score(patient) - _of_group(patient, _SCORE_MEAN)) / _SCORE_SD
    rank = np.sqrt(_EXPLAINED) * score + np.sqrt(1 - _EXPLAINED) * draws.normal("burden")
    root = median + spread * rank
    threshold = _of_group(patient, _DETECTED)
    # What is detected begins near one unit; the highest tail is shortened to the published spread.
    low = _SMALL - (_SMALL - root) * (_SMALL - 1.0) / (_SMALL - threshold)
    high = _LARGE + 0.65 * (root - _LARGE)
    shaped = np.where(root < _SMALL, low, np.where(root > _LARGE, high, root))
    return {"_burden": np.where(root > threshold, np.clip(shaped, 1.0, 9.2) ** 4, 0.0)}


def _of_group(patient: Columns, values: Sequence[object]) -> FloatArray:
    """The values of each patient's ethnicity and sex."""
    table = np.asarray(values, dtype=np.float64)
    return np.asarray(table[patient["_ethnicity"].astype(int), patient["_male"].astype(int)])


def _risk_score(patient: Columns) -> FloatArray:
    """Risk factors of calcification: Kronmal RA et al. Circulation 2007;115:2722, and the ledger.

    Vitamin K2 and the experimental therapies are absent on purpose.
    """
    smoking = patient["smoking_status"]
    score = 0.010 * (patient["_untreated_sbp"] - 128) + 0.007 * (patient["_untreated_ldl"] - 122)
    score = score + 0.45 * (smoking == "current") + 0.10 * (smoking == "former")
    score = score + 0.006 * np.minimum(patient["pack_years"].astype(float), 60)
    score = score + 0.55 * patient["diabetes"] + 0.45 * patient["family_history"]
    score = score - 0.008 * (patient["hdl_cholesterol"] - 51) + 0.12 * patient["_adiposity"]
    score = score + 0.10 * np.log(patient["lpa_mass"].astype(float) / 18)
    score = score - 0.006 * np.minimum(patient["egfr"].astype(float) - 82, 0)
    score = score + 0.08 * (patient["phosphate"] - 3.6) - 0.25 * (patient["magnesium"] - 1.98)
    score = score + 0.9 * patient["prior_cad"] + 0.4 * patient["prior_pad"]
    score = score + 0.25 * patient["vitamin_k_antagonist"]
    # The percentile lines hold what age brings; the score must not add it once more.
    return np.asarray(score - 0.0073 * (patient["age"] - 62), dtype=np.float64)


def draw_density(draws: Draws, patient: Columns) -> Columns:
    """Density score (Agatston over area, 1 to 4) and volume that together give the burden.

    Denser where there is more: SD 0.7 (Criqui MH et al. JAMA 2014;311:271), Spearman 0.75 with
    volume (Foldyna B et al. Eur Radiol 2019;29:6140). Statins make calcium denser (van Rosendael
    AR et al. JAMA Cardiol 2021;6:1257), which raises the score at the same volume.
    """
    burden = np.maximum(patient["_burden"].astype(float), 1.0)
    own = draws.normal("density")
    volume = burden
    # The volume depends on the density and the density on the volume: a fixed point, reached fast.
    for _ in range(6):
        density = np.clip(DENSITY_CENTRE + 0.33 * (np.log(volume) - 4.4) + 0.46 * own, 1.0, 3.95)
        volume = 3 * burden / density
    exposure = np.minimum(patient["statin_years"].astype(float), 6) / 6
    shift = by_group(patient["_statin"], (0.0, 0.10, 0.20, 0.30)) * (0.4 + 0.6 * exposure)
    calcified = patient["_burden"] > 0
    return {
        "_density": density,
        "_density_own": own,
        "_density_shift": shift,
        "_volume": np.where(calcified, volume, 0.0),
    }


def draw_prior_scan(draws: Draws, patient: Columns) -> Columns:
    """An earlier scan, for the quarter of patients that had one.

    The square root of the score grew in a straight line (features.simulation.growth), by a rate of
    the patient's own; both scans together are off by what a rescan would differ by, so that some
    scores fall.
    """
    score = patient["cac_agatston"].astype(float)
    years = np.round(1.0 + 5.0 * draws.uniform("prior_scan_years"), 1)
    pace = draws.normal("growth")
    rate = 0.95 * np.exp(growth_margin(patient) + 0.65 * pace - 0.21)
    root = np.sqrt(score) - rate * years
    true = np.where(root > 1.0, root, 0.0) ** 2
    spread = rescan_spread(true, patient["bmi"].astype(float))
    seen = true + np.where(true > 0, spread * draws.normal("prior_rescan"), 0.0)
    artefact = draws.happens("prior_false", 0.028) & (true == 0)
    seen = np.where(artefact, 1.0 + 7.0 * draws.uniform("prior_artefact"), seen)
    before = np.where(seen < 1.0, 0.0, np.round(seen, 1))
    noise = np.exp(0.05 * draws.normal("prior_volume"))
    per_au = patient["cac_volume"].astype(float) / np.where(score > 0, score, 1.0)
    volume = np.round(before * np.where(score > 0, per_au, 1.25) * noise, 2)
    scanned = draws.happens("scanned_before", 0.25)
    return {
        "_growth": pace,
        "prior_scan_years": np.where(scanned, years, np.nan),
        "prior_cac_agatston": np.where(scanned, before, np.nan),
        "prior_cac_volume": np.where(scanned, volume, np.nan),
    }
