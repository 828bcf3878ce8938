"""Therapy: what the patient takes, how strong and for how long. None carries a direction.

Details of one drug may tell another variable: a statin's name and dose its intensity.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.columns import Columns, Derivation, coded, log_plus_one, recorded, where
from features.dictionary.variable import Variable

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
ADDED = ("ezetimibe", "pcsk9_inhibitor", "bempedoic_acid", "icosapent_ethyl")
FILLS = {
    "statin_drug": ("statin_intensity", "lipid_lowering"),
    "statin_dose": ("statin_intensity", "lipid_lowering"),
    "statin_years": ("lipid_lowering",),
    "anticoagulant": ("vitamin_k_antagonist",),
}
_OF_A_STATIN = ("statin_drug", "statin_dose", "statin_years")


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


def fill_from_drugs(covariates: pd.DataFrame, dictionary: Mapping[str, Variable]) -> pd.DataFrame:
    """Fill in what details of drugs tell of other variables; columns in the dictionary's order.

    The statin's intensity by its name and dose, lipid-lowering therapy by any detail of a statin,
    whatever its intensity, a vitamin K antagonist by the class of the anticoagulant. What is
    recorded stays as it is.
    """
    filled: dict[str, pd.Series] = {}
    if _tells(covariates, "statin_drug", "statin_intensity"):
        filled["statin_intensity"] = _intensity(covariates, dictionary["statin_intensity"].codes)
    if any(_tells(covariates, detail, "lipid_lowering") for detail in _OF_A_STATIN):
        filled["lipid_lowering"] = _keep(covariates, "lipid_lowering", _takes_statin(covariates))
    if _tells(covariates, "anticoagulant", "vitamin_k_antagonist"):
        taken = covariates["anticoagulant"].astype(object)
        is_antagonist = (taken == "vitamin_k_antagonist").astype(float).where(taken.notna())
        filled["vitamin_k_antagonist"] = _keep(covariates, "vitamin_k_antagonist", is_antagonist)
    if not filled:
        return covariates
    full = covariates.assign(**filled)
    return full[[name for name in dictionary if name in full]]


def _tells(covariates: pd.DataFrame, detail: str, variable: str) -> bool:
    """Whether there is something to fill in, or the column itself, whoever is in this batch."""
    if detail not in covariates:
        return False
    return variable not in covariates or bool(covariates[detail].notna().any())


def _takes_statin(covariates: pd.DataFrame) -> pd.Series:
    """1 where a detail tells of a statin that is taken; no detail denies one."""
    takes = pd.Series(False, covariates.index)
    for detail in _OF_A_STATIN:
        if detail in covariates:
            told = covariates[detail]
            takes |= told.notna() if detail == "statin_drug" else told > 0
    return takes.astype(float).where(takes)


def _intensity(covariates: pd.DataFrame, codes: tuple[str, ...]) -> pd.Series:
    names = covariates["statin_drug"].astype(object)
    doses = covariates.get("statin_dose", pd.Series(np.nan, covariates.index))
    found = [
        None if pd.isna(name) else statin_intensity(name, None if np.isnan(dose) else dose)
        for name, dose in zip(names, doses.to_numpy(np.float64), strict=True)
    ]
    worked_out = pd.Series(found, covariates.index, dtype=object)
    kept = _keep(covariates, "statin_intensity", worked_out)
    return kept.astype(pd.CategoricalDtype(list(codes)))


def _keep(covariates: pd.DataFrame, name: str, worked_out: pd.Series) -> pd.Series:
    if name not in covariates:
        return worked_out
    recorded = covariates[name]
    kept = recorded.astype(object) if recorded.dtype == "category" else recorded
    return kept.where(kept.notna(), worked_out)
