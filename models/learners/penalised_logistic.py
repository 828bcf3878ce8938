"""Logistic regression under a normal prior, for cohorts that record a yes or no by a horizon.

Written here because scikit-learn's takes no offset, which what gaps leave open enters by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

from features.array_types import BoolArray, FloatArray
from models.learners.prior import Gaussian
from models.learners.trust_path import Fold, Terms

_MAX_STEPS = 50
_EXACT = 1e-12  # relative gain of the objective at which a fit ends


@dataclass(frozen=True)
class LogisticRegression:
    """Logistic regression on the patients a fold leaves in; ``weight``: (n,)."""

    terms: Terms
    occurred: npt.NDArray[np.bool_]
    fold: Fold
    weight: FloatArray

    def fit(self, prior: Gaussian, start: FloatArray | None, left_out: BoolArray) -> FloatArray:
        """Coefficients (m,) without the intercept under this prior; 0 for those ``left_out``.

        ``start`` is not needed.
        """
        rows = self.fold[0]
        return fit_penalised_logistic(
            self.terms.values[rows],
            self.occurred[rows],
            prior,
            self.terms.offset[rows],
            left_out,
            self.weight[rows],
        )

    @property
    def n_events(self) -> float:
        """Events among the patients fitted on, weighted."""
        rows = self.fold[0]
        return float(self.weight[rows] @ self.occurred[rows])

    def gradient(self, margin: FloatArray) -> FloatArray:
        """Slope (m,) of the log likelihood along each coefficient, at margins (n,)."""
        rows = self.fold[0]
        margin, occurred, weight = margin[rows], self.occurred[rows], self.weight[rows]
        odds = margin + balancing_intercept(margin, occurred, weight)
        unexpected = occurred - 1.0 / (1.0 + np.exp(-odds))
        return np.asarray(self.terms.values[rows].T @ (weight * unexpected))

    def information(self, margin: FloatArray) -> FloatArray:
        """Of the coefficients (m, m) at margins (n,) without the intercept, which is left free."""
        rows = self.fold[0]
        terms, margin = self.terms.values[rows], margin[rows]
        odds = margin + balancing_intercept(margin, self.occurred[rows], self.weight[rows])
        chance = 1.0 / (1.0 + np.exp(-odds))
        weight = self.weight[rows] * chance * (1.0 - chance)
        total = terms.T @ weight
        second = terms.T @ (weight[:, None] * terms)
        return np.asarray(second - np.outer(total, total) / weight.sum())

    def given(self, offset: FloatArray) -> LogisticRegression:
        """The same with an offset (n,) in all log odds."""
        return replace(self, terms=replace(self.terms, offset=offset))

    def margin(self, beta: FloatArray) -> FloatArray:
        """Margins (n,) of all patients, or scans, by these coefficients (m,)."""
        return self.terms.margin(beta)

    def score(self, margin: FloatArray) -> float:
        """Log likelihood of the fold's patients, with the intercept of the others."""
        rows, left_out = self.fold
        intercept = balancing_intercept(margin[rows], self.occurred[rows], self.weight[rows])
        odds = margin[left_out] + intercept
        return _log_likelihood(odds, self.occurred[left_out], self.weight[left_out])


class LogisticTask:
    """A yes or no, to be regressed on terms; ``weight``: (n,), 1 where None."""

    def __init__(self, occurred: npt.NDArray[np.bool_], weight: FloatArray | None = None) -> None:
        self._occurred = occurred
        self._weight = np.ones(len(occurred)) if weight is None else weight

    def on(self, terms: Terms, fold: Fold | None) -> LogisticRegression:
        """The regression on the patients a fold leaves in, on all where None."""
        everyone = np.arange(len(self._occurred))
        fold = fold or (everyone, everyone[:0])
        return LogisticRegression(terms, self._occurred, fold, self._weight)


def fit_penalised_logistic(
    covariates: FloatArray,
    occurred: npt.NDArray[np.bool_],
    prior: Gaussian,
    offset: FloatArray,
    left_out: BoolArray | None = None,
    weight: FloatArray | None = None,
) -> FloatArray:
    """Coefficients (m,) that maximise log likelihood plus log density of the prior.

    ``covariates``: (n, m); ``offset``: (n,) enters the log odds as it is; the coefficients of terms
    that are ``left_out`` (m,) stay 0; a ``weight`` (n,) of two is two patients. The intercept has
    no prior and is not returned. Newton's method with step halving.
    """
    n_terms = covariates.shape[1]
    weight = np.ones(len(covariates)) if weight is None else weight
    design = np.concatenate([covariates, np.ones((len(covariates), 1))], axis=1)
    precision = np.zeros((n_terms + 1, n_terms + 1))
    precision[:-1, :-1] = prior.precision
    precision[-1, -1] = _EXACT
    centre = np.append(prior.mean, 0.0)
    kept = np.ones(n_terms + 1, bool) if left_out is None else np.append(~left_out, True)
    free = np.flatnonzero(kept)
    beta = np.zeros(n_terms + 1)
    beta[-1] = balancing_intercept(offset, occurred, weight)

    def objective(candidate: FloatArray) -> float:
        likelihood = _log_likelihood(design @ candidate + offset, occurred, weight)
        return likelihood + prior.log_density(candidate[:-1])

    current = objective(beta)
    for _ in range(_MAX_STEPS):
        expected = 1.0 / (1.0 + np.exp(-(design @ beta + offset)))
        gradient = design.T @ (weight * (occurred - expected)) - precision @ (beta - centre)
        weighted = design * (weight * expected * (1.0 - expected))[:, None]
        curvature = (weighted.T @ design + precision)[np.ix_(free, free)]
        step = np.zeros(n_terms + 1)
        step[free] = solve(curvature, gradient[free], assume_a="pos")
        following = objective(beta + step)
        while not following >= current and np.abs(step).max() > _EXACT:
            step = step / 2
            following = objective(beta + step)
        gained = following - current
        beta, current = beta + step, following
        if gained < _EXACT * max(1.0, abs(current)):
            break
    return beta[:-1]


def _log_likelihood(odds: FloatArray, occurred: npt.NDArray[np.bool_], weight: FloatArray) -> float:
    return -float((weight * np.logaddexp(0.0, np.where(occurred, -odds, odds))).sum())


def balancing_intercept(
    margin: FloatArray, occurred: npt.NDArray[np.bool_], weight: FloatArray
) -> float:
    """The intercept at which as many events are expected as occurred."""
    from scipy.optimize import brentq

    happened = (weight * occurred).sum()

    def excess(intercept: float) -> float:
        chance = 1.0 / (1.0 + np.exp(-(margin + intercept)))
        return float((weight * chance).sum() - happened)

    return float(brentq(excess, -50.0, 50.0))
