"""Observed risk: the Aalen-Johansen estimate of the cumulative incidence of the event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import CENSORED, EVENT, Endpoint
from features.errors import HorizonError
from models.metrics.follow_up import FollowUp

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class CumulativeIncidence:
    """Risk just after each of the m distinct ``times`` (years), and its variance."""

    times: FloatArray
    risk: FloatArray
    variance: FloatArray

    def at(self, time: npt.ArrayLike) -> FloatArray:
        """Risk by each time (0 before the first); constant beyond the last."""
        risk: FloatArray = np.r_[0.0, self.risk][np.searchsorted(self.times, time, side="right")]
        return risk

    def interval(self, time: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """95 % limits by each time, symmetric on the scale log(-log(risk)); NaN where risk is 0.

        As in lifelines and in Stata's stcompet: they never leave 0 to 1.
        """
        risk = self.at(time)
        variance = np.r_[0.0, self.variance][np.searchsorted(self.times, time, side="right")]
        inside = (risk > 0) & (risk < 1)
        safe = np.where(inside, risk, 0.5)
        width = _Z * np.sqrt(np.maximum(variance, 0.0)) / (safe * np.log(safe))
        lower, upper = safe ** np.exp(-width), safe ** np.exp(width)
        return np.where(inside, lower, np.nan), np.where(inside, upper, np.nan)


def aalen_johansen(follow_up: FollowUp, cause: int = EVENT) -> CumulativeIncidence:
    """Cumulative incidence of ``cause``: the sum of S(t-) d_cause / at_risk.

    S is the Kaplan-Meier of staying free of every event (Aalen and Johansen 1978). Variance by
    the delta method, formula (8) of Marubini and Valsecchi 1995, section 10.2.4.
    """
    d_cause, d_any, at_risk = _tally(follow_up, cause)
    risk, before = _incidence(d_cause, d_any, at_risk)
    return CumulativeIncidence(
        follow_up.times, risk, _variance(risk, before, d_cause, d_any, at_risk)
    )


def incidence_on_clock(
    endpoint: Endpoint, since: float = 0.0, cause: int = EVENT
) -> CumulativeIncidence:
    """The same on the clock of the hazard, such as age, given event-free at ``since`` on it.

    A patient is at risk from entry on alone (left truncation), and counts as weighted; of weighted
    patients the variance is NaN. Raises HorizonError where nobody was followed beyond ``since``.
    """
    kept = endpoint.stop > since
    if not kept.any():
        raise HorizonError(
            f"nobody was followed beyond {since:g} years on the clock of the endpoint"
        )
    event, weight = endpoint.event[kept], endpoint.weight[kept]
    times, position = np.unique(endpoint.stop[kept], return_inverse=True)
    d_cause, d_any, ended = (
        np.bincount(position, weight * which, len(times)).astype(np.float64)
        for which in (event == cause, event != CENSORED, np.ones(len(event)))
    )
    entered = np.maximum(endpoint.entered[kept], since)
    order = np.argsort(entered)
    begun = np.concatenate([[0.0], np.cumsum(weight[order])])
    # who entered before each time, less who ended before it
    at_risk = begun[np.searchsorted(entered[order], times)] - (ended.cumsum() - ended)
    risk, before = _incidence(d_cause, d_any, at_risk)
    variance = _variance(risk, before, d_cause, d_any, at_risk)
    return CumulativeIncidence(
        times, risk, variance if endpoint.survey is None else np.full(len(times), np.nan)
    )


def _tally(follow_up: FollowUp, cause: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(m,) events of the cause, of any cause, and patients at risk (at least 1)."""
    d_cause = follow_up.tally(follow_up.event == cause)
    d_any = follow_up.tally(follow_up.event != CENSORED)
    return d_cause, d_any, np.where(follow_up.at_risk > 0, follow_up.at_risk, 1.0)


def _incidence(
    d_cause: FloatArray, d_any: FloatArray, at_risk: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(m,) risk just after each time, and probability of no event just before it."""
    survival = np.cumprod(1.0 - d_any / at_risk)
    before: FloatArray = np.r_[1.0, survival[:-1]]
    return np.cumsum(before * d_cause / at_risk), before


def _variance(
    risk: FloatArray,
    before: FloatArray,
    d_cause: FloatArray,
    d_any: FloatArray,
    at_risk: FloatArray,
) -> FloatArray:
    """(m,) sum over s <= t of the three terms, expanded in powers of risk(t) so it is O(m)."""
    left = at_risk - d_any
    a = np.divide(d_any, at_risk * left, out=np.zeros(len(left)), where=left > 0)
    b = before**2 * d_cause * (at_risk - d_cause) / at_risk**3
    c = before * d_cause / at_risk**2
    squares = risk**2 * np.cumsum(a) - 2 * risk * np.cumsum(a * risk) + np.cumsum(a * risk**2)
    total: FloatArray = squares + np.cumsum(b) - 2 * (risk * np.cumsum(c) - np.cumsum(c * risk))
    return total


def observed_risk(follow_up: FollowUp, horizon: float, cause: int = EVENT) -> float:
    """Aalen-Johansen risk by the horizon. Raises HorizonError beyond follow-up."""
    follow_up.check_horizon(horizon)
    risk, _ = _incidence(*_tally(follow_up, cause))
    seen = int(np.searchsorted(follow_up.times, horizon, side="right"))
    return float(risk[seen - 1]) if seen else 0.0
