"""How much of each part goes into a cause's margin.

``f = a * linear + b * boosted`` with a, b >= 0 (stacked regressions with non-negative weights,
Breiman 1996, Machine Learning 24:49-64), fitted on out-of-fold margins: a part that overfits
predicts its held-out patients too boldly and is shrunk for it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.learners.partial_likelihood import RiskSets, log_likelihood

FloatArray = npt.NDArray[np.float64]


def stack_weights_cox(margins: FloatArray, sets: RiskSets) -> FloatArray:
    """Non-negative weights (p,) of out-of-fold margins (n, p) by Cox partial likelihood."""

    def loss(weights: FloatArray) -> float:
        margin = np.einsum("ij,j->i", margins, weights)
        return -log_likelihood(sets, margin) / sets.n_events

    return _minimise(loss, margins.shape[1])


def stack_weights_logistic(margins: FloatArray, occurred: npt.NDArray[np.bool_]) -> FloatArray:
    """Non-negative weights (p,) and, last, the intercept, by the logistic likelihood."""
    sign = np.where(occurred, 1.0, -1.0)

    def loss(parameters: FloatArray) -> float:
        odds = np.einsum("ij,j->i", margins, parameters[:-1]) + parameters[-1]
        return float(np.logaddexp(0.0, -sign * odds).mean())

    share = float(occurred.mean())
    return _minimise(loss, margins.shape[1], intercept=np.log(share / (1.0 - share)))


def _minimise(
    loss: Callable[[FloatArray], float], n_parts: int, intercept: float | None = None
) -> FloatArray:
    from scipy.optimize import minimize

    extra = [] if intercept is None else [intercept]
    start = np.array([1.0 / n_parts] * n_parts + extra)
    bounds = [(0.0, None)] * n_parts + [(None, None)] * len(extra)
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    return np.asarray(found.x, dtype=np.float64)
