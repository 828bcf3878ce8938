"""CatBoost with Cox's loss, early stopping, tuned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.boosted_rounds import MAX_ROUNDS, PATIENCE, search_rounds
from benchmarks.alternatives.methods.curves import BreslowRisk
from benchmarks.alternatives.methods.method import Budget, Rows, draw
from features.array_types import FloatArray
from features.endpoint import EVENT, Endpoint


class CatBoostCox:
    """Loss function Cox; the baseline hazard is Breslow's on out-of-fold margins."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose setting and rounds, fit on all patients."""
        from catboost import Pool

        values = X.to_numpy(np.float32)
        label = np.where(endpoint.event == EVENT, endpoint.time, -endpoint.time)

        def fit_fold(
            setting: dict[str, Any], rows: Rows, validate: Rows
        ) -> tuple[float, int, FloatArray]:
            model = _booster(setting, MAX_ROUNDS, budget.seed)
            fit, held_out = Pool(values[rows], label[rows]), Pool(values[validate], label[validate])
            model.fit(fit, eval_set=held_out, early_stopping_rounds=PATIENCE)
            margin = model.predict(held_out) - model.predict(fit).mean()
            return model.best_score_["validation"]["Cox"], model.tree_count_, margin

        # 0.05 stands for CatBoost's automatic rate, which Cox's loss does not have
        first = {"depth": 6, "learning_rate": 0.05, "l2_leaf_reg": 3.0}
        ranges = {
            "depth": (2, 8, "whole"),
            "learning_rate": (0.02, 0.2, "log"),
            "l2_leaf_reg": (1.0, 30.0, "log"),
        }
        best = search_rounds(draw(first, ranges, budget), fit_fold, endpoint, budget)  # type: ignore[arg-type]
        self.model_ = _booster(best.setting, best.rounds, budget.seed)
        self.model_.fit(Pool(values, label))
        self.centre_ = float(self.model_.predict(values).mean())
        self.baseline_ = BreslowRisk(endpoint, best.margin)

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t)."""
        margin = self.model_.predict(X.to_numpy(np.float32)) - self.centre_
        return self.baseline_(margin, times)


def _booster(setting: dict[str, Any], rounds: int, seed: int) -> Any:
    from catboost import CatBoost

    fixed = {"loss_function": "Cox", "thread_count": 1, "random_seed": seed, "verbose": False}
    return CatBoost({**fixed, "iterations": rounds, "allow_writing_files": False, **setting})
