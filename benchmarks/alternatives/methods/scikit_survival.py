"""scikit-survival: ridge Cox, elastic net, random survival forest, gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.curves import BreslowRisk, step_values
from benchmarks.alternatives.methods.imputation import Completion
from benchmarks.alternatives.methods.judging import brier_loss
from benchmarks.alternatives.methods.method import Budget, Rows, draw, search
from features.array_types import FloatArray
from features.endpoint import EVENT, Endpoint

_AT_ONCE = 500


def outcome(endpoint: Endpoint) -> np.ndarray:
    """The structured array that scikit-survival asks for; other causes are censored."""
    table = np.empty(len(endpoint), dtype=[("event", "?"), ("time", "<f8")])
    table["event"], table["time"] = endpoint.event == EVENT, endpoint.time
    return table


class _Searched:
    """Settings tried by the integrated Brier score."""

    splines = False

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Choose the setting, fit on all patients."""

        def fitted(setting: dict[str, Any], rows: Rows | None) -> tuple[Any, Any]:
            some, known = (X, endpoint) if rows is None else (X.iloc[rows], endpoint.take(rows))
            return self._fit_one(setting, some, known, budget.seed)

        def loss(model: tuple[Any, Any], rows: Rows) -> float:
            risk = self._risk(model, X.iloc[rows], times)
            return brier_loss(endpoint.take(rows), risk, times)

        self.model_ = search(self._settings(len(X), budget), fitted, loss, endpoint, budget)

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t)."""
        return self._risk(self.model_, X, times)

    def _settings(self, n_patients: int, budget: Budget) -> list[dict[str, Any]]:
        raise NotImplementedError

    def _estimator(self, setting: dict[str, Any], seed: int) -> Any:
        raise NotImplementedError

    def _fit_one(
        self, setting: dict[str, Any], X: pd.DataFrame, endpoint: Endpoint, seed: int
    ) -> tuple[Any, Any]:
        completion = Completion(self.splines).learn(X)
        model = self._estimator(setting, seed).fit(completion.apply(X), outcome(endpoint))
        return completion, model

    def _risk(self, model: tuple[Any, Any], X: pd.DataFrame, times: FloatArray) -> FloatArray:
        completion, fitted = model
        columns = completion.apply(X)
        parts = []
        for start in range(0, len(columns), _AT_ONCE):
            survival = fitted.predict_survival_function(
                columns[start : start + _AT_ONCE], return_array=True
            )
            parts.append(step_values(fitted.unique_times_, 1.0 - survival, times))
        return np.concatenate(parts)


class RidgeCox(_Searched):
    """CoxPHSurvivalAnalysis with a ridge penalty, imputed and standardised features."""

    def _settings(self, n_patients: int, budget: Budget) -> list[dict[str, Any]]:
        # no penalty is the library's default; what suits it grows with the number of patients
        strengths = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
        return [{"alpha": n_patients * s} for s in strengths[: budget.n_trials]]

    def _estimator(self, setting: dict[str, Any], seed: int) -> Any:
        from sksurv.linear_model import CoxPHSurvivalAnalysis

        return CoxPHSurvivalAnalysis(**setting, ties="efron")


class SplineCox(RidgeCox):
    """The same with restricted cubic splines (four knots) for continuous features."""

    splines = True


class ElasticNet(_Searched):
    """CoxnetSurvivalAnalysis: the mix of penalties is tried, the path is followed in each fit."""

    def _settings(self, n_patients: int, budget: Budget) -> list[dict[str, Any]]:
        mixes = [0.5, 0.95, 0.1, 0.75, 0.25, 1.0]
        return [{"l1_ratio": mix} for mix in mixes[: budget.n_trials]]

    def _fit_one(
        self, setting: dict[str, Any], X: pd.DataFrame, endpoint: Endpoint, seed: int
    ) -> tuple[Any, Any]:
        from sksurv.linear_model import CoxnetSurvivalAnalysis

        completion = Completion().learn(X)
        columns, known = completion.apply(X), outcome(endpoint)
        path = CoxnetSurvivalAnalysis(**setting, n_alphas=40, alpha_min_ratio=0.005)
        path.fit(columns, known)
        budget = Budget(seed=seed)
        scores = np.zeros(len(path.alphas_))
        for rows, validate in budget.folds(endpoint):
            one = CoxnetSurvivalAnalysis(**setting, alphas=path.alphas_).fit(
                columns[rows], known[rows]
            )
            scores += _path_scores(one, columns[validate], endpoint.take(validate), len(scores))
        best = path.alphas_[int(np.argmax(scores))]
        model = CoxnetSurvivalAnalysis(**setting, alphas=[best]).fit(columns, known)
        margin = columns @ model.coef_[:, 0]
        return completion, (model, BreslowRisk(endpoint, margin))

    def _risk(self, model: tuple[Any, Any], X: pd.DataFrame, times: FloatArray) -> FloatArray:
        completion, (fitted, baseline) = model
        risk: FloatArray = baseline(completion.apply(X) @ fitted.coef_[:, 0], times)
        return risk


def _path_scores(path: Any, columns: FloatArray, endpoint: Endpoint, length: int) -> FloatArray:
    """Log partial likelihood of the held-out patients along the path; none where it stopped."""
    from models.learners.partial_likelihood import RiskSets, log_likelihood

    sets = RiskSets(endpoint.time, endpoint.event == EVENT)
    scores = np.full(length, -np.inf)
    for step in range(path.coef_.shape[1]):
        scores[step] = log_likelihood(sets, columns @ path.coef_[:, step])
    return scores


class Forest(_Searched):
    """RandomSurvivalForest, 100 trees; the size of leaves and the features tried are tuned."""

    def _settings(self, n_patients: int, budget: Budget) -> list[dict[str, Any]]:
        # leaves of 15 as in the library's own example
        return draw(
            {"min_samples_leaf": 15, "max_features": "sqrt"},
            {"min_samples_leaf": (5, 80, "whole"), "max_features": (0.1, 0.8, "linear")},
            budget,
        )

    def _estimator(self, setting: dict[str, Any], seed: int) -> Any:
        from sksurv.ensemble import RandomSurvivalForest

        return RandomSurvivalForest(100, **setting, n_jobs=1, random_state=seed)


class Boosting(_Searched):
    """GradientBoostingSurvivalAnalysis with Cox's loss."""

    def _settings(self, n_patients: int, budget: Budget) -> list[dict[str, Any]]:
        return draw(
            {"learning_rate": 0.1, "n_estimators": 100, "max_depth": 3, "subsample": 1.0},
            {
                "learning_rate": (0.03, 0.3, "log"),
                "n_estimators": (50, 200, "whole"),
                "max_depth": (1, 4, "whole"),
                "subsample": (0.5, 1.0, "linear"),
            },
            budget,
        )

    def _estimator(self, setting: dict[str, Any], seed: int) -> Any:
        from sksurv.ensemble import GradientBoostingSurvivalAnalysis

        return GradientBoostingSurvivalAnalysis(**setting, random_state=seed)
