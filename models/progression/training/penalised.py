"""The linear part of a margin of growth: penalised towards what is published.

``log likelihood - sum(((beta - trust * mean) / width)^2) / (2 * looseness)``. Cross-validation
chooses how loose the prior is and whether the published means are trusted at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from features.array_types import FloatArray
from models.learners.linear import Limits
from models.margins.posterior import root_of
from models.progression.law.likelihood import Slopes

# From a margin (n,) of the observations fitted on to their log likelihood and its slopes.
Likelihood = Callable[[FloatArray], Slopes]

LOOSENESS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_STEPS, _TOLERANCE = 30, 1e-5
_LEAST_CURVATURE = 0.02
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Prior:
    """Mean and width (m,) of the coefficients."""

    mean: FloatArray
    width: FloatArray


def fit_penalised(
    terms: FloatArray,
    likelihood: Likelihood,
    prior: Prior,
    looseness: float,
    start: FloatArray | None = None,
) -> FloatArray:
    """Intercept and coefficients (1 + m,) of the terms (n, m); Newton's method, steps halved."""
    design, precision = _design(terms), _precision(prior, looseness)
    mean = np.concatenate([[0.0], prior.mean])
    beta = mean.copy() if start is None else start.copy()

    def objective(slopes: Slopes, beta: FloatArray) -> float:
        return float(slopes.value.sum() - 0.5 * precision @ (beta - mean) ** 2)

    slopes = likelihood(design @ beta)
    current = objective(slopes, beta)
    for _ in range(_STEPS):
        weight = np.maximum(slopes.curvature, _LEAST_CURVATURE)
        gradient = design.T @ slopes.first - precision * (beta - mean)
        hessian = (design * weight[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(hessian, gradient)
        for _ in range(12):
            following = likelihood(design @ (beta + step))
            reached = objective(following, beta + step)
            if reached >= current:
                break
            step = step / 2
        else:
            break
        gained, current = reached - current, reached
        beta, slopes = beta + step, following
        if gained < _TOLERANCE * max(1.0, abs(current)):
            break
    return np.asarray(beta)


def _design(terms: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(terms)), terms])


def _precision(prior: Prior, looseness: float) -> FloatArray:
    return np.concatenate([[1e-8], 1 / (looseness * prior.width**2)])


@dataclass(frozen=True)
class Fitted:
    """Intercept and coefficients (1 + m,), and a factor F of their posterior covariance F F'."""

    beta: FloatArray
    factor: FloatArray


def fit_within(
    terms: FloatArray,
    likelihood: Likelihood,
    prior: Prior,
    looseness: float,
    limits: Limits,
    start: FloatArray | None = None,
) -> Fitted:
    """`fit_penalised`, terms left out one after another until none points against its direction.

    The posterior is the normal one around its mode; of a term that is left out nothing is open.
    """
    width = prior.width.copy()
    while True:
        fixed = Prior(np.where(width > _ROUNDING, prior.mean, 0.0), width)
        beta = fit_penalised(terms, likelihood, fixed, looseness, start)
        against = limits.rows @ beta[1:] < -1e-9
        culprits = np.unique(limits.culprits[against])
        culprits = culprits[width[culprits] > _ROUNDING]
        if not len(culprits):
            design, precision = _design(terms), _precision(fixed, looseness)
            weight = np.maximum(likelihood(design @ beta).curvature, _LEAST_CURVATURE)
            hessian = (design * weight[:, None]).T @ design + np.diag(precision)
            return Fitted(beta, root_of(np.asarray(np.linalg.inv(hessian), np.float64)))
        width[culprits] = _ROUNDING
        start = beta


@dataclass(frozen=True)
class Task:
    """Terms (n, m) and log likelihood of the observations of one fold, or of all.

    ``held_out``: terms and likelihood of the observations that the fold leaves out.
    """

    terms: FloatArray
    likelihood: Likelihood
    prior: Prior
    limits: Limits
    held_out: tuple[FloatArray, Likelihood] | None = None


@dataclass(frozen=True)
class Chosen:
    """What cross-validation chose, its mean log likelihood, and each fold's coefficients."""

    looseness: float
    trust: float
    score: float
    of_folds: tuple[FloatArray, ...]


def choose_looseness(
    folds: Sequence[Task], loosenesses: Sequence[float] = LOOSENESS, trust: float = 1.0
) -> Chosen:
    """The looseness that gives held-out observations the highest likelihood, from tight to loose.

    Then, at that looseness, whether published means are better than none.
    """
    best: Chosen | None = None
    for looseness in sorted(loosenesses):
        found = _cross_validate(folds, looseness, trust, best)
        if best is not None and found.score < best.score:
            break
        best = found
    assert best is not None
    doubted = _cross_validate(folds, best.looseness, 0.0, best)
    return doubted if doubted.score > best.score else best


def _cross_validate(
    folds: Sequence[Task], looseness: float, trust: float, near: Chosen | None
) -> Chosen:
    fitted, score = [], 0.0
    for position, task in enumerate(folds):
        prior = Prior(trust * task.prior.mean, task.prior.width)
        start = None if near is None else near.of_folds[position]
        beta = fit_penalised(task.terms, task.likelihood, prior, looseness, start)
        assert task.held_out is not None
        terms, likelihood = task.held_out
        score += float(likelihood(beta[0] + terms @ beta[1:]).value.sum())
        fitted.append(beta)
    return Chosen(looseness, trust, score, tuple(fitted))
