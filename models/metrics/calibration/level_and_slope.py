"""Calibration in numbers: do as many patients have the event as the risks say?

Observed risk is the Aalen-Johansen estimate, so competing events and censoring count as they
should. The weak calibration figures (intercept, slope) regress the state at the horizon on the
predicted risk by direct binomial regression, on the complementary log-log scale, which for a
correct Cox or Fine-Gray model gives 0 and 1 (van Geloven et al. 2022, BMJ 377:e069249, do the
same with pseudo-values). In a cohort of yes/no at a fixed horizon the scale is the logit, and
they are the usual ones (Van Calster et al. 2019, BMC Med 17:230).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from models.metrics.aalen_johansen import aalen_johansen, observed_risk
from models.metrics.calibration.binomial_regression import Link, fit_binomial, link_risk
from models.metrics.follow_up import FollowUp, check_risk


def mean_risk(follow_up: FollowUp, risk: npt.ArrayLike) -> float:
    """Mean of the (n,) predicted risks in the sample."""
    return float(np.average(check_risk(follow_up, risk), weights=follow_up.counts))


def observed_over_expected(follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> float:
    """Observed by mean predicted risk: above 1 the risks are too low, below 1 too high."""
    expected = mean_risk(follow_up, risk)
    return observed_risk(follow_up, horizon) / expected if expected > 0 else float("nan")


def calibration_in_the_large(follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> float:
    """Intercept at a slope of 1 (ideally 0): above 0 the risks are too low."""
    link = calibration_link(follow_up)
    given = link_risk(check_risk(follow_up, risk), link)
    weight, outcome = follow_up.known_state_weights(horizon), follow_up.has_event_by(horizon)
    return float(fit_binomial(np.ones((len(given), 1)), outcome, weight, link, given, (0.0,))[0])


def calibration_slope(follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> float:
    """Slope of the state on the linked risk (ideally 1): below 1 the risks are too extreme.

    NaN where all risks are equal.
    """
    return float(calibration_line(follow_up, risk, horizon)[1])


def calibration_line(follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> FloatArray:
    """(2,) intercept and slope of the state on the linked risk; NaN where all risks are equal."""
    link = calibration_link(follow_up)
    given = link_risk(check_risk(follow_up, risk), link)
    if np.ptp(given) == 0:
        return np.full(2, np.nan)
    weight, outcome = follow_up.known_state_weights(horizon), follow_up.has_event_by(horizon)
    design = np.column_stack([np.ones(len(given)), given])
    return fit_binomial(design, outcome, weight, link, start=(0.0, 1.0))


def calibration_link(follow_up: FollowUp) -> Link:
    """The scale on which the calibration of this cohort is regressed."""
    return "cloglog" if follow_up.fixed_horizon is None else "logit"


def risk_groups(risk: npt.ArrayLike, n_groups: int) -> npt.NDArray[np.intp]:
    """(n,) group 0, 1, ... of each patient: equal in size, but equal risks stay together."""
    given = np.asarray(risk, dtype=np.float64)
    edges = np.unique(np.quantile(given, np.arange(1, n_groups) / n_groups, method="inverted_cdf"))
    return np.unique(np.searchsorted(edges, given, side="left"), return_inverse=True)[1]


def join_sparse_groups(
    label: npt.NDArray[np.intp], event: BoolArray, least: int
) -> npt.NDArray[np.intp]:
    """(n,) groups, from the lowest on joined until each holds ``least`` with the event.

    And as many without, unless all patients together have too few of either.
    """
    counts = np.stack([np.bincount(label, event), np.bincount(label, ~event)])
    joined, held, own = np.zeros(counts.shape[1], dtype=np.intp), np.zeros(2), 0
    for group in range(counts.shape[1]):
        rest = counts[:, group + 1 :].sum(axis=1)
        held = held + counts[:, group]
        joined[group] = own
        # what is left over at the end belongs to the last group that is full
        if (held >= least).all() and (rest >= least).all():
            own, held = own + 1, np.zeros(2)
    return joined[label]


def calibration_by_group(
    follow_up: FollowUp,
    risk: npt.ArrayLike,
    horizon: float,
    n_groups: int = 10,
    least_events: int = 0,
) -> pd.DataFrame:
    """A row per group of predicted risk: group, n, events, predicted, observed, lower, upper.

    ``events`` are those seen by the horizon, ``predicted`` the mean risk, ``observed`` the
    Aalen-Johansen risk in the group with its 95 % interval (without an event: 0 to the exact upper
    limit, Clopper and Pearson 1934, of those followed); NaN where the group's follow-up ends before
    the horizon, and limits where patients have weights. Neighbouring groups are joined until each
    holds ``least_events``.
    """
    given = check_risk(follow_up, risk)
    follow_up.check_horizon(horizon)
    has_event = follow_up.has_event_by(horizon)
    label = join_sparse_groups(risk_groups(given, n_groups), has_event, least_events)
    rows = []
    for group in range(label.max() + 1):
        members = label == group
        part = follow_up.take(members)
        incidence = aalen_johansen(part)
        reached = part.times[-1] >= horizon
        lower, upper = incidence.interval(horizon)
        events = int(has_event[members].sum())
        if not events:
            n_known = int((part.known_state_weights(horizon) > 0).sum()) if reached else 0
            lower, upper = np.zeros(1), np.full(1, 1 - 0.025 ** (1 / max(n_known, 1)))
        if not (part.counts == 1).all():
            # counts that are weights say nothing of how sure the figure is
            lower, upper = np.full(1, np.nan), np.full(1, np.nan)
        figures = [incidence.at(horizon), lower, upper]
        limits = [float(one.item()) if reached else np.nan for one in figures]
        predicted = np.average(given[members], weights=part.counts)
        rows.append([group + 1, len(part.time), events, predicted, *limits])
    columns = ["group", "n", "events", "predicted", "observed", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)
