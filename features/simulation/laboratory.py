"""Lipids before treatment, glucose, kidney and inflammation of the simulated patients.

LDL and HDL by ethnicity: Budoff 2018, table 1, and Am Heart J 2015;169:387-395, table 3 (MESA
without statin: LDL 119.5 (31.2), triglycerides 125 (65.5) mg/dL). hsCRP by sex: Hypertension
2013;61:542-548. Lp(a) above 50 mg/dL in 1,325 of 6,639: Bhatia HS et al. Atherosclerosis
2023;381:117217; its median: Circulation 2022;145:259-267. The rest is not calibrated.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.simulation.draws import Columns, Draws, by_group, code

ALBUMINURIA = ("none", "micro", "macro")

# Before treatment; treatment of those with high values gives the measured means.
_LDL_MEAN, _LDL_SD = (125.3, 124.1, 125.0, 121.2), (32.2, 35.4, 34.4, 30.3)
_HDL_MEAN, _HDL_SD = (52.3, 52.4, 47.6, 49.6), (15.7, 15.3, 13.1, 12.7)
_TRIGLYCERIDES = (1.08, 0.86, 1.22, 1.10)
_LPA_MEDIAN, _LPA_SPREAD = (13.5, 34.0, 13.0, 13.5), (1.25, 0.95, 1.25, 1.15)


def draw_lipids(draws: Draws, patient: Columns) -> Columns:
    """Lipids as they would be without treatment, and Lp(a)."""
    ethnicity, male = patient["_ethnicity"], patient["_male"].astype(bool)
    metabolic = patient["_metabolic"]
    fat = 0.45 * metabolic + np.sqrt(1 - 0.45**2) * draws.normal("triglycerides")
    hdl_score = 0.70 * draws.normal("hdl") - 0.52 * fat + np.where(male, -0.44, 0.40)
    hdl_mean = by_group(ethnicity, _HDL_MEAN)
    spread = by_group(ethnicity, _HDL_SD) / hdl_mean
    hdl = hdl_mean * np.exp(spread * hdl_score - spread**2 / 2)
    lpa = by_group(ethnicity, _LPA_MEDIAN) * np.exp(
        by_group(ethnicity, _LPA_SPREAD) * draws.normal("lpa")
    )
    ldl = by_group(ethnicity, _LDL_MEAN) + by_group(ethnicity, _LDL_SD) * draws.normal("ldl")
    triglycerides = 107 * by_group(ethnicity, _TRIGLYCERIDES) * np.exp(0.49 * fat)
    return {
        "_untreated_ldl": np.clip(ldl, 35, 280),
        "_untreated_triglycerides": np.clip(triglycerides, 25, 900),
        "hdl_cholesterol": np.round(np.clip(hdl, 16, 140)),
        "lpa_mass": np.round(np.clip(lpa, 0.5, 300), 1),
    }


def measure_lipids(draws: Draws, patient: Columns) -> Columns:
    """Total cholesterol by Friedewald's sum (as MESA's LDL was computed), and ApoB."""
    ldl = np.round(np.clip(patient["_treated_ldl"], 12, 300))
    triglycerides = np.round(patient["_treated_triglycerides"])
    apob = 14 + 0.56 * ldl + 0.09 * triglycerides + 7.0 * draws.normal("apob")
    return {
        "ldl_cholesterol": ldl,
        "triglycerides": triglycerides,
        "total_cholesterol": np.round(ldl + patient["hdl_cholesterol"] + triglycerides / 5),
        "apob": np.round(np.clip(apob, 22, 260)),
    }


def draw_laboratory(draws: Draws, patient: Columns) -> Columns:
    """Glucose, HbA1c, creatinine and eGFR, albumin, hsCRP, homocysteine, phosphate."""
    diabetes, metabolic = patient["diabetes"].astype(bool), patient["_metabolic"]
    male, age = patient["_male"].astype(bool), patient["age"]
    shared = draws.normal("glycaemia")
    hba1c = np.where(diabetes, 7.1 * np.exp(0.17 * shared), 5.45 + 0.10 * metabolic + 0.27 * shared)
    hba1c = np.round(np.clip(hba1c, 4.0, 14.5), 1)
    glucose = np.where(diabetes, 28.7 * hba1c - 62, 89 + 18 * (hba1c - 5.45))
    glucose = glucose + np.where(diabetes, 22, 7) * draws.normal("glucose")
    egfr = 82 - 0.75 * (age - 62) - 3 * diabetes + 14 * draws.normal("egfr")
    creatinine = np.round(_creatinine(np.clip(egfr, 12, 128), age, male), 2)
    median = np.where(male, 1.30, 2.25)
    crp = median * np.exp(0.35 * patient["_adiposity"] + 0.95 * draws.normal("hscrp"))
    return {
        "glucose": np.round(np.clip(glucose, 55, 400)),
        "hba1c": hba1c,
        "creatinine": creatinine,
        "egfr": np.round(ckd_epi_2021(creatinine, age, male), 1),
        "hscrp": np.round(np.clip(crp, 0.1, 80), 2),
        "homocysteine": np.round(
            np.clip(
                8.9 * np.exp(0.26 * draws.normal("homocysteine") + 0.010 * (age - 62)), 3.5, 60
            ),
            1,
        ),
        "phosphate": np.round(
            np.clip(3.65 - 0.15 * male + 0.47 * draws.normal("phosphate"), 1.8, 6.5), 1
        ),
        **_draw_albumin(draws, patient),
    }


def _draw_albumin(draws: Draws, patient: Columns) -> Columns:
    raised = 0.9 * patient["diabetes"] + 0.015 * (patient["_untreated_sbp"] - 125)
    uacr = 5.0 * np.exp(raised + 0.95 * draws.normal("uacr"))
    uacr = np.round(np.clip(uacr, 1.0, 4000), 1).astype(np.float64)
    stage = (uacr >= 30).astype(np.int64) + (uacr > 300)
    return {"uacr": uacr, "albuminuria": code(stage, ALBUMINURIA)}


def ckd_epi_2021(creatinine: FloatArray, age: FloatArray, male: FloatArray) -> FloatArray:
    """eGFR in mL/min/1.73 m2 from creatinine in mg/dL.

    Source: Inker LA et al. N Engl J Med 2021;385:1737-1749.
    """
    kappa, alpha = np.where(male, 0.9, 0.7), np.where(male, -0.302, -0.241)
    ratio = creatinine / kappa
    slope = np.where(ratio < 1, alpha, -1.200)
    return np.asarray(142 * ratio**slope * 0.9938**age * np.where(male, 1.0, 1.012))


def _creatinine(egfr: FloatArray, age: FloatArray, male: FloatArray) -> FloatArray:
    kappa, alpha = np.where(male, 0.9, 0.7), np.where(male, -0.302, -0.241)
    reduced = egfr / (142 * 0.9938**age * np.where(male, 1.0, 1.012))
    return np.asarray(kappa * reduced ** (1 / np.where(reduced > 1, alpha, -1.200)))
