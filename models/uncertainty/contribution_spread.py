"""How far each contribution may be off, from the posterior of the linear part's coefficients.

Imports, through everything it reaches, nothing beyond numpy, pandas and xgboost.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.derivation.own_features import owner_of
from models.explanation.explainer import Explainer
from models.uncertainty.risk_interval import LEVEL, RiskInterval

REACH = NormalDist().inv_cdf(0.5 + LEVEL / 2)
OWNERS = {feature.name: feature.variable for feature in CATALOGUE}
_CHUNK = 16_384


def contribution_spread(
    interval: RiskInterval,
    explainer: Explainer,
    X: pd.DataFrame,
    worth: FloatArray,
    owners: Mapping[str, str],
) -> pd.DataFrame:
    """Standard deviation (n, variables) of what each variable contributes, as a fraction of risk.

    A contribution is ``sum over strata s of worth_s (terms - mean terms of s)' beta``: linear in
    the coefficients, whose covariance is known. ``worth``: (n, strata) of `Explanation`;
    ``owners``: feature -> variable, of the catalogue. What the trees leave open is not in it.
    """
    predictor, part = explainer.predictor, interval.part
    of_feature = [owners.get(name) or owner_of(name) for name in predictor.feature_names]
    owner = [of_feature[position] for position in part.term_features]
    names = list(dict.fromkeys(of_feature))
    roots = []
    for name in names:
        terms = np.array([position for position, own in enumerate(owner) if own == name], np.intp)
        factor = interval.coefficients[terms]
        roots.append((terms, _root(factor @ factor.T)))
    means = explainer.causes[0].mean_recorded
    seen = predictor.see(X)
    spread = np.zeros((len(X), len(names)))
    for start in range(0, len(X), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(X)))
        recorded = part.design.recorded_terms(seen.take(rows))
        moved = recorded * worth[rows].sum(axis=1)[:, None] - worth[rows] @ means
        for column, (terms, root) in enumerate(roots):
            spread[rows, column] = np.sqrt(((moved[:, terms] @ root) ** 2).sum(axis=1))
    return pd.DataFrame(spread, index=X.index, columns=names)


def find_certain(contributions: pd.DataFrame, spread: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Contributions (n, variables) whose 90 % interval does not hold 0."""
    size = contributions.abs().to_numpy()
    return np.asarray(size > REACH * spread[contributions.columns].to_numpy())


def _root(covariance: FloatArray) -> FloatArray:
    """R with R R' = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
