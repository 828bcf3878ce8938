"""What becomes of the figures if censoring depends on the covariates: a sensitivity analysis.

Every observed risk and weight rests on one Kaplan-Meier curve of the censoring, which is right
where the length of follow-up tells nothing of the patient. Where it does (the old leave, or who
entered early was measured by another assay), patients are divided into strata by how long their
covariates let expect them to be followed, and each stratum has a curve of its own (Robins and
Finkelstein 2000, Biometrics 56:779, weigh by a model of censoring; strata need no right model).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import CENSORED, EVENT, Endpoint
from models.metrics.auc import auc
from models.metrics.brier import brier_score
from models.metrics.calibration.level_and_slope import calibration_slope, mean_risk
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp

MOST_STRATA = 5
_AT_RISK = 20
_FEWEST_CENSORED = 50
_PENALTY = 10.0


@dataclass(frozen=True)
class StratifiedFollowUp(FollowUp):
    """A follow-up in which each stratum (n,) has its own curve of the censoring."""

    stratum: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    @classmethod
    def divide(cls, follow_up: FollowUp, stratum: npt.NDArray[np.intp]) -> StratifiedFollowUp:
        """The same patients."""
        given = {one.name: getattr(follow_up, one.name) for one in fields(FollowUp)}
        return cls(**given, stratum=stratum)

    @cached_property
    def uncensored_before_own_time(self) -> FloatArray:
        """(n,) G(T_i-) of the own stratum."""
        return self._of_stratum(lambda part: part.uncensored_before_own_time)

    def uncensored_just_before(self, horizon: float) -> FloatArray:
        """(n,) G(h-) of the own stratum."""
        return self._of_stratum(
            lambda part: np.broadcast_to(part.uncensored_just_before(horizon), part.time.shape)
        )

    def _of_stratum(self, read: Callable[[FollowUp], FloatArray]) -> FloatArray:
        values = np.empty(len(self.time))
        for one in np.unique(self.stratum):
            members = self.stratum == one
            values[members] = read(self.take(members))
        return values


def expect_follow_up(X: pd.DataFrame, endpoint: Endpoint) -> FloatArray:
    """(n,) score that rises with the follow-up that the features (n, p) let expect, cross-fitted.

    Ridge regression of the rank of the time among the censored, learnt on one half of the patients
    for the other. It divides patients into strata and need not be right.
    """
    values = X.loc[:, X.notna().any()].to_numpy(np.float64)
    middle = np.nanmedian(values, axis=0)
    gaps = ~np.isfinite(values)
    design = np.hstack([np.where(gaps, middle, values), gaps.astype(np.float64)])
    spread = design.std(axis=0)
    design = (design[:, spread > 0] - design[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    rank = pd.Series(endpoint.time).rank().to_numpy() / len(endpoint)
    half, score = np.arange(len(endpoint)) % 2, np.zeros(len(endpoint))
    for own in (0, 1):
        learnt = (half != own) & (endpoint.event == CENSORED)
        x, y = design[learnt], rank[learnt] - rank[learnt].mean()
        ridge = x.T @ x + _PENALTY * np.eye(x.shape[1])
        score[half == own] = design[half == own] @ np.linalg.solve(ridge, x.T @ y)
    return score


def measure_dependence(
    X: pd.DataFrame, endpoint: Endpoint, risk: npt.ArrayLike, horizon: float
) -> pd.DataFrame:
    """Figures of the (n,) risks with one curve of the censoring, and with one in each stratum.

    Columns: horizon, metric, one_curve, by_covariates, strata, follow_up_c: how well the covariates
    foretell the time of censoring, 0.5 for not at all. Empty where hardly anyone is censored
    before the horizon.
    """
    given = np.asarray(risk, dtype=np.float64)
    censored = endpoint.event == CENSORED
    early = censored & (endpoint.time < horizon)
    if endpoint.is_fixed_horizon or early.sum() < _FEWEST_CENSORED:
        return pd.DataFrame()
    score = expect_follow_up(X, endpoint)
    # who is censored is the event here, and who had an event was lost to censoring
    turned = replace(endpoint, event=np.where(censored, EVENT, CENSORED).astype(np.int8))
    told = harrell_c(FollowUp.of(turned), -score)
    follow_up = FollowUp.of(endpoint)
    stratum = _divide(score, endpoint, horizon)
    within = StratifiedFollowUp.divide(follow_up, stratum)
    one_curve, by_covariates = (_measure(one, given, horizon) for one in (follow_up, within))
    return pd.DataFrame(
        {
            "horizon": float(horizon),
            "metric": list(one_curve),
            "one_curve": list(one_curve.values()),
            "by_covariates": list(by_covariates.values()),
            "strata": len(np.unique(stratum)),
            "follow_up_c": told,
        }
    )


def _divide(score: FloatArray, endpoint: Endpoint, horizon: float) -> npt.NDArray[np.intp]:
    """(n,) strata of the score, as many as leave 20 patients of each at risk at the horizon."""
    for n_strata in range(MOST_STRATA, 1, -1):
        edges = np.quantile(score, np.arange(1, n_strata) / n_strata)
        stratum = np.searchsorted(edges, score).astype(np.intp)
        if np.bincount(stratum[endpoint.time >= horizon], minlength=n_strata).min() >= _AT_RISK:
            return stratum
    return np.zeros(len(score), dtype=np.intp)


def _measure(follow_up: FollowUp, risk: FloatArray, horizon: float) -> dict[str, float]:
    weight = follow_up.known_state_weights(horizon)
    observed = float((weight * follow_up.has_event_by(horizon)).sum() / follow_up.size)
    brier = brier_score(follow_up, risk, horizon)
    null = brier_score(follow_up, np.full(len(risk), observed), horizon)
    return {
        "observed_risk": observed,
        "observed_over_expected": observed / mean_risk(follow_up, risk),
        "calibration_slope": calibration_slope(follow_up, risk, horizon),
        "brier": brier,
        "ipa": 1 - brier / null,
        "auc": auc(follow_up, risk, horizon),
    }
