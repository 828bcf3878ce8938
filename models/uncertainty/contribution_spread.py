"""How far each contribution may be off, from the posterior of the linear part's coefficients.

Imports, through everything it reaches, nothing beyond numpy, pandas and xgboost.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.derivation.own_features import owner_of
from models.explanation.explainer import Explainer
from models.margins.posterior import roots_by_owner, variance_of
from models.uncertainty.risk_interval import RiskInterval

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
    roots = roots_by_owner(interval.coefficients, owner, names)
    means = explainer.causes[0].mean_recorded
    seen = predictor.see(X)
    spread = np.zeros((len(X), len(names)))
    for start in range(0, len(X), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(X)))
        recorded = part.design.recorded_terms(seen.take(rows))
        moved = recorded * worth[rows].sum(axis=1)[:, None] - worth[rows] @ means
        spread[rows] = np.sqrt(variance_of(moved, roots))
    return pd.DataFrame(spread, index=X.index, columns=names)
