"""Logistic XGBoost at a few horizons, weighted by the inverse probability of censoring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.boosted_rounds import MAX_ROUNDS, PATIENCE, search_rounds
from benchmarks.alternatives.methods.curves import between_horizons
from benchmarks.alternatives.methods.method import Budget, Rows, draw
from benchmarks.alternatives.methods.xgboost_survival import DEFAULTS, RANGES
from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.follow_up import FollowUp

HORIZON_SHARES = (0.25, 0.5, 1.0)


class XGBoostIPCW:
    """One classifier per horizon (Vock et al. 2016, J Biomed Inform 61:119); alike in settings."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose setting and rounds at the last horizon, fit at each on all patients."""
        import xgboost

        values = X.to_numpy(np.float32)
        self.endpoint_ = endpoint
        self.horizons_ = np.unique([times[int(share * len(times)) - 1] for share in HORIZON_SHARES])
        follow_up = FollowUp.of(endpoint)
        last = float(self.horizons_[-1])
        occurred, weight = _state(follow_up, last)

        def fit_fold(
            setting: dict[str, Any], rows: Rows, validate: Rows
        ) -> tuple[float, int, FloatArray]:
            fit = xgboost.DMatrix(values[rows], label=occurred[rows], weight=weight[rows])
            held_out = xgboost.DMatrix(
                values[validate], label=occurred[validate], weight=weight[validate]
            )
            booster = xgboost.train(
                _parameters(setting, budget.seed),
                fit,
                MAX_ROUNDS,
                evals=[(held_out, "v")],
                early_stopping_rounds=PATIENCE,
                verbose_eval=False,
            )
            return booster.best_score, booster.best_iteration + 1, np.zeros(len(validate))

        best = search_rounds(draw(DEFAULTS, RANGES, budget), fit_fold, endpoint, budget)
        self.boosters_ = []
        for horizon in self.horizons_:
            occurred, weight = _state(follow_up, float(horizon))
            matrix = xgboost.DMatrix(values, label=occurred, weight=weight)
            parameters = _parameters(best.setting, budget.seed)
            self.boosters_.append(xgboost.train(parameters, matrix, best.rounds))

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t): at the horizons from the classifiers, between them interpolated."""
        import xgboost

        matrix = xgboost.DMatrix(X.to_numpy(np.float32))
        risks = np.stack([b.predict(matrix).astype(np.float64) for b in self.boosters_], axis=1)
        return between_horizons(self.horizons_, risks, self.endpoint_, times)


def _state(follow_up: FollowUp, horizon: float) -> tuple[FloatArray, FloatArray]:
    occurred = np.asarray(follow_up.has_event_by(horizon), dtype=np.float64)
    return occurred, np.asarray(follow_up.known_state_weights(horizon))


def _parameters(setting: dict[str, Any], seed: int) -> dict[str, Any]:
    fixed = {"objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist"}
    return {**fixed, "nthread": 1, "seed": seed, **setting}
