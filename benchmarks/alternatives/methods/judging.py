"""The loss of tuning: the integrated Brier score, proper for any method that predicts risk."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.brier import integrated_brier_score
from models.metrics.follow_up import FollowUp


def brier_loss(endpoint: Endpoint, risk: FloatArray, times: FloatArray) -> float:
    """Integrated Brier score of risks (n, t) by ``times``, as far as patients were watched."""
    follow_up = FollowUp.of(endpoint)
    watched = times <= follow_up.times.max()
    inside = np.clip(risk[:, watched], 0.0, 1.0)
    return integrated_brier_score(follow_up, inside, times[watched])
