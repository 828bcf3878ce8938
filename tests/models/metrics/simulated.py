"""Simulated cohorts whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import Endpoint


@dataclass(frozen=True)
class Simulated:
    """Constant cause-specific hazards: true risk by h is p (1 - exp(-(event + other) h))."""

    endpoint: Endpoint
    margin: FloatArray
    event_hazard: FloatArray
    other_hazard: float
    state: npt.NDArray[np.int8]
    time: FloatArray

    def risk(self, horizon: float) -> FloatArray:
        both = self.event_hazard + self.other_hazard
        return self.event_hazard / both * -np.expm1(-both * horizon)


def simulate(n: int, seed: int, competing: float = 0.03, censoring: float = 0.06) -> Simulated:
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n)
    hazard = 0.03 * np.exp(0.9 * margin)
    event = rng.exponential(1 / hazard)
    other = rng.exponential(1 / competing, n) if competing else np.full(n, np.inf)
    lost = rng.exponential(1 / censoring, n) if censoring else np.full(n, np.inf)
    time = np.minimum(event, other)
    state = np.where(event <= other, 1, 2).astype(np.int8)
    seen = np.minimum(time, lost)
    endpoint = Endpoint(seen, np.where(lost < time, 0, state))
    return Simulated(endpoint, margin, hazard, competing, state, time)


def rounded(endpoint: Endpoint, step: float = 1.0) -> Endpoint:
    """The same follow-up with many tied times."""
    return Endpoint(np.ceil(endpoint.time / step) * step, endpoint.event)


def endpoint_of(
    time: npt.ArrayLike, event: npt.ArrayLike, horizon: float | None = None
) -> Endpoint:
    """An endpoint from plain lists."""
    return Endpoint(np.asarray(time, np.float64), np.asarray(event, np.int8), horizon)
