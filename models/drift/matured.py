"""Calibration on a batch whose outcomes have matured: observed over expected, censoring allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from features.array_types import FloatArray
from features.endpoint import Endpoint
from features.errors import HorizonError
from models.drift.shift import Shift
from models.metrics.aalen_johansen import aalen_johansen
from models.metrics.follow_up import FollowUp
from models.metrics.horizons import usable_horizons

MIN_AT_RISK = 20
"""As in the stage evaluate: a horizon that fewer patients are followed up to says nothing."""

FEWEST_EXPECTED = 5
"""Expected events below which a ratio is not judged."""

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution
_NONE_SEEN = 3.689  # upper 97.5 % limit of a Poisson mean when nothing was counted


@dataclass(frozen=True)
class Matured:
    """``observed``: Aalen-Johansen risk by the horizon (years); ``expected``: mean predicted."""

    horizon: float
    n_patients: int
    n_events: int
    observed: float
    expected: float
    lower: float
    upper: float
    p_value: float

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    def to_shift(self) -> Shift:
        """The same as a test among the others."""
        said = (
            f"observed over expected {self.ratio:.2f} ({self.lower:.2f} to {self.upper:.2f}), "
            f"{self.n_events} events"
        )
        name = f"calibration by {self.horizon:g} years"
        size = abs(self.ratio - 1)
        return Shift("calibration", name, "calibration", size, 0.0, self.p_value, said)


def mature_horizons(endpoint: Endpoint, horizons: Sequence[float]) -> tuple[float, ...]:
    """The horizons (years) that enough of the batch was followed up to.

    Where none is, the longest whole year that is: a young batch can be judged by its first years.
    Empty where not even one year is.
    """
    try:
        return usable_horizons(endpoint, horizons, MIN_AT_RISK)[0]
    except HorizonError:
        if endpoint.is_fixed_horizon:
            return ()
        years = np.floor(FollowUp.of(endpoint).longest_horizon(MIN_AT_RISK))
        return (float(years),) if 1 <= years < max(horizons) else ()


def measure_matured(
    endpoint: Endpoint, predict: Callable[[Sequence[float]], FloatArray], horizons: Sequence[float]
) -> tuple[Matured, ...]:
    """Calibration in the large at each horizon that has matured and has events enough to judge.

    ``predict`` gives the (n, h) risks of the same patients by the given horizons.
    """
    mature = mature_horizons(endpoint, horizons)
    if not mature:
        return ()
    follow_up, risks = FollowUp.of(endpoint), predict(mature)
    measured = (_measure(follow_up, risks[:, k], horizon) for k, horizon in enumerate(mature))
    return tuple(one for one in measured if one is not None)


def _measure(follow_up: FollowUp, risk: FloatArray, horizon: float) -> Matured | None:
    expected = float(risk.mean())
    n_known = int((follow_up.known_state_weights(horizon) > 0).sum())
    if expected * n_known < FEWEST_EXPECTED:
        return None
    incidence = aalen_johansen(follow_up)
    observed = float(incidence.at(horizon))
    n_events = int(follow_up.has_event_by(horizon).sum())
    if observed == 0:
        upper = _NONE_SEEN / (expected * n_known)
        chance = float(np.exp(-expected * n_known))
        return Matured(horizon, len(risk), 0, 0.0, expected, 0.0, upper, chance)
    low, high = (float(limit) for limit in incidence.interval(horizon))
    chance = _chance(observed, expected, low, high)
    limits = low / expected, high / expected
    return Matured(horizon, len(risk), n_events, observed, expected, *limits, chance)


def _chance(observed: float, expected: float, low: float, high: float) -> float:
    """Two-sided p-value on the scale log(-log(risk)) on which the interval is symmetric."""
    from scipy.stats import norm

    scaled = [float(np.log(-np.log(risk))) for risk in (observed, expected, low, high)]
    error = abs(scaled[2] - scaled[3]) / (2 * _Z)
    return float(2 * norm.sf(abs(scaled[0] - scaled[1]) / error)) if error > 0 else 1.0
