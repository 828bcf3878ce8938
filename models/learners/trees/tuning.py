"""Settings of the boosted part that are tried, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

_RANGES: dict[str, tuple[float, float]] = {
    "learning_rate": (0.03, 0.15),
    "subsample": (0.5, 1.0),
    "colsample_bytree": (0.3, 1.0),
    "min_child_weight": (2.0, 50.0),
    "reg_lambda": (0.5, 50.0),
}
_ON_LOG_SCALE = ("learning_rate", "min_child_weight", "reg_lambda")
_DEPTHS = (1, 2, 3, 4)


def candidate_settings(
    defaults: Mapping[str, Any], n_trials: int, seed: int
) -> list[dict[str, Any]]:
    """The defaults and ``n_trials`` random draws around them; the same seed, the same list.

    Random search, since a handful of trials is all that shallow trees beside a linear part repay
    (Bergstra and Bengio 2012, JMLR 13:281-305).
    """
    draws = np.random.default_rng(seed)
    candidates = [dict(defaults)]
    for _ in range(n_trials):
        drawn: dict[str, Any] = {"max_depth": int(draws.choice(_DEPTHS))}
        for name, (low, high) in _RANGES.items():
            if name in _ON_LOG_SCALE:
                drawn[name] = float(np.exp(draws.uniform(np.log(low), np.log(high))))
            else:
                drawn[name] = float(draws.uniform(low, high))
        candidates.append({**defaults, **drawn})
    return candidates
