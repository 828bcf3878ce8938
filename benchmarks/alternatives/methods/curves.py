"""From what libraries return to risks by given times."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.endpoint import EVENT, Endpoint


class BreslowRisk:
    """Risk from log relative hazards, by Breslow's baseline on the margins given."""

    def __init__(self, endpoint: Endpoint, margin: FloatArray) -> None:
        from models.learners.partial_likelihood import RiskSets

        sets = RiskSets(endpoint.time, endpoint.event == EVENT)
        self.times_ = sets.event_times[::-1]
        self.hazard_ = np.cumsum(sets.baseline_increments(margin)[::-1])

    def __call__(self, margin: FloatArray, times: FloatArray) -> FloatArray:
        """Risk (n, t) of patients with margins (n,)."""
        place = np.searchsorted(self.times_, times, side="right")
        hazard = np.r_[0.0, self.hazard_][place]
        return np.asarray(-np.expm1(-np.exp(margin)[:, None] * hazard))


def step_values(known: FloatArray, values: FloatArray, times: FloatArray) -> FloatArray:
    """Values (n, t) at ``times`` of steps (n, k) that begin at ``known``; 0 before the first."""
    place = np.searchsorted(known, times, side="right")
    padded = np.concatenate([np.zeros((len(values), 1)), values], axis=1)
    return np.asarray(padded[:, place])


def between_horizons(
    known: FloatArray, risks: FloatArray, endpoint: Endpoint, times: FloatArray
) -> FloatArray:
    """Risks (n, t) at ``times`` from risks (n, k) at a few horizons.

    Between two horizons each patient's cumulative hazard rises as that of the whole cohort does,
    which is how few horizons make a curve.
    """
    from models.metrics.aalen_johansen import aalen_johansen
    from models.metrics.follow_up import FollowUp

    everyone = aalen_johansen(FollowUp.of(endpoint))
    clock = -np.log1p(-np.minimum(everyone.at(np.r_[0.0, known]), 1 - 1e-9))
    hands = -np.log1p(-np.minimum(everyone.at(times), 1 - 1e-9))
    grown = np.maximum.accumulate(np.clip(risks, 0.0, 1 - 1e-9), axis=1)
    hazard = np.concatenate([np.zeros((len(risks), 1)), -np.log1p(-grown)], axis=1)
    return np.stack([-np.expm1(-np.interp(hands, clock, row)) for row in hazard])
