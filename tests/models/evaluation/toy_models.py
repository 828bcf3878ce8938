"""Small estimators that stand in for the risk model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.aalen_johansen import aalen_johansen
from models.metrics.follow_up import FollowUp


class SignalModel:
    """Risk is the average risk of the patients fitted on, shifted by one feature."""

    def __init__(self, feature: str = "signal", strength: float = 0.9) -> None:
        self.feature, self.strength = feature, strength

    def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Self:
        self.endpoint_ = endpoint
        self.patients_ = frozenset(X.index)
        return self

    def predict_margin(self, X: pd.DataFrame) -> FloatArray:
        return self.strength * X[[self.feature]].to_numpy(np.float64)

    def predict_risk(self, X: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        assert self.patients_.isdisjoint(X.index), "the model saw the patient"
        follow_up = FollowUp.of(self.endpoint_)
        average = aalen_johansen(follow_up).at(horizons)
        hazard = -np.log1p(-average) * np.exp(self.predict_margin(X) - self.strength**2 / 2)
        return np.asarray(-np.expm1(-hazard))


class AverageModel(SignalModel):
    """Everyone has the average risk; no margins."""

    predict_margin = None  # type: ignore[assignment]

    def predict_risk(self, X: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        follow_up = FollowUp.of(self.endpoint_)
        average = aalen_johansen(follow_up).at(horizons)
        return np.tile(average, (len(X), 1))
