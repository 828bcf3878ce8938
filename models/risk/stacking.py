"""How much of each part goes into a cause's margin.

``f = a * linear + b * boosted`` with a, b >= 0 (stacked regressions with non-negative weights,
Breiman 1996, Machine Learning 24:49-64), fitted on out-of-fold margins: a part that overfits
predicts its held-out patients too boldly and is shrunk for it. The weight of the first part is
believed to lie about 1, since how far it shrinks was chosen by cross-validation already. Margins
out of fold are noisier than those of the fit on everybody, and weights allow for it.
Trees on top of a linear part have to earn two more, their weight and their number, and by the
stricter measure of `worth_of_parameter` each: of hundreds of numbers the one was chosen that does
best on these patients.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.contraction import contract
from models.learners.partial_likelihood import RiskSets, log_likelihood
from models.learners.trust_path import worth_of_parameter

BELIEVED, WIDTH = 1.0, 0.1  # mean and standard deviation of the first part's weight


def stack_weights_cox(margins: FloatArray, sets: RiskSets) -> FloatArray:
    """Non-negative weights (p,) of out-of-fold margins (n, p) by Cox partial likelihood."""

    def loss(weights: FloatArray) -> float:
        return -log_likelihood(sets, contract("ij,j->i", margins, weights)) / sets.n_events

    return _stack(loss, margins.shape[1], sets.n_events, _worth_of_part(sets.n_events))


def stack_weights_logistic(
    margins: FloatArray, occurred: npt.NDArray[np.bool_], weight: FloatArray | None = None
) -> FloatArray:
    """Non-negative weights (p,) and, last, the intercept, by the logistic likelihood.

    ``weight``: (n,) how often each patient counts, 1 where None.
    """
    sign = np.where(occurred, 1.0, -1.0)
    n = len(occurred) if weight is None else float(weight.sum())

    def loss(parameters: FloatArray) -> float:
        odds = contract("ij,j->i", margins, parameters[:-1]) + parameters[-1]
        return float(np.average(np.logaddexp(0.0, -sign * odds), weights=weight))

    share = float(np.average(occurred, weights=weight))
    worth = _worth_of_part(n * min(share, 1.0 - share))
    return _stack(loss, margins.shape[1], n, worth, np.log(share / (1.0 - share)))


def _worth_of_part(n_events: float) -> float:
    """Log likelihood that a further part has to gain: for its weight and for its number."""
    return 2.0 * worth_of_parameter(n_events)


def _stack(
    loss: Callable[[FloatArray], float],
    n_parts: int,
    n: float,
    worth: float,
    intercept: float | None = None,
) -> FloatArray:
    """Weights of the first part alone, or of all where the others gain ``worth``.

    ``loss`` is minus the log likelihood over ``n``, to which the belief in the first weight is
    added. An intercept, the last, is always fitted.
    """

    def believed(weights: FloatArray) -> float:
        return float(loss(weights) + 0.5 * ((weights[0] - BELIEVED) / WIDTH) ** 2 / n)

    def fit(free: int) -> FloatArray:
        without = np.zeros(n_parts - free)

        def of_few(few: FloatArray) -> float:
            return believed(np.concatenate([few[:free], without, few[free:]]))

        few = _minimise(of_few, free, intercept)
        return np.concatenate([few[:free], without, few[free:]])

    first, every = fit(1), fit(n_parts)
    return every if n * (believed(first) - believed(every)) >= worth else first


def settle_weights(weights: FloatArray, n_folds: int) -> FloatArray:
    """Weights (p,) for margins of the fit on everybody, from those of margins out of ``n_folds``.

    A margin that holds as much noise N beside what is true S deserves ``w = S / (S + N)``. Out of
    fold it comes from a share of ``1 - 1 / n_folds`` of the patients, so that N is as much larger.
    """
    share = 1.0 - 1.0 / n_folds
    return np.asarray(weights / (weights + share * (1.0 - weights)))


def _minimise(
    loss: Callable[[FloatArray], float], n_parts: int, intercept: float | None = None
) -> FloatArray:
    from scipy.optimize import minimize

    extra = [] if intercept is None else [intercept]
    start = np.array([1.0 / max(n_parts, 1)] * n_parts + extra)
    if not len(start):
        return start
    bounds = [(0.0, None)] * n_parts + [(None, None)] * len(extra)
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    return np.asarray(found.x, dtype=np.float64)
