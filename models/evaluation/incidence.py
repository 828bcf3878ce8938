"""Observed and predicted cumulative incidence over time, by group of predicted risk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.endpoint import Endpoint
from models.metrics.aalen_johansen import aalen_johansen
from models.metrics.calibration.level_and_slope import join_sparse_groups, risk_groups
from models.metrics.follow_up import FollowUp


def incidence_by_group(
    endpoint: Endpoint,
    risks: npt.ArrayLike,
    times: npt.ArrayLike,
    n_groups: int = 5,
    least_events: int = 0,
) -> pd.DataFrame:
    """Group (1 is the lowest risk), n, time (years), observed, lower, upper, predicted.

    ``risks`` (n, t) by ascending ``times`` (t,); groups of equal size by risk at the last time,
    neighbours joined until each holds ``least_events``. ``observed`` is the Aalen-Johansen risk
    with its 95 % interval, told at times between any two of which the group has ``least_events``,
    so that no step of a few events shows; elsewhere, and beyond the follow-up of the group, NaN.
    ``predicted`` is the mean risk; patients count as weighted, and limits are then NaN.
    """
    given, grid = np.asarray(risks, dtype=np.float64), np.asarray(times, dtype=np.float64)
    if given.shape != (len(endpoint), len(grid)):
        raise ValueError(f"risks must be {(len(endpoint), len(grid))}, got {given.shape}")
    has_event = FollowUp.of(endpoint).has_event_by(float(grid[-1]))
    group = join_sparse_groups(risk_groups(given[:, -1], n_groups), has_event, least_events)
    parts = []
    for number in range(group.max() + 1):
        members = group == number
        follow_up = FollowUp.of(endpoint.take(members))
        incidence = aalen_johansen(follow_up)
        told = _are_told(follow_up, grid, least_events)
        lower, upper = incidence.interval(grid)
        # counts that are weights say nothing of how sure the figure is
        unknown = 0.0 if endpoint.survey is None else np.nan
        parts.append(
            pd.DataFrame(
                {
                    "group": number + 1,
                    "n": int(members.sum()),
                    "time": grid,
                    "observed": np.where(told, incidence.at(grid), np.nan),
                    "lower": np.where(told, unknown + np.nan_to_num(lower), np.nan),
                    "upper": np.where(told, unknown + np.nan_to_num(upper), np.nan),
                    "predicted": np.average(given[members], axis=0, weights=follow_up.counts),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _are_told(follow_up: FollowUp, grid: FloatArray, least: int) -> BoolArray:
    """(t,) times at which the observed risk is told: from the last one back, ``least`` apart."""
    seen = [int(follow_up.has_event_by(time).sum()) for time in grid]
    told, further = np.zeros(len(grid), dtype=np.bool_), None
    for k in reversed(range(len(grid))):
        followed = grid[k] <= follow_up.times[-1]
        if followed and seen[k] >= least and (further is None or further - seen[k] >= least):
            told[k], further = True, seen[k]
    return told
