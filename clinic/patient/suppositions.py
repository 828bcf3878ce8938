"""What is supposed of a patient where a value is not known, and whom the patient is set beside."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from models.average_risks import Average
from models.scorer import Scorer

_SCENARIOS = (0.0, 100.0, 300.0)
AGE_AND_SEX = ("age", "sex")
# Features that are the variable of that name, worked out from others where it was not recorded.
_FOLLOWING = ("ldl_cholesterol", "egfr", "bmi")


class NoAverage(StrEnum):
    """Why a patient has no average beside the risk."""

    UNKNOWN = "unknown"
    """Age or sex is not recorded."""
    FEW = "few"
    """The model was trained on too few patients known to be of this age and sex."""
    NONE = "none"
    """The model is of a version that kept no averages."""


def average_of(scorer: Scorer, covariates: pd.DataFrame, horizon: float) -> Average | NoAverage:
    """The mean risk by a horizon (years) of patients of this age and sex, of those trained on.

    ``covariates``: one patient (1, variables).
    """
    known = covariates[list(AGE_AND_SEX)] if set(AGE_AND_SEX) <= set(covariates) else None
    if known is None or known.isna().to_numpy().any():
        return NoAverage.UNKNOWN
    if scorer.averages is None:
        return NoAverage.NONE
    age, sex = known.iloc[0]
    return scorer.averages.find(str(sex), float(age), horizon) or NoAverage.FEW


def suppose_calcium(
    scorer: Scorer, covariates: pd.DataFrame, horizon: float
) -> tuple[tuple[str, float], ...]:
    """The risk if the calcium score were each of these, of a patient who has none."""
    several = pd.concat([covariates] * len(_SCENARIOS), ignore_index=True)
    several["cac_agatston"] = np.array(_SCENARIOS)
    risks = scorer.predictor.link.risk(scorer.margins_of(several), [horizon])[:, 0]
    return tuple(
        (f"{score:.0f}", float(risk)) for score, risk in zip(_SCENARIOS, risks, strict=True)
    )


def known_of(covariates: pd.DataFrame, features: pd.DataFrame) -> dict[str, Any]:
    """The patient's canonical covariates, with what follows from others where it is missing."""
    patient: dict[str, Any] = {str(name): value for name, value in covariates.iloc[0].items()}
    for name in _FOLLOWING:
        value = patient.get(name)
        if value is None or pd.isna(value):
            patient[name] = float(features.iloc[0][name])
    score = patient.get("cac_agatston")
    if score is None or pd.isna(score):
        patient["cac_agatston"] = float(np.expm1(features.iloc[0]["log_cac"]))
    return patient
