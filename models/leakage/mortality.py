"""What age alone does: how well it may foretell an event, and how closely follow-up goes with it.

Age is the one column that is known of everyone and that foretells death as no marker does; in a
cohort of all ages it alone may have a C-index of 0.85.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.leakage.inspected_cohort import rank

AGE = "age"

DOUBLING_YEARS = 6.5
"""Mortality doubles every 7 to 8 years of age (Gompertz; Finch 1990, Science 249:902); some causes
of death rise a little faster."""

_SLOPE = np.log(2) / DOUBLING_YEARS
_PAIRS = 200_000


def c_index_of_age(age: FloatArray, endpoint: Endpoint) -> float:
    """C-index of age, were the hazard to double every 6.5 years: the mean over usable pairs.

    Of two patients a years apart the elder has the event first with odds of 2 ** (a / 6.5).
    """
    draws = np.random.default_rng(0)
    first, second = draws.integers(0, len(age), (2, _PAIRS))
    sooner = (endpoint.time[first] < endpoint.time[second]) & (endpoint.event[first] == 1)
    apart = np.abs(age[first] - age[second])[sooner]
    apart = apart[np.isfinite(apart)]
    return float(1 / (1 + np.exp(-_SLOPE * apart)).mean()) if len(apart) else 0.5


def correlation_of_age(age: FloatArray, time: FloatArray) -> float:
    """Rank correlation, at most 0, of age with follow-up, were death alone to end it.

    Deaths are drawn for the (n,) ages, and cut off at the longest ``time``; their level is the one
    that gives the mean length of follow-up.
    """
    known = np.isfinite(age)
    years = age[known] - np.mean(age[known])
    draws = np.random.default_rng(0).exponential(1, int(known.sum()))
    longest, mean = float(time.max()), float(time.mean())

    def follow(level: float) -> FloatArray:
        rate = np.exp(level + _SLOPE * years)
        lived: FloatArray = np.minimum(np.log1p(draws * _SLOPE / rate) / _SLOPE, longest)
        return lived

    low, high = -20.0, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if follow(middle).mean() > mean else (low, middle)
    return min(0.0, float(rank(years) @ rank(follow((low + high) / 2))))
