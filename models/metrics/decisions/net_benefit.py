"""Net benefit: true positives less false positives, weighed as a decision threshold implies.

At threshold t whoever acts at risk t holds one missed event for as bad as (1 - t) / t needless
treatments. Net benefit = P(event, risk > t) - P(no event, risk > t) t / (1 - t), per patient
(Vickers and Elkin 2006, Med Decis Making 26:565). Under censoring and competing events the event
probability among those above t is their Aalen-Johansen risk by the horizon (Vickers, Cronin, Elkin
and Gonen 2008, BMC Med Inform Decis Mak 8:53); a competing event counts as no event, since
treatment for the event's sake was needless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import CENSORED, EVENT
from models.metrics.follow_up import FollowUp, check_risk
from models.metrics.resampled.resamples import Resamples


@dataclass(frozen=True)
class Decisions:
    """Who would be acted in at each of the ``limits`` (t,), all between 0 and 1.

    ``level`` (n,): how many of the limits, in ascending ``order`` (t,), each risk exceeds; whoever
    lies above a threshold lies above all lower ones, too.
    """

    limits: FloatArray
    order: npt.NDArray[np.intp]
    level: npt.NDArray[np.intp]

    @classmethod
    def of(cls, risk: FloatArray, thresholds: npt.ArrayLike) -> Decisions:
        """By risks (n,). Raises ValueError on impossible thresholds."""
        limits = np.asarray(thresholds, dtype=np.float64)
        if not ((limits > 0) & (limits < 1)).all():
            raise ValueError("thresholds must lie between 0 and 1")
        order = np.argsort(limits)
        return cls(limits, order, np.searchsorted(limits[order], risk, side="left"))

    def benefit(self, resamples: Resamples, horizon: float) -> FloatArray:
        """(b, t) net benefit per patient of each resample. Raises HorizonError beyond follow-up."""
        shares = shares_above(resamples, self.level, len(self.limits), horizon)
        true, false = (np.empty((len(resamples), len(self.limits))) for _ in shares)
        true[:, self.order], false[:, self.order] = (one.T for one in shares)
        return np.asarray(true - false * self.limits / (1 - self.limits))


def net_benefit(
    follow_up: FollowUp, risk: npt.ArrayLike, horizon: float, thresholds: npt.ArrayLike
) -> FloatArray:
    """Net benefit (t,) per patient of acting where the (n,) risks exceed each threshold.

    ``thresholds`` (t,) lie above 0 and below 1. NaN where the follow-up of those above a threshold
    ends before the horizon with some of them still event-free. Raises HorizonError beyond
    follow-up, ValueError on impossible thresholds.
    """
    decisions = Decisions.of(check_risk(follow_up, risk), thresholds)
    benefit: FloatArray = decisions.benefit(Resamples.alone(follow_up), horizon)[0]
    return benefit


def treat_all(resamples: Resamples, horizon: float, thresholds: npt.ArrayLike) -> FloatArray:
    """Net benefit (b, t) of acting in everyone."""
    everyone = np.ones(len(resamples.follow_up.time), dtype=np.intp)
    (true,), (false,) = shares_above(resamples, everyone, 1, horizon)
    limits = np.asarray(thresholds, dtype=np.float64)
    return np.asarray(true[:, None] - false[:, None] * limits / (1 - limits))


def shares_above(
    resamples: Resamples, level: npt.NDArray[np.intp], n_levels: int, horizon: float
) -> tuple[FloatArray, FloatArray]:
    """(levels, b) shares of each resample above a level with the event by the horizon, and without.

    Aalen-Johansen among them. 0 where nobody is; NaN where their follow-up ends before the horizon
    with some of them still event-free. Raises HorizonError beyond follow-up.
    """
    from models.metrics.decisions.nested_incidence import risks_of_nested

    follow_up = resamples.follow_up
    follow_up.check_horizon(horizon)
    order, starts = resamples.by_time
    event = follow_up.event[order]
    marked, risk = risks_of_nested(
        starts,
        resamples.counts_by_time,
        event != CENSORED,
        event == EVENT,
        level[order],
        n_levels,
        int(np.searchsorted(follow_up.times, horizon, side="left")),
        int(np.searchsorted(follow_up.times, horizon, side="right")),
    )
    share = resamples.per_patient(marked)
    risk = np.where(marked > 0, risk, 0.0)
    return share * risk, share * (1 - risk)
