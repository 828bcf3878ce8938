"""What is supposed of a patient where a value is not known, and whom the patient is set beside."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from features.derivation.catalogue import WORKED_OUT
from features.derivation.columns import Columns
from features.derivation.known_calcium import find_parts, least_score
from features.derivation.lipids import LOWEST_LDL
from features.derivation.morphology import vessel_count
from features.intake.validation.combinations import is_contradicted
from models.average_risks import Average
from models.scorer import Scorer
from models.treatment_effects.conditions import AtLeast
from models.uncertainty.risk_interval import OWNERS

_SCENARIOS = (0.0, 100.0, 300.0, 1000.0, 3000.0)
_MOST_SCENARIOS = 3
AGE_AND_SEX = ("age", "sex")


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
    """The risk if the total calcium score were each of these, of a patient in whom it is unknown.

    None of them is below what is known of it (`least_score`), or contradicts what else is known,
    such as a volume of calcium. Empty for a model that knows no total score.
    """
    if not any(OWNERS.get(name) == "cac_agatston" for name in scorer.predictor.feature_names):
        return ()
    columns = Columns.of(covariates, scorer.dictionary)
    least = float(np.nan_to_num(least_score(columns)[0]))
    # none that reads as the least does; that there is some calcium is no score
    further = (score for score in _SCENARIOS if score > np.ceil(least))
    is_score = find_parts(columns)[0] is not None
    scores = np.array([*([least] if is_score or not least else []), *further])
    several = pd.concat([covariates] * len(scores), ignore_index=True)
    several["cac_agatston"] = scores
    contradicted = is_contradicted(Columns(several, scorer.dictionary), "cac_agatston")
    several, scores = several[~contradicted][:_MOST_SCENARIOS], scores[~contradicted]
    if several.empty:
        return ()
    risks = scorer.predictor.link.risk(scorer.margins_of(several), [horizon])[:, 0]
    said = [f"{np.floor(score):.0f}" for score in scores[:_MOST_SCENARIOS]]
    return tuple((score, float(risk)) for score, risk in zip(said, risks, strict=True))


def known_of(columns: Columns) -> dict[str, Any]:
    """The canonical covariates of one patient, with what follows from others where it is missing.

    LDL cholesterol that comes out as the lowest there is is told of nobody: it is read as low. A
    total score that is not known is `AtLeast` what is known of it (`least_score`).
    The calcium score is never taken back out of its logarithm: 300 would come out below 300.
    """
    row = columns.covariates.iloc[0]
    patient: dict[str, Any] = {str(name): value for name, value in row.items()}
    for name, compute in {**WORKED_OUT, "vessel_count": vessel_count}.items():
        value = patient.get(name)
        if value is None or pd.isna(value):
            follows = float(columns.derived(compute)[0])
            too_low = name == "ldl_cholesterol" and follows <= LOWEST_LDL
            patient[name] = np.nan if too_low else follows
    least = float(least_score(columns)[0])
    return patient if np.isnan(least) else {**patient, "cac_agatston": AtLeast(least)}
