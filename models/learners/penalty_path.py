"""Chooses how strongly, and how unequally, the terms of the linear part are shrunk.

A plain ridge shrinks all terms alike, which among a hundred terms of which a score matter costs
much of what cross-validation can see. An adaptive ridge (weights after Zou 2006, JASA
101:1418-1429) scales each term by the size of its coefficient in a first, plain fit, to a power:
what mattered little at first is shrunk harder in the second. Power 0 is the plain ridge and is
always among those tried.

The hazard may nowhere point against the monotone direction that the dictionary gives a feature:
terms that would make it are left out, one round after another, until none does.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.learners.linear import Limits

FloatArray = npt.NDArray[np.float64]
Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]

LEAST_SCALE = 0.02
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Terms:
    """Linear terms (n, m) of all patients, and the limits of their coefficients.

    ``offset``: (n,) enters every margin as it is.
    """

    values: FloatArray
    limits: Limits
    offset: FloatArray

    def margin(self, beta: FloatArray) -> FloatArray:
        """Margins (n,) by these coefficients (m,)."""
        return np.asarray(self.values @ beta + self.offset)


class Regression(Protocol):
    """A penalised regression of one outcome on the terms of some of the patients."""

    @property
    def terms(self) -> Terms:
        """The terms of all patients."""

    def fit(self, penalties: FloatArray, start: FloatArray | None) -> FloatArray:
        """Coefficients (m,) under penalties (m,) per event; an infinite one leaves a term out."""

    def score(self, margin: FloatArray) -> float:
        """Log likelihood that margins (n,) give the patients who were left out."""


@dataclass(frozen=True)
class PenaltyPath:
    """What cross-validation chose, its score, the out-of-fold margins (n,) and the final fit."""

    penalty: float
    adaptivity: float
    score: float
    out_of_fold: FloatArray
    coefficients: FloatArray


def choose_penalty(
    everyone: Regression,
    of_folds: Sequence[Regression],
    folds: Sequence[Fold],
    penalties: Sequence[float],
    adaptivities: Sequence[float],
    pool: Executor,
) -> PenaltyPath:
    """The best penalty and adaptivity by cross-validation, and coefficients from all patients.

    ``everyone``: on all patients; ``of_folds``: on those each fold leaves in, by terms that were
    learnt on them alone. The weights of an adaptive fit, too, are learnt on those alone.
    """
    grid = np.array(sorted(penalties, reverse=True))
    equal = [np.ones(regression.terms.values.shape[1]) for regression in of_folds]
    plain = _cross_validate(of_folds, folds, grid, equal, 0.0, pool)
    paths = [plain]
    for adaptivity in sorted(set(adaptivities) - {0.0}):
        weights = [_adapted(beta, adaptivity) for beta in plain.coefficients]
        paths.append(_cross_validate(of_folds, folds, grid, weights, adaptivity, pool))
    best = max(paths, key=lambda path: path.score)
    n_terms = everyone.terms.values.shape[1]
    first = _fit_within_directions(everyone, np.full(n_terms, plain.penalty), None)
    final = _fit_within_directions(everyone, best.penalty * _adapted(first, best.adaptivity), first)
    return PenaltyPath(best.penalty, best.adaptivity, best.score, best.out_of_fold, final)


@dataclass(frozen=True)
class _CrossValidated:
    """``coefficients``: of each fold, at the best penalty."""

    penalty: float
    adaptivity: float
    score: float
    out_of_fold: FloatArray
    coefficients: list[FloatArray]


def _cross_validate(
    of_folds: Sequence[Regression],
    folds: Sequence[Fold],
    grid: FloatArray,
    weights: Sequence[FloatArray],
    adaptivity: float,
    pool: Executor,
) -> _CrossValidated:
    def follow(regression: Regression, weight: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        path: list[FloatArray] = []
        for penalty in grid:
            start = path[-1] if path else None
            path.append(_fit_within_directions(regression, penalty * weight, start))
        return np.array([regression.score(regression.terms.margin(beta)) for beta in path]), path

    scores, paths = zip(*pool.map(follow, of_folds, weights), strict=True)
    total = np.sum(scores, axis=0)
    best = int(np.argmax(total))
    coefficients = [path[best] for path in paths]
    out_of_fold = np.zeros(sum(len(left_out) for _, left_out in folds))
    for regression, (_, left_out), beta in zip(of_folds, folds, coefficients, strict=True):
        out_of_fold[left_out] = regression.terms.margin(beta)[left_out]
    return _CrossValidated(
        float(grid[best]), adaptivity, float(total[best]), out_of_fold, coefficients
    )


def _adapted(beta: FloatArray, adaptivity: float) -> FloatArray:
    """How much harder each term (m,) is shrunk, given the coefficients of a plain fit."""
    size = np.abs(beta)
    scale = (size / max(size.max(initial=0.0), 1e-300) + LEAST_SCALE) ** adaptivity
    return np.asarray(scale**-2.0)


def _fit_within_directions(
    regression: Regression, penalties: FloatArray, start: FloatArray | None
) -> FloatArray:
    beta = regression.fit(penalties, start)
    while (against := _against(beta, regression.terms.limits) & np.isfinite(penalties)).any():
        penalties = np.where(against, np.inf, penalties)
        beta = regression.fit(penalties, beta)
    return beta


def _against(beta: FloatArray, limits: Limits) -> npt.NDArray[np.bool_]:
    """The terms (m,) that must go for limits to be held."""
    against = np.zeros(len(beta), bool)
    against[limits.culprits[limits.rows @ beta < -_ROUNDING]] = True
    return against
