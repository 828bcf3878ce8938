"""Therapy: what the patient takes, how strong and for how long. None carries a direction."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.columns import Columns, Derivation, coded, log_plus_one, recorded, where

_GRUNDY = "Grundy SM et al. Circulation 2019;139:e1082-e1143 (2018 AHA/ACC cholesterol guideline)"
_VAN_ROSENDAEL = "van Rosendael AR et al. JAMA Cardiol 2021;6:1257"
# Daily doses (mg) from which on an intensity holds: Grundy SM et al. 2018 AHA/ACC cholesterol
# guideline, Circulation 2019;139:e1082-e1143, table 3. Simvastatin 80 mg is not in it and lowers
# LDL cholesterol by less than half: moderate. Any dose of pitavastatin is moderate.
INTENSITY = {
    "atorvastatin": ((40.0, "high"), (0.0, "moderate")),
    "rosuvastatin": ((20.0, "high"), (0.0, "moderate")),
    "simvastatin": ((20.0, "moderate"), (0.0, "low")),
    "pravastatin": ((40.0, "moderate"), (0.0, "low")),
    "lovastatin": ((40.0, "moderate"), (0.0, "low")),
    "fluvastatin": ((80.0, "moderate"), (0.0, "low")),
    "pitavastatin": ((0.0, "moderate"),),
}
STATIN_DETAILS = ("statin_drug", "statin_dose", "statin_years")
ADDED = ("ezetimibe", "pcsk9_inhibitor", "bempedoic_acid", "icosapent_ethyl")


def statin_intensity(statin: str, daily_mg: float | None) -> str | None:
    """low, moderate or high; None where the dose is not known and decides."""
    steps = INTENSITY[statin]
    if daily_mg is None:
        return steps[0][1] if len(steps) == 1 else None
    return next(intensity for least, intensity in steps if daily_mg >= least)


def statin_years(columns: Columns) -> FloatArray:
    """Years on a statin, (n,); 0 where none is taken and nothing is recorded of the past."""
    years = columns["statin_years"]
    return where(np.isnan(years) & (columns["statin_intensity"] == 0), 0.0, years)


def statin_exposure(columns: Columns) -> FloatArray:
    """ln(intensity x years + 1), (n,); intensity 0 to 3. A scale of ours, for cumulative use."""
    return log_plus_one(columns["statin_intensity"] * columns.derived(statin_years))


def takes_lipid_drug(columns: Columns) -> FloatArray:
    """1 where any lipid-lowering drug is recorded, (n,).

    0 where such drugs are denied as a whole or, without that, where a statin is denied and no
    other is recorded; NaN where neither is known.
    """
    whole, statin = columns["lipid_lowering"], columns["statin_intensity"]
    takes = (whole == 1) | (statin > 0) | np.any([columns[drug] == 1 for drug in ADDED], axis=0)
    unknown = np.isnan(whole) & np.isnan(statin) & ~takes
    return where(unknown, np.nan, takes)


def lipid_therapy_intensity(columns: Columns) -> FloatArray:
    """Steps of LDL-lowering therapy, 0 to 7, (n,).

    Statin 0 to 3, and as much as a step for ezetimibe and bempedoic acid and two for a PCSK9
    inhibitor, in the order of their lowering of LDL-C; a drug that is not recorded counts as
    not taken. NaN where the statin is unknown. A scale of ours.
    """
    added = {"ezetimibe": 1.0, "bempedoic_acid": 1.0, "pcsk9_inhibitor": 2.0}
    steps = [weight * np.nan_to_num(columns[drug]) for drug, weight in added.items()]
    return np.asarray(columns["statin_intensity"] + np.sum(steps, axis=0))


THERAPY: tuple[Derivation, ...] = (
    *coded("statin_intensity", "low", "moderate", "high"),
    Derivation(
        "statin_exposure",
        "statin_years",
        statin_exposure,
        "ln(intensity x years + 1), intensity 1 to 3",
        _VAN_ROSENDAEL,
    ),
    Derivation(
        "lipid_lowering",
        "lipid_lowering",
        takes_lipid_drug,
        "any lipid-lowering drug: yes or no",
        "",
    ),
    Derivation(
        "lipid_therapy_intensity",
        "statin_intensity",
        lipid_therapy_intensity,
        "steps of LDL-lowering therapy, 0 to 7",
        _GRUNDY,
    ),
    *recorded("statin_adherence", *ADDED),
    *coded("antiplatelet", "single", "dual"),
    *recorded(
        "bp_treated",
        "ras_inhibitor",
        "vitamin_k_antagonist",
        "insulin",
        "sglt2_inhibitor",
        "glp1_agonist",
        "colchicine",
        "prior_pci",
    ),
    *coded("anticoagulant", "doac", "parenteral"),
    *coded("phosphate_binder", "calcium_based", "calcium_free"),
)
