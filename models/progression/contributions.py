"""Why a forecast is what it is: contributions of variables, in AU or percentage points.

The method of the risk model (docs/decisions/0007): contributions to each margin, exact for linear
terms and by TreeSHAP for trees, are carried through the forecast along the straight path from the
background's margins to the patient's. The first score and the body mass that a scan's noise depends
on are the patient's own throughout: contributions say what sets this patient's growth apart from
that of others with the same first score. They sum to the forecast less that of the background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from models.progression.law.growth_law import Patients
from models.progression.predictor import ProgressionPredictor
from models.risk.predictor import CauseModel

_NODES = 6
_STEP = 1e-3


@dataclass(frozen=True)
class Background:
    """Mean margins of the patients trained on, and each feature's mean contribution to them."""

    margins: FloatArray
    growth: FloatArray
    onset: FloatArray

    @classmethod
    def of(cls, predictor: ProgressionPredictor, X: pd.DataFrame) -> Background:
        """Of some patients' features."""
        growth, onset = (margin_terms(predictor, X, name) for name in ("growth", "onset"))
        return cls(predictor.margins(X).mean(axis=0), growth.mean(axis=0), onset.mean(axis=0))


def margin_terms(predictor: ProgressionPredictor, X: pd.DataFrame, name: str) -> FloatArray:
    """What each feature (n, p) adds to a margin; with a constant they sum to it."""
    seen = predictor.see(X)
    margin: CauseModel = getattr(predictor, name)
    terms = np.zeros((len(X), len(predictor.feature_names)))
    by_term = margin.terms(seen)
    for term, feature in enumerate(margin.term_features):
        terms[:, feature] += by_term[:, term]
    if margin.boosted is not None and margin.boosted_weight:
        import xgboost

        matrix = xgboost.DMatrix(seen.values, feature_names=margin.boosted.booster.feature_names)
        shares = margin.boosted.booster.predict(matrix, pred_contribs=True)
        terms += margin.boosted_weight * np.asarray(shares, np.float64)[:, :-1]
    return terms


def explain_forecast(
    predictor: ProgressionPredictor,
    background: Background,
    X: pd.DataFrame,
    patients: Patients,
    years: float,
    threshold: float | None = None,
) -> pd.DataFrame:
    """Contributions by variable (n, v) to the expected change (AU), or to the chance of passing.

    ``threshold``: chance of a score above it, in percentage points; None: expected score in AU.
    """
    own = np.stack([patients.log_rate, patients.log_onset], axis=1)
    shift = np.where(patients.first == 0, predictor.begun_shift, 0.0)
    start = background.margins + np.stack([shift, np.zeros(len(own))], axis=1)
    slopes = _path_slopes(predictor, patients, start, own, years, threshold)
    terms = np.zeros((len(X), len(predictor.feature_names)))
    means = (("growth", background.growth), ("onset", background.onset))
    for column, (name, mean) in enumerate(means):
        terms += slopes[:, [column]] * (margin_terms(predictor, X, name) - mean)
    by_feature = pd.DataFrame(terms, index=X.index, columns=list(predictor.feature_names))
    variable = {feature.name: feature.variable for feature in CATALOGUE}
    owners = [variable[name] for name in predictor.feature_names]
    return by_feature.T.groupby(owners).sum().T


def _path_slopes(
    predictor: ProgressionPredictor,
    patients: Patients,
    start: FloatArray,
    end: FloatArray,
    years: float,
    threshold: float | None,
) -> FloatArray:
    """Mean slope (n, 2) of the forecast in each margin along the path."""
    place, weight = np.polynomial.legendre.leggauss(_NODES)
    total = np.zeros(start.shape)
    for node, share in zip((place + 1) / 2, weight / 2, strict=True):
        at = start + node * (end - start)
        for column in (0, 1):
            ahead, behind = at.copy(), at.copy()
            ahead[:, column] += _STEP
            behind[:, column] -= _STEP
            rise = _value(predictor, patients, ahead, years, threshold)
            rise -= _value(predictor, patients, behind, years, threshold)
            total[:, column] += share * rise / (2 * _STEP)
    return total


def _value(
    predictor: ProgressionPredictor,
    patients: Patients,
    margins: FloatArray,
    years: float,
    threshold: float | None,
) -> FloatArray:
    moved = Patients(patients.first, margins[:, 0], margins[:, 1], patients.bmi)
    passed, _, mean = predictor.distribution(
        moved, () if threshold is None else (threshold,), (years,)
    )
    return np.asarray(mean[:, 0] if threshold is None else 100 * passed[:, 0, 0])
