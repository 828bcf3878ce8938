"""XGBoost: Cox and accelerated failure time, early stopping, tuned; Cox with default settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.boosted_rounds import MAX_ROUNDS, PATIENCE, search_rounds
from benchmarks.alternatives.methods.curves import BreslowRisk
from benchmarks.alternatives.methods.method import Budget, Rows, draw
from features.array_types import FloatArray
from features.endpoint import EVENT, Endpoint

DEFAULTS: dict[str, Any] = {"max_depth": 6, "learning_rate": 0.3, "min_child_weight": 1.0}
RANGES = {
    "max_depth": (1, 6, "whole"),
    "learning_rate": (0.02, 0.3, "log"),
    "min_child_weight": (1.0, 50.0, "log"),
    "subsample": (0.5, 1.0, "linear"),
    "colsample_bytree": (0.3, 1.0, "linear"),
    "reg_lambda": (0.1, 50.0, "log"),
}


class XGBoostCox:
    """Objective survival:cox; the baseline hazard is Breslow's on out-of-fold margins."""

    objective = {"objective": "survival:cox", "eval_metric": "cox-nloglik"}  # noqa: RUF012

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose setting and rounds, fit on all patients."""
        import xgboost

        values = X.to_numpy(np.float32)
        occurred = endpoint.event == EVENT
        label = np.where(occurred, endpoint.time, -endpoint.time)

        def fit_fold(
            setting: dict[str, Any], rows: Rows, validate: Rows
        ) -> tuple[float, int, FloatArray]:
            fit = xgboost.DMatrix(values[rows], label=label[rows])
            held_out = xgboost.DMatrix(values[validate], label=label[validate])
            booster = _train(self.objective | setting, fit, MAX_ROUNDS, held_out, budget.seed)
            grown = (0, booster.best_iteration + 1)
            centre = booster.predict(fit, output_margin=True, iteration_range=grown).mean()
            margin = booster.predict(held_out, output_margin=True, iteration_range=grown)
            return booster.best_score, grown[1], margin - centre

        best = search_rounds(self._settings(budget), fit_fold, endpoint, budget)
        matrix = xgboost.DMatrix(values, label=label)
        parameters = self.objective | best.setting
        self.booster_ = _train(parameters, matrix, best.rounds, None, budget.seed)
        self.centre_ = float(self.booster_.predict(matrix, output_margin=True).mean())
        self.baseline_ = BreslowRisk(endpoint, best.margin)

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t)."""
        import xgboost

        matrix = xgboost.DMatrix(X.to_numpy(np.float32))
        margin = self.booster_.predict(matrix, output_margin=True).astype(np.float64)
        return self.baseline_(margin - self.centre_, times)

    def _settings(self, budget: Budget) -> list[dict[str, Any]]:
        return draw(DEFAULTS, RANGES, budget)


class XGBoostCoxUntuned(XGBoostCox):
    """XGBoost's default settings; early stopping alone finds the rounds."""

    def _settings(self, budget: Budget) -> list[dict[str, Any]]:
        return [DEFAULTS]


class XGBoostAFT:
    """Objective survival:aft; the distribution and its scale are tuned with the rest."""

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose setting and rounds, fit on all patients."""
        import xgboost

        values = X.to_numpy(np.float32)
        # the base score is a time near 1: far from it the first rounds only find the unit
        self.unit_ = float(np.median(endpoint.time))
        lower = endpoint.time / self.unit_
        upper = np.where(endpoint.event == EVENT, lower, np.inf)

        def matrix(rows: Rows | slice) -> Any:
            made = xgboost.DMatrix(values[rows])
            made.set_float_info("label_lower_bound", lower[rows])
            made.set_float_info("label_upper_bound", upper[rows])
            return made

        def fit_fold(
            setting: dict[str, Any], rows: Rows, validate: Rows
        ) -> tuple[float, int, FloatArray]:
            booster = _train(_aft(setting), matrix(rows), MAX_ROUNDS, matrix(validate), budget.seed)
            return booster.best_score, booster.best_iteration + 1, np.zeros(len(validate))

        best = search_rounds(self._settings(budget), fit_fold, endpoint, budget)
        self.setting_ = best.setting
        self.booster_ = _train(
            _aft(best.setting), matrix(slice(None)), best.rounds, None, budget.seed
        )

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t): the distribution function of log time."""
        import xgboost
        from scipy.special import expit, ndtr

        matrix = xgboost.DMatrix(X.to_numpy(np.float32))
        location = self.booster_.predict(matrix, output_margin=True).astype(np.float64)
        scale = self.setting_["aft_loss_distribution_scale"]
        z = (np.log(times / self.unit_)[None, :] - location[:, None]) / scale
        family = self.setting_["aft_loss_distribution"]
        if family == "normal":
            return np.asarray(ndtr(z))
        return np.asarray(expit(z) if family == "logistic" else -np.expm1(-np.exp(z)))

    def _settings(self, budget: Budget) -> list[dict[str, Any]]:
        first = DEFAULTS | {"aft_loss_distribution": "normal", "aft_loss_distribution_scale": 1.0}
        scale = {"aft_loss_distribution_scale": (0.5, 2.0, "log")}
        drawn = draw(first, RANGES | scale, budget)
        families = ("normal", "logistic", "extreme")
        return [
            setting | {"aft_loss_distribution": families[number % 3]}
            for number, setting in enumerate(drawn)
        ]


def _aft(setting: dict[str, Any]) -> dict[str, Any]:
    return {"objective": "survival:aft", "eval_metric": "aft-nloglik", **setting}


def _train(
    parameters: dict[str, Any], matrix: Any, rounds: int, held_out: Any | None, seed: int
) -> Any:
    import xgboost

    stopping: dict[str, Any] = {}
    if held_out is not None:
        stopping = {"evals": [(held_out, "v")], "early_stopping_rounds": PATIENCE}
    everything = {"tree_method": "hist", "nthread": 1, "seed": seed, **parameters}
    return xgboost.train(everything, matrix, rounds, verbose_eval=False, **stopping)
