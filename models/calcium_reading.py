"""How calcium that is known in part, or that is hardly any, is read: by the higher of two hazards.

Both readings keep the directions of variables, and so does the higher one.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.derivation.calcium import agatston
from features.derivation.catalogue import CATALOGUE, derive_features
from features.derivation.columns import Columns
from features.derivation.known_calcium import suppose_least
from models.risk.predictor import RiskPredictor

_FLAG = "cac_zero"


def read_features(
    predictor: RiskPredictor, columns: Columns, features: pd.DataFrame
) -> pd.DataFrame:
    """The features (n, p) that risks are told from; ``features`` (n, p): derived from ``columns``.

    A total score of which only the least is known is read as a gap and as that least. Where there
    is calcium and its density is known, it is read as it is and as none: dense calcium has less
    risk than soft, but no less than none. What a model learns from is taken from the reading with
    the higher hazard of the event.
    """
    features = features.copy(deep=False)
    names = list(predictor.feature_names)
    if (least := suppose_least(columns)) is not None:
        rows, supposed = least
        floor = derive_features(supposed, columns.dictionary, frozenset(names))[names]
        _take_higher(predictor, features, rows, floor)
    absent = {name: value for name, value in _without_calcium().items() if name in names}
    rows = _find_dense(columns, features[[name for name in names if name in _lowering()]])
    if len(rows) and absent:
        floor = features.iloc[rows][names].assign(**absent)
        _take_higher(predictor, features, rows, floor)
    return features


def _take_higher(
    predictor: RiskPredictor,
    features: pd.DataFrame,
    rows: npt.NDArray[np.intp],
    floor: pd.DataFrame,
) -> None:
    """Put the features ``floor`` (m, p) into those rows (m,) whose hazard they raise."""
    hazard = predictor.margin(features.iloc[rows])[:, 0]
    higher = predictor.margin(floor)[:, 0] > hazard
    places = features.columns.get_indexer(floor.columns)
    features.iloc[rows[higher], places] = floor[higher].to_numpy()


def _find_dense(columns: Columns, lowering: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Patients with calcium of whom something is known by which it may count for less."""
    known = ~np.isnan(lowering.to_numpy(np.float64)).all(axis=1)
    return np.flatnonzero((columns.derived(agatston) > 0) & known)


@cache
def _without_calcium() -> MappingProxyType[str, float]:
    """What features are in a patient of whom nothing is known but that there is no calcium."""
    none = derive_features(pd.DataFrame({"cac_agatston": [0.0]})).iloc[0].dropna()
    return MappingProxyType({str(name): float(value) for name, value in none.items()})


@cache
def _lowering() -> frozenset[str]:
    """The features by which calcium that is there may count for less."""
    return frozenset(
        feature.name
        for feature in CATALOGUE
        if feature.learnt
        and feature.monotone <= 0
        and feature.name in _without_calcium()
        and feature.name != _FLAG
    )
