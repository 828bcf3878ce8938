"""interpret's explainable boosting machine as a model of both causes, with its reasons.

The library has no survival objective. Whether a patient has the event is Poisson distributed with
the cumulative baseline hazard of their follow-up as exposure (the one-step full likelihood of
survival trees: LeBlanc and Crowley 1992, Biometrics 48:411-425); so the machine's Poisson objective
with the logarithm of that exposure as its initial score learns a log hazard. Exposure is the
cohort's own cumulative hazard, one for each cause. Settings are the library's, but for three: main
effects alone, for a pair belongs to no one feature; steps of at most .7, as XGBoost takes for
Poisson outcomes, without which some bags diverge to NaN; and 100 smoothing rounds in place of 500,
nearly the same fit in two fifths of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import COMPETING, EVENT, Endpoint
from models.explanation.path_average import average_gradients
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.baseline import fit_baseline

N_KNOTS = 100
N_STRATA = 8


class ExplainableHazards:
    """A machine of default settings for each cause, joined to the cumulative incidence."""

    def __init__(self, monotone: Mapping[str, int], seed: int) -> None:
        self.monotone, self.seed = monotone, seed

    def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> ExplainableHazards:
        """Fit on features (n, p), gaps allowed."""
        self.names_ = [name for name in X.columns if X[name].nunique() > 1]
        crude = fit_baseline(endpoint, np.zeros((len(endpoint), 2)), N_KNOTS)
        exposures = crude.at(endpoint.time)
        directions = {EVENT: self.monotone, COMPETING: {}}
        self.machines_ = [
            self._grow(X, endpoint.event == cause, exposure, directions[cause])
            for cause, exposure in zip((EVENT, COMPETING), exposures, strict=True)
        ]
        # calibrated on the patients fitted on: few users would refit the bags out of fold
        self.link_ = CompetingRisksLink(fit_baseline(endpoint, self._margins(X), N_KNOTS))
        return self

    def predict_risk(self, X: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        """Risk of the event (n, h)."""
        return self.link_.risk(self._margins(X), horizons)

    def explain(self, X: pd.DataFrame, background: pd.DataFrame, horizon: float) -> pd.DataFrame:
        """What each feature adds to the risk (n, p) through the event's hazard.

        By the method that calcirisk is explained with (`models.explanation.explainer`).
        """
        margins, of_background = self._margins(X), self._margins(background)
        order = np.argsort(self.link_.risk(of_background, [horizon])[:, 0], kind="stable")
        strata = np.array_split(order, N_STRATA)
        centres = np.stack([of_background[rows].mean(axis=0) for rows in strata])
        shares = np.array([len(rows) for rows in strata]) / len(order)
        worth = average_gradients(self.link_, margins, centres, horizon)[:, :, 0] * shares
        terms, usual = (self._terms(0, each) for each in (X, background))
        means = np.stack([usual[rows].mean(axis=0) for rows in strata])
        values = terms * worth.sum(axis=1)[:, None] - worth @ means
        return pd.DataFrame(values, index=X.index, columns=self.names_)

    def _grow(
        self,
        X: pd.DataFrame,
        occurred: np.ndarray,
        exposure: FloatArray,
        directions: Mapping[str, int],
    ) -> Any:
        from interpret.glassbox import ExplainableBoostingRegressor

        machine = ExplainableBoostingRegressor(
            objective="poisson_deviance",
            interactions=0,
            max_delta_step=0.7,
            smoothing_rounds=100,
            monotone_constraints=[int(directions.get(name, 0)) for name in self.names_],
            n_jobs=1,
            random_state=self.seed,
        )
        lived = exposure > 0  # whoever left before the first event says nothing
        return machine.fit(
            X.loc[lived, self.names_],
            occurred[lived].astype(np.float64),
            init_score=np.log(exposure[lived]),
        )

    def _terms(self, cause: int, X: pd.DataFrame) -> FloatArray:
        return np.asarray(self.machines_[cause].eval_terms(X[self.names_]), np.float64)

    def _margins(self, X: pd.DataFrame) -> FloatArray:
        return np.stack([self._terms(cause, X).sum(axis=1) for cause in (0, 1)], axis=1)
