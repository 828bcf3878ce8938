"""What details of one drug say of another variable: a statin's name and dose of its intensity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.derivation.person.therapy import statin_intensity
from features.dictionary.variable import Variable

FILLS = {
    "statin_drug": "statin_intensity",
    "statin_dose": "statin_intensity",
    "anticoagulant": "vitamin_k_antagonist",
}


def fill_from_drugs(covariates: pd.DataFrame, dictionary: Mapping[str, Variable]) -> pd.DataFrame:
    """Fill in the statin's intensity from its name and dose, and a vitamin K antagonist from the

    class of the anticoagulant. What is recorded stays as it is. Columns in the dictionary's order.
    """
    filled: dict[str, pd.Series] = {}
    if _tells(covariates, "statin_drug", "statin_intensity"):
        filled["statin_intensity"] = _intensity(covariates, dictionary["statin_intensity"].codes)
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
