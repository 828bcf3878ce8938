"""hazardous: SurvivalBoost, competing risks included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.judging import brier_loss
from benchmarks.alternatives.methods.method import Budget, Rows, draw, search
from features.array_types import FloatArray
from features.endpoint import Endpoint


class SurvivalBoosting:
    """SurvivalBoost with its default settings first; rate, rounds and leaves are tuned."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose the setting, fit on all patients."""
        from hazardous import SurvivalBoost

        outcome = pd.DataFrame({"event": endpoint.event.astype(int), "duration": endpoint.time})

        def fitted(setting: dict[str, Any], rows: Rows | None) -> Any:
            chosen = slice(None) if rows is None else rows
            model = SurvivalBoost(**setting, random_state=budget.seed, show_progressbar=False)
            return model.fit(X.iloc[chosen], outcome.iloc[chosen])

        def loss(model: Any, rows: Rows) -> float:
            return brier_loss(endpoint.take(rows), _risk(model, X.iloc[rows], times), times)

        settings = draw(
            {},
            {
                "learning_rate": (0.01, 0.1, "log"),
                "n_iter": (50, 150, "whole"),
                "max_leaf_nodes": (4, 31, "whole"),
            },
            budget,
        )
        self.model_ = search(settings, fitted, loss, endpoint, budget)

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t): the cumulative incidence of the event."""
        return _risk(self.model_, X, times)


def _risk(model: Any, X: pd.DataFrame, times: FloatArray) -> FloatArray:
    incidence = model.predict_cumulative_incidence(X, times=times)
    return np.asarray(incidence[:, 1, :], dtype=np.float64)
