"""Ridge-penalised logistic regression for cohorts that record a yes or no by a fixed horizon.

Written here because scikit-learn's takes no offset, which what gaps leave open enters by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

from models.learners.penalty_path import FloatArray, Fold, Terms

_MAX_STEPS = 50
_EXACT = 1e-12  # relative gain of the objective at which a fit ends


class LogisticTask:
    """Ridge logistic regression, for `models.learners.penalty_path`; the penalty is per event."""

    def __init__(self, occurred: npt.NDArray[np.bool_]) -> None:
        self.occurred = occurred

    def fit(
        self,
        terms: Terms,
        rows: npt.NDArray[np.intp] | None,
        penalty: float,
        start: FloatArray | None,
    ) -> FloatArray:
        """Coefficients (m,) without the intercept; ``start`` is not needed."""
        chosen = slice(None) if rows is None else rows
        return fit_ridge_logistic(
            terms.values[chosen], self.occurred[chosen], penalty, terms.offset[chosen]
        )

    def score(self, margin: FloatArray, fold: Fold) -> float:
        """Log likelihood of the fold's patients, with the intercept of the others."""
        fit_rows, validate_rows = fold
        intercept = _intercept(margin[fit_rows], self.occurred[fit_rows])
        return _log_likelihood(margin[validate_rows] + intercept, self.occurred[validate_rows])


def fit_ridge_logistic(
    covariates: FloatArray, occurred: npt.NDArray[np.bool_], penalty: float, offset: FloatArray
) -> FloatArray:
    """Coefficients (m,) that maximise ``log likelihood / events - penalty / 2 * |beta|^2``.

    ``covariates``: (n, m) standardised; ``offset``: (n,) enters the log odds as it is. The
    intercept is not penalised and not returned. Newton's method with step halving.
    """
    design = np.concatenate([covariates, np.ones((len(covariates), 1))], axis=1)
    strength = np.full(design.shape[1], penalty * max(int(occurred.sum()), 1))
    strength[-1] = 0.0
    beta = np.zeros(design.shape[1])
    beta[-1] = _intercept(offset, occurred)

    def objective(candidate: FloatArray) -> float:
        likelihood = _log_likelihood(design @ candidate + offset, occurred)
        return likelihood - 0.5 * float(candidate @ (strength * candidate))

    current = objective(beta)
    for _ in range(_MAX_STEPS):
        expected = 1.0 / (1.0 + np.exp(-(design @ beta + offset)))
        gradient = design.T @ (occurred - expected) - strength * beta
        weighted = design * (expected * (1.0 - expected))[:, None]
        step = solve(weighted.T @ design + np.diag(strength + _EXACT), gradient, assume_a="pos")
        following = objective(beta + step)
        while not following >= current and np.abs(step).max() > _EXACT:
            step = step / 2
            following = objective(beta + step)
        gained = following - current
        beta, current = beta + step, following
        if gained < _EXACT * max(1.0, abs(current)):
            break
    return beta[:-1]


def _log_likelihood(odds: FloatArray, occurred: npt.NDArray[np.bool_]) -> float:
    return -float(np.logaddexp(0.0, np.where(occurred, -odds, odds)).sum())


def _intercept(margin: FloatArray, occurred: npt.NDArray[np.bool_]) -> float:
    """The intercept at which as many events are expected as occurred."""
    from scipy.optimize import brentq

    def excess(intercept: float) -> float:
        return float((1.0 / (1.0 + np.exp(-(margin + intercept)))).sum() - occurred.sum())

    return float(brentq(excess, -50.0, 50.0))
