"""Reclassification: how a model moves patients, up or down, against another model.

Among patients with and without the event by the horizon the share that moves the right way less
the share that moves the wrong way (NRI), and the change in mean risk (IDI). Censoring: the
prospective form of Pencina, D'Agostino and Steyerberg 2011 (Stat Med 30:11), with Aalen-Johansen
risks among those who move, so that a competing event is no event; IDI with inverse-probability-of-
censoring weights.

Neither is a proper measure: a model that is merely overconfident or miscalibrated can gain in
both, and the sum of the two NRIs weighs events and non-events as if they were equally many. They
are reported because readers ask for them, with CAVEATS; net benefit and the Brier score decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.metrics.decisions.net_benefit import share_with_event, shares_above
from models.metrics.follow_up import FollowUp, check_risk

CAVEATS = {
    "nri_events": ("Rests on the categories, which are conventions; says nothing of calibration."),
    "nri_nonevents": (
        "Rests on the categories, which are conventions; says nothing of calibration."
    ),
    "continuous_nri_events": (
        "Counts any movement, however small; noise alone can make it positive (Hilden and Gerds "
        "2014, Stat Med 33:3405; Pepe et al. 2015, Stat Biosci 7:282)."
    ),
    "continuous_nri_nonevents": (
        "Counts any movement, however small; noise alone can make it positive (Hilden and Gerds "
        "2014, Stat Med 33:3405; Pepe et al. 2015, Stat Biosci 7:282)."
    ),
    "idi": (
        "Not a proper measure: overconfident risks raise it (Hilden and Gerds 2014, Stat Med "
        "33:3405). Read it beside the Brier score."
    ),
}
"""By metric, to stand beside every figure."""


@dataclass(frozen=True)
class Nri:
    """``events``: net share of patients with the event moved up; ``nonevents``: of others, down."""

    events: float
    nonevents: float


def categorical_nri(
    follow_up: FollowUp,
    risk: npt.ArrayLike,
    reference: npt.ArrayLike,
    horizon: float,
    categories: Sequence[float],
) -> Nri:
    """Movement between the categories that these ascending risks divide, (n,) risks.

    A risk equal to a boundary belongs to the category above it.
    """
    new, old = (
        np.searchsorted(np.asarray(categories), check_risk(follow_up, given), side="right")
        for given in (risk, reference)
    )
    return _net_movement(follow_up, new > old, new < old, horizon)


def continuous_nri(
    follow_up: FollowUp, risk: npt.ArrayLike, reference: npt.ArrayLike, horizon: float
) -> Nri:
    """Movement of any size, (n,) risks."""
    new, old = check_risk(follow_up, risk), check_risk(follow_up, reference)
    return _net_movement(follow_up, new > old, new < old, horizon)


def idi(
    follow_up: FollowUp, risk: npt.ArrayLike, reference: npt.ArrayLike, horizon: float
) -> float:
    """Gain in the distance between the mean risks of patients with and without the event."""
    change: FloatArray = check_risk(follow_up, risk) - check_risk(follow_up, reference)
    weight, event = follow_up.known_state_weights(horizon), follow_up.has_event_by(horizon)
    return _mean(change, weight * event) - _mean(change, weight * ~event)


def _net_movement(follow_up: FollowUp, up: BoolArray, down: BoolArray, horizon: float) -> Nri:
    follow_up.check_horizon(horizon)
    # who moves up is among everyone: one pass tells of both
    (all_event, up_event), (all_free, up_free) = shares_above(
        follow_up, 1 + up.astype(np.intp), 2, horizon
    )
    down_event, down_free = share_with_event(follow_up, down, horizon)
    return Nri(
        (up_event - down_event) / all_event if all_event > 0 else float("nan"),
        (down_free - up_free) / all_free if all_free > 0 else float("nan"),
    )


def _mean(values: FloatArray, weights: FloatArray) -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0 else float("nan")
