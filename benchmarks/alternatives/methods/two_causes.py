"""A method for one cause, given a competing event: fitted to each cause, joined by one formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.alternatives.methods.method import Budget, Method
from features.array_types import FloatArray
from features.endpoint import CENSORED, COMPETING, EVENT, Endpoint


class TwoCauses:
    """Cumulative incidence from two cause-specific fits; half of the time is for each."""

    def __init__(self, make: Callable[[], Method]) -> None:
        self.event, self.competing = make(), make()

    def fit(self, X: pd.DataFrame, endpoint: Endpoint, times: FloatArray, budget: Budget) -> None:
        """Fit to the event, then to the competing event, the other one censored."""
        for method, code in ((self.event, EVENT), (self.competing, COMPETING)):
            one = np.where(endpoint.event == code, EVENT, CENSORED).astype(np.int8)
            half = Budget(budget.n_trials, budget.n_folds, budget.seed, budget.cpu_seconds / 2)
            method.fit(X, Endpoint(endpoint.time, one), times, half)
            budget.chosen[str(code)] = half.chosen
            if code == EVENT:
                budget.trials_done = half.trials_done

    def predict_risk(self, X: pd.DataFrame, times: FloatArray) -> FloatArray:
        """Risk (n, t): the sum over intervals of S(start) times the event's share of what ends it.

        Within an interval the share is that of the event in the interval's total hazard.
        """
        event, competing = (
            np.diff(_cumulative_hazard(method.predict_risk(X, times)), axis=1, prepend=0.0)
            for method in (self.event, self.competing)
        )
        total = event + competing
        free = np.exp(-np.cumsum(total, axis=1))
        before = np.concatenate([np.ones((len(free), 1)), free[:, :-1]], axis=1)
        share = np.divide(event, total, out=np.zeros_like(total), where=total > 0)
        return np.asarray(np.cumsum((before - free) * share, axis=1))


def _cumulative_hazard(risk: FloatArray) -> FloatArray:
    grown = np.maximum.accumulate(np.clip(risk, 0.0, 1 - 1e-9), axis=1)
    return np.asarray(-np.log1p(-grown))
