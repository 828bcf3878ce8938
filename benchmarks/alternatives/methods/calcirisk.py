"""Ours, with its defaults, and variants of it that were tried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.method import Budget
from features.array_types import FloatArray
from features.endpoint import Endpoint

FEWEST_EVENTS = 10  # the product asks for more; how few suffice is measured


class Calcirisk:
    """RiskModel with its defaults, on one thread."""

    def __init__(self, **settings: Any) -> None:
        self.settings = {"minimum_events": FEWEST_EVENTS, **settings}

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Fit; folds, penalty, rounds and weights are found inside."""
        from models.risk.risk_model import RiskModel

        self.model_ = RiskModel(n_threads=1, seed=budget.seed, **self.settings).fit(X, endpoint)
        budget.trials_done = 1
        causes = self.model_.report_["causes"]
        budget.chosen = {"weights": _weights(causes["event"])}

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t): the cumulative incidence of the event."""
        return np.asarray(self.model_.predict_risk(X, times.tolist()))


class DirectedCalcirisk(Calcirisk):
    """The same with the directions and priors of the dictionary, as `calcirisk train` is."""

    def __init__(self) -> None:
        from features.derivation.catalogue import CATALOGUE
        from features.dictionary.dictionary import Dictionary
        from features.dictionary.published_priors import load_priors

        super().__init__(
            monotone={each.name: each.monotone for each in CATALOGUE if each.monotone},
            priors=load_priors(Dictionary.load()),
        )


def _weights(cause: dict[str, Any]) -> dict[str, float]:
    return {part: cause[part]["weight"] for part in ("linear", "boosted") if part in cause}
