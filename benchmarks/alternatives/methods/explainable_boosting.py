"""interpret's explainable boosting machine, by survival stacking.

The library has no survival objective. Stacking (Craig, Zhong and Tibshirani 2021,
arXiv:2107.13480) makes a row of each patient and interval lived through; the classifier predicts
the chance of the event in the interval.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.curves import between_horizons
from benchmarks.alternatives.methods.judging import brier_loss
from benchmarks.alternatives.methods.method import Budget, Rows, draw, search
from features.array_types import FloatArray
from features.endpoint import EVENT, Endpoint

N_INTERVALS = 8


class ExplainableBoosting:
    """ExplainableBoostingClassifier on stacked intervals with as many events each."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose the setting, fit on all patients."""
        self.endpoint_ = endpoint
        events = endpoint.time[(endpoint.event == EVENT) & (endpoint.time <= times[-1])]
        quantiles = np.quantile(events, np.arange(1, N_INTERVALS) / N_INTERVALS)
        self.ends_ = np.unique(np.r_[quantiles, times[-1]])

        def fitted(setting: dict[str, Any], rows: Rows | None) -> Any:
            from interpret.glassbox import ExplainableBoostingClassifier

            chosen = np.arange(len(X)) if rows is None else rows
            stacked, occurred = _stack(X.iloc[chosen], endpoint.take(chosen), self.ends_)
            model = ExplainableBoostingClassifier(**setting, n_jobs=1, random_state=budget.seed)
            return model.fit(stacked, occurred)

        def loss(model: Any, rows: Rows) -> float:
            return brier_loss(endpoint.take(rows), self._risk(model, X.iloc[rows], times), times)

        ranges = {
            "learning_rate": (0.005, 0.05, "log"),
            "interactions": (0, 20, "whole"),
            "max_leaves": (2, 4, "whole"),
        }
        self.model_ = search(draw({}, ranges, budget), fitted, loss, endpoint, budget)

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t): at the intervals' ends from the classifier, between them interpolated."""
        return self._risk(self.model_, X, times)

    def _risk(self, model: Any, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        survival, risks = np.ones(len(X)), []
        for number in range(len(self.ends_)):
            rows = X.assign(interval=float(number))
            survival = survival * (1.0 - model.predict_proba(rows)[:, 1])
            risks.append(1.0 - survival)
        return between_horizons(self.ends_, np.stack(risks, axis=1), self.endpoint_, times)


def _stack(
    X: pd.DataFrame, endpoint: Endpoint, ends: FloatArray
) -> tuple[pd.DataFrame, np.ndarray]:
    """A row per patient and interval begun; whoever is censored inside one leaves it out."""
    frames, outcomes = [], []
    begin = 0.0
    for number, end in enumerate(ends):
        event = (endpoint.event == EVENT) & (endpoint.time <= end) & (endpoint.time > begin)
        present = event | (endpoint.time >= end)
        frames.append(X[present].assign(interval=float(number)))
        outcomes.append(event[present].astype(int))
        begin = float(end)
    return pd.concat(frames, ignore_index=True), np.concatenate(outcomes)
