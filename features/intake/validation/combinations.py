"""Combinations of values that cannot be true of one patient: a table of rules."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.array_types import BoolArray
from features.derivation.calcium import BAND_VOLUMES, VESSEL_SCORES
from features.derivation.columns import Columns
from features.derivation.morphology import SLICE_MM, possible_density_score
from features.derivation.therapy import ADDED, STATIN_DETAILS
from features.intake.validation.contradictions import (
    MORE_THAN_SPECKS_MM3,
    Combination,
    anticoagulant_differs,
    bands_exceed,
    counted,
    in_a_man,
    index_differs,
    is_one_of,
    more_than,
    steps_apart,
    vessels_differ,
    vessels_miscounted,
    without_a_statin,
    without_lipid_therapy,
)
from features.intake.validation.findings import Findings

COMBINATIONS: tuple[Combination, ...] = (
    Combination(
        "years since quitting in a never-smoker",
        ("years_since_quitting", "smoking_status"),
        lambda x: (x["years_since_quitting"] > 0) & is_one_of(x, "smoking_status", "never"),
        "Leave the years empty or correct the status",
        may_change=False,
    ),
    Combination(
        "years since quitting in a current smoker",
        ("years_since_quitting", "smoking_status"),
        lambda x: (x["years_since_quitting"] > 0) & is_one_of(x, "smoking_status", "current"),
        "Leave the years empty or correct the status",
    ),
    Combination(
        "pack-years in a never-smoker",
        ("pack_years", "smoking_status"),
        lambda x: (x["pack_years"] > 0) & is_one_of(x, "smoking_status", "never"),
        "Set the pack-years to 0 or correct the status",
        may_change=False,
    ),
    Combination(
        "cigarettes a day without smoking now",
        ("cigarettes_per_day", "smoking_status"),
        lambda x: (x["cigarettes_per_day"] > 0) & is_one_of(x, "smoking_status", "never", "former"),
        "Set the cigarettes to 0 or correct the status",
    ),
    Combination(
        "cigarettes a day beside years since quitting",
        ("cigarettes_per_day", "years_since_quitting"),
        lambda x: (x["cigarettes_per_day"] > 0) & (x["years_since_quitting"] > 0),
        "Set the cigarettes to 0 or leave the years empty",
    ),
    Combination(
        "vessel scores that do not add up to the total",
        (*VESSEL_SCORES, "cac_agatston"),
        vessels_differ,
        "Correct the total or the vessels",
        gaps=True,
    ),
    Combination(
        "vessel scores that contradict the number of vessels",
        (*VESSEL_SCORES, "vessel_count"),
        vessels_miscounted,
        "Correct the number or the vessels",
        gaps=True,
    ),
    Combination(
        "Agatston score above zero with a volume of zero",
        ("cac_volume", "cac_agatston"),
        lambda x: (x["cac_volume"] == 0) & (x["cac_agatston"] > 0),
        "Correct one of the two",
    ),
    Combination(
        "earlier Agatston score above zero with a volume of zero",
        ("prior_cac_volume", "prior_cac_agatston"),
        lambda x: (x["prior_cac_volume"] == 0) & (x["prior_cac_agatston"] > 0),
        "Correct one of the two",
    ),
    Combination(
        "volumes by density that exceed the whole volume",
        (*BAND_VOLUMES, "cac_volume"),
        bands_exceed,
        "Correct the volume or its bands",
        gaps=True,
    ),
    Combination(
        "an intervention on coronary arteries without coronary disease",
        ("prior_pci", "prior_cad"),
        lambda x: (x["prior_pci"] == 1) & (x["prior_cad"] == 0),
        "Correct one of the two",
        may_change=False,
    ),
    *counted("lesion_count"),
    *counted("vessel_count"),
    Combination(
        "Agatston score of zero with a volume of calcium",
        ("cac_volume", "cac_agatston"),
        lambda x: (x["cac_volume"] >= MORE_THAN_SPECKS_MM3) & (x["cac_agatston"] == 0),
        "Correct one of the two",
    ),
    more_than("spotty_lesion_count", "lesion_count"),
    more_than("sheet_lesion_count", "lesion_count"),
    more_than("prior_spotty_lesion_count", "prior_lesion_count"),
    more_than("prior_sheet_lesion_count", "prior_lesion_count"),
    more_than("largest_lesion_volume", "cac_volume", 0.05, 2),
    Combination(
        "an earlier scan without its date",
        ("prior_cac_agatston", "prior_scan_years"),
        lambda x: ~np.isnan(x["prior_cac_agatston"]) & np.isnan(x["prior_scan_years"]),
        "Give prior_scan_years or leave the earlier score empty",
    ),
    Combination(
        "diastolic pressure at or above systolic",
        ("diastolic_bp", "systolic_bp"),
        lambda x: x["diastolic_bp"] >= x["systolic_bp"],
        "They may be swapped",
    ),
    Combination(
        "HDL at or above total cholesterol",
        ("hdl_cholesterol", "total_cholesterol"),
        lambda x: x["hdl_cholesterol"] >= x["total_cholesterol"],
        "They may be swapped or in different units",
    ),
    Combination(
        "LDL at or above total cholesterol",
        ("ldl_cholesterol", "total_cholesterol"),
        lambda x: x["ldl_cholesterol"] >= x["total_cholesterol"],
        "They may be swapped or in different units",
    ),
    Combination(
        "statin years without a statin",
        ("statin_years", "statin_intensity"),
        lambda x: (x["statin_years"] > 0) & is_one_of(x, "statin_intensity", "none"),
        "Statin years count present use: set them to 0",
    ),
    Combination(
        "a statin without lipid-lowering therapy",
        ("statin_intensity", "lipid_lowering"),
        lambda x: (
            is_one_of(x, "statin_intensity", "low", "moderate", "high") & (x["lipid_lowering"] == 0)
        ),
        "Correct one of the two",
    ),
    *(without_a_statin(detail) for detail in ("statin_drug", "statin_dose")),
    Combination(
        "a statin's intensity that drug and dose contradict",
        ("statin_intensity", "statin_drug", "statin_dose"),
        steps_apart,
        "Correct one of them",
    ),
    Combination(
        "an anticoagulant that contradicts the vitamin K antagonist",
        ("anticoagulant", "vitamin_k_antagonist"),
        anticoagulant_differs,
        "Correct one of the two",
    ),
    *(in_a_man(name) for name in ("preeclampsia", "menopause_age")),
    more_than("menopause_age", "age", 0.0, 1),  # an age may be in whole years, rounded or begun
    more_than("noncalcified_plaque_volume", "plaque_volume", 0.05, 2),
    *(without_lipid_therapy(drug) for drug in (*ADDED, *STATIN_DETAILS)),
    Combination(
        "body mass index that height and weight contradict",
        ("bmi", "height", "weight"),
        index_differs,
        "Check the units of height and weight",
    ),
    more_than("years_since_quitting", "age"),
    more_than("statin_years", "age"),
    more_than("prior_scan_years", "age"),
)


def is_contradicted(columns: Columns, name: str) -> BoolArray:
    """Where what is else known of a patient contradicts the value of the variable, (n,)."""
    there = set(columns.covariates.columns)
    broken = np.zeros(len(columns), np.bool_)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for rule in COMBINATIONS:
            if name in rule.variables and rule.applies(there):
                broken |= rule.broken(columns)
    return broken


def check_combinations(columns: Columns, findings: Findings) -> None:
    """Reject the rows (index of the covariates) that break a rule whose variables are all there."""
    there, rows = set(columns.covariates.columns), columns.covariates.index
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for rule in COMBINATIONS:
            if rule.applies(there):
                broken = rule.broken(columns)
                if broken.any():
                    named = ", ".join(name for name in rule.variables if name in there)
                    findings.reject(named, rule.name, rule.remedy, pd.Series(broken, rows))
    _warn_of_impossible_density(columns, findings)


def _warn_of_impossible_density(columns: Columns, findings: Findings) -> None:
    """A score that no density of 1 to 4 gives at its volume; the rows stay, without a density."""
    if not {"cac_agatston", "cac_volume"} <= set(columns.covariates.columns):
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        score = SLICE_MM * columns["cac_agatston"] / columns["cac_volume"]
    known = (columns["cac_volume"] > 0) & (columns["cac_agatston"] > 0)
    impossible = int((known & np.isnan(possible_density_score(score))).sum())
    if impossible:
        rule = "is not 1 to 4 times the area at this volume, so that density is left missing"
        remedy = "Give a score and volume of slices of 3 mm, not an interpolated volume"
        findings.warn("cac_agatston", rule, remedy, impossible)
