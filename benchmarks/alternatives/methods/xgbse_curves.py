"""xgbse: XGBoost's leaves and a debiased logistic regression per time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.curves import step_values
from benchmarks.alternatives.methods.judging import brier_loss
from benchmarks.alternatives.methods.method import Budget, Rows, draw, search
from benchmarks.alternatives.methods.scikit_survival import outcome
from features.array_types import FloatArray
from features.endpoint import Endpoint

ROUNDS, PATIENCE, VALIDATION = 1000, 10, 5


class DebiasedBCE:
    """XGBSEDebiasedBCE, stopped early on a fifth of the patients; XGBoost's settings are tuned."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose the setting, fit on all patients."""

        def fitted(setting: dict[str, Any], rows: Rows | None) -> Any:
            some, known = (X, endpoint) if rows is None else (X.iloc[rows], endpoint.take(rows))
            return _fit_one(setting, some, known, times, budget.seed)

        def loss(model: Any, rows: Rows) -> float:
            return brier_loss(endpoint.take(rows), _risk(model, X.iloc[rows], times), times)

        # the first setting is the library's own default
        settings = draw(
            {"max_depth": 8, "learning_rate": 0.05, "min_child_weight": 50.0, "subsample": 0.5},
            {
                "max_depth": (2, 8, "whole"),
                "learning_rate": (0.02, 0.2, "log"),
                "min_child_weight": (5.0, 50.0, "log"),
                "colsample_bynode": (0.3, 1.0, "linear"),
            },
            budget,
        )
        self.model_ = search(settings, fitted, loss, endpoint, budget)

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t)."""
        return _risk(self.model_, X, times)


def _fit_one(
    setting: dict[str, Any], X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, seed: int
) -> Any:
    from xgbse import XGBSEDebiasedBCE

    fixed = {
        "objective": "survival:aft",
        "eval_metric": "aft-nloglik",
        "aft_loss_distribution": "normal",
        "aft_loss_distribution_scale": 1,
        "tree_method": "hist",
        "booster": "dart",
        "nthread": 1,
        "seed": seed,
    }
    turn = np.random.default_rng(seed).permutation(len(X)) % VALIDATION
    known = outcome(endpoint)
    model = XGBSEDebiasedBCE(xgb_params={**fixed, **setting}, n_jobs=1)
    model.fit(
        X.iloc[turn > 0],
        known[turn > 0],
        num_boost_round=ROUNDS,
        validation_data=(X.iloc[turn == 0], known[turn == 0]),
        early_stopping_rounds=PATIENCE,
        time_bins=times,
    )
    return model


def _risk(model: Any, X: pd.DataFrame, times: FloatArray) -> FloatArray:
    survival = model.predict(X.reset_index(drop=True))
    known = np.asarray(survival.columns, dtype=np.float64)
    return step_values(known, 1.0 - survival.to_numpy(np.float64), times)
