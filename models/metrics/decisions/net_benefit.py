"""Net benefit: true positives less false positives, weighed as a decision threshold implies.

At threshold t whoever acts at risk t holds one missed event for as bad as (1 - t) / t needless
treatments. Net benefit = P(event, risk > t) - P(no event, risk > t) t / (1 - t), per patient
(Vickers and Elkin 2006, Med Decis Making 26:565). Under censoring and competing events the event
probability among those above t is their Aalen-Johansen risk by the horizon (Vickers, Cronin, Elkin
and Gonen 2008, BMC Med Inform Decis Mak 8:53); a competing event counts as no event, since
treatment for the event's sake was needless.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.endpoint import CENSORED, EVENT
from models.metrics.follow_up import FollowUp, check_risk


def net_benefit(
    follow_up: FollowUp, risk: npt.ArrayLike, horizon: float, thresholds: npt.ArrayLike
) -> FloatArray:
    """Net benefit (t,) per patient of acting where the (n,) risks exceed each threshold.

    ``thresholds`` (t,) lie above 0 and below 1. NaN where the follow-up of those above a threshold
    ends before the horizon with some of them still event-free. Raises HorizonError beyond
    follow-up, ValueError on impossible thresholds.
    """
    given = check_risk(follow_up, risk)
    follow_up.check_horizon(horizon)
    limits = np.asarray(thresholds, dtype=np.float64)
    if not ((limits > 0) & (limits < 1)).all():
        raise ValueError("thresholds must lie between 0 and 1")
    order = np.argsort(limits)
    # whoever lies above a threshold lies above all lower ones, too
    level = np.searchsorted(limits[order], given, side="left")
    true, false = np.empty(len(limits)), np.empty(len(limits))
    true[order], false[order] = shares_above(follow_up, level, len(limits), horizon)
    benefit: FloatArray = true - false * limits / (1 - limits)
    return benefit


def treat_all(follow_up: FollowUp, horizon: float, thresholds: npt.ArrayLike) -> FloatArray:
    """Net benefit (t,) of acting in everyone."""
    follow_up.check_horizon(horizon)
    everyone = np.ones(len(follow_up.time), dtype=np.bool_)
    true, false = share_with_event(follow_up, everyone, horizon)
    limits = np.asarray(thresholds, dtype=np.float64)
    benefit: FloatArray = true - false * limits / (1 - limits)
    return benefit


def share_with_event(follow_up: FollowUp, which: BoolArray, horizon: float) -> tuple[float, float]:
    """Shares of the whole sample that are marked and have the event by the horizon, or have not.

    Aalen-Johansen among the marked. (0, 0) where none is marked; NaN where their follow-up ends
    before the horizon with some of them still event-free.
    """
    true, false = shares_above(follow_up, which.astype(np.intp), 1, horizon)
    return float(true[0]), float(false[0])


def shares_above(
    follow_up: FollowUp, level: npt.NDArray[np.intp], n_levels: int, horizon: float
) -> tuple[FloatArray, FloatArray]:
    """(levels,) shares of those above each level with the event by the horizon, and without."""
    from models.metrics.decisions.nested_incidence import risks_of_nested

    times = follow_up.times
    marked, risk = risks_of_nested(
        follow_up.position,
        follow_up.counts,
        follow_up.event != CENSORED,
        follow_up.event == EVENT,
        level,
        n_levels,
        int(np.searchsorted(times, horizon, side="left")),
        int(np.searchsorted(times, horizon, side="right")),
    )
    share = marked / follow_up.size
    risk = np.where(marked > 0, risk, 0.0)
    return share * risk, share * (1 - risk)
