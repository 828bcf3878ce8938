"""Values that follow from others of the same patient, filled in where none is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.derivation.therapy import STATIN_DETAILS, statin_intensity
from features.dictionary.variable import Variable

FILLS = {
    "statin_drug": ("statin_intensity", "lipid_lowering"),
    "statin_dose": ("statin_intensity", "lipid_lowering"),
    "statin_years": ("lipid_lowering",),
    "anticoagulant": ("vitamin_k_antagonist",),
}


@dataclass(frozen=True)
class Implied:
    """``variable`` can be nothing but ``code`` where ``holds`` is true of the column ``detail``.

    Where a column of ``against`` is above 0, or names something, the patient's own values
    contradict one another, and nothing follows.
    """

    variable: str
    code: str | float
    detail: str
    holds: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]
    against: tuple[str, ...] = ()


# Not "former" from years since quitting: of 0 years nothing would follow, so that the first year
# would raise the risk that each further one lowers. Nor a total calcium score from the only vessel
# that is counted as calcified: with 0 there the total is a gap and may be read as more than a few
# units are. Beside the LAD it is not even certain, as some count the left main with it.
IMPLIED = (
    Implied(
        "smoking_status",
        "current",
        "cigarettes_per_day",
        lambda x: x > 0,
        ("years_since_quitting",),
    ),
    Implied("statin_intensity", "none", "lipid_lowering", lambda x: x == 0, STATIN_DETAILS),
    Implied("prior_cad", 1.0, "prior_pci", lambda x: x == 1),
)


def fill_in(covariates: pd.DataFrame, dictionary: Mapping[str, Variable]) -> pd.DataFrame:
    """Canonical covariates (n, variables) with what follows from others where none is recorded.

    A statin's intensity by its name and dose, lipid-lowering therapy by any detail of a statin,
    whatever its intensity, a vitamin K antagonist by the class of the anticoagulant, and what
    `IMPLIED` says: any other value would contradict the patient's own. The latter makes no column
    where the table has none. What is recorded stays as it is. Columns in the dictionary's order.
    """
    filled: dict[str, pd.Series] = {}
    if _tells(covariates, "statin_drug", "statin_intensity"):
        filled["statin_intensity"] = _intensity(covariates, dictionary["statin_intensity"].codes)
    if any(_tells(covariates, detail, "lipid_lowering") for detail in STATIN_DETAILS):
        filled["lipid_lowering"] = _keep(
            covariates, "lipid_lowering", _takes_statin(covariates, dictionary)
        )
    if _tells(covariates, "anticoagulant", "vitamin_k_antagonist"):
        taken = covariates["anticoagulant"].astype(object)
        is_antagonist = (taken == "vitamin_k_antagonist").astype(float).where(taken.notna())
        filled["vitamin_k_antagonist"] = _keep(covariates, "vitamin_k_antagonist", is_antagonist)
    full = covariates.assign(**filled) if filled else covariates
    for rule in IMPLIED:
        full = _imply(full, rule, dictionary)
    if list(full) == list(covariates):
        return full
    return full[[name for name in dictionary if name in full]]


def _imply(
    covariates: pd.DataFrame, rule: Implied, dictionary: Mapping[str, Variable]
) -> pd.DataFrame:
    if not {rule.variable, rule.detail} <= set(covariates):
        return covariates
    recorded = covariates[rule.variable]
    detail = covariates[rule.detail].to_numpy(np.float64, na_value=np.nan)
    follows = recorded.isna().to_numpy() & rule.holds(detail)
    for name in rule.against:
        if name in covariates:
            follows &= ~_tells_of(covariates[name], dictionary[name]).to_numpy(bool)
    if not follows.any():
        return covariates
    codes = dictionary[rule.variable].codes
    kind = pd.CategoricalDtype(list(codes)) if codes else np.float64
    filled = recorded.astype(object).mask(follows, rule.code).astype(kind)
    return covariates.assign(**{rule.variable: filled})


def _tells(covariates: pd.DataFrame, detail: str, variable: str) -> bool:
    """Whether there is something to fill in, or the column itself, whoever is in this batch."""
    if detail not in covariates:
        return False
    return variable not in covariates or bool(covariates[detail].notna().any())


def _tells_of(values: pd.Series, variable: Variable) -> pd.Series:
    """Where a number is above 0, or a category is named."""
    return values.notna() if variable.codes else values > 0


def _takes_statin(covariates: pd.DataFrame, dictionary: Mapping[str, Variable]) -> pd.Series:
    """1 where a detail tells of a statin that is taken; no detail denies one."""
    takes = pd.Series(False, covariates.index)
    for detail in STATIN_DETAILS:
        if detail in covariates:
            takes |= _tells_of(covariates[detail], dictionary[detail])
    return takes.astype(float).where(takes)


def _intensity(covariates: pd.DataFrame, codes: tuple[str, ...]) -> pd.Series:
    names = covariates["statin_drug"].astype(object)
    doses = covariates.get("statin_dose", pd.Series(np.nan, covariates.index))
    found = [
        None if pd.isna(name) else statin_intensity(name, dose if dose > 0 else None)
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
