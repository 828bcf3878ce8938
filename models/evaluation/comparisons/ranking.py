"""Which of two risks ranks the same patients better, and nothing else: fast."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.bootstrap import percentile_interval, resample_counts
from models.metrics.concordance import Ranking, harrell_c
from models.metrics.follow_up import FollowUp


def compare_ranking(
    endpoint: Endpoint,
    risk: FloatArray,
    reference: FloatArray,
    horizon: float,
    seed: int,
    n_bootstrap: int,
) -> tuple[float, float, float]:
    """Harrell's C of the risks (n,) less that of the reference (n,), with its paired 95 % limits.

    The very figures that `evaluate_predictions` gives for the same seed. Raises HorizonError where
    the horizon (years) lies beyond follow-up.
    """
    follow_up = FollowUp.of(endpoint)
    first, second = (Ranking.of(follow_up, one) for one in (risk, reference))

    def lead(sample: FollowUp) -> float:
        return harrell_c(sample, first, horizon) - harrell_c(sample, second, horizon)

    resamples = resample_counts(endpoint, n_bootstrap, seed)
    draws = np.array([lead(follow_up.resample(counts)) for counts in resamples])
    lower, upper = percentile_interval(draws)
    return lead(follow_up), float(lower), float(upper)
