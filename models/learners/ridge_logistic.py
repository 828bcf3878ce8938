"""Ridge-penalised logistic regression for cohorts that record a yes or no by a fixed horizon.

Written here because scikit-learn's takes no offset, which what gaps leave open enters by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

from models.learners.penalty_path import FloatArray, Fold, Terms

_MAX_STEPS = 50
_EXACT = 1e-12  # relative gain of the objective at which a fit ends


@dataclass(frozen=True)
class LogisticRegression:
    """Ridge logistic regression on the patients a fold leaves in."""

    terms: Terms
    occurred: npt.NDArray[np.bool_]
    fold: Fold

    def fit(self, penalties: FloatArray, start: FloatArray | None) -> FloatArray:
        """Coefficients (m,) without the intercept, under penalties (m,) per event.

        An infinite penalty leaves the term out. ``start`` is not needed.
        """
        rows, free = self.fold[0], np.flatnonzero(np.isfinite(penalties))
        beta = np.zeros(len(penalties))
        beta[free] = fit_ridge_logistic(
            self.terms.values[np.ix_(rows, free)],
            self.occurred[rows],
            penalties[free],
            self.terms.offset[rows],
        )
        return beta

    def given(self, offset: FloatArray) -> LogisticRegression:
        """The same with an offset (n,) in all log odds."""
        return replace(self, terms=replace(self.terms, offset=offset))

    def score(self, margin: FloatArray) -> float:
        """Log likelihood of the fold's patients, with the intercept of the others."""
        rows, left_out = self.fold
        intercept = _intercept(margin[rows], self.occurred[rows])
        return _log_likelihood(margin[left_out] + intercept, self.occurred[left_out])


class LogisticTask:
    """A yes or no, to be regressed on terms."""

    def __init__(self, occurred: npt.NDArray[np.bool_]) -> None:
        self._occurred = occurred

    def on(self, terms: Terms, fold: Fold | None) -> LogisticRegression:
        """The regression on the patients a fold leaves in, on all where None."""
        everyone = np.arange(len(self._occurred))
        return LogisticRegression(terms, self._occurred, fold or (everyone, everyone[:0]))


def fit_ridge_logistic(
    covariates: FloatArray,
    occurred: npt.NDArray[np.bool_],
    penalty: float | FloatArray,
    offset: FloatArray,
) -> FloatArray:
    """Coefficients (m,) that maximise ``log likelihood / events - sum(penalty / 2 * beta^2)``.

    ``covariates``: (n, m) standardised; ``offset``: (n,) enters the log odds as it is; ``penalty``:
    one for all terms, or (m,). The intercept is not penalised and not returned. Newton's method
    with step halving.
    """
    design = np.concatenate([covariates, np.ones((len(covariates), 1))], axis=1)
    strength = np.zeros(design.shape[1])
    strength[:-1] = penalty * max(int(occurred.sum()), 1)
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
