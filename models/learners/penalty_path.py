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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
        return np.asarray(np.einsum("ij,j->i", self.values, beta) + self.offset)

    def scaled(self, scale: FloatArray) -> Terms:
        """The terms times a factor each."""
        limits = Limits(self.limits.rows * scale, self.limits.culprits)
        return replace(self, values=self.values * scale, limits=limits)

    def only(self, kept: npt.NDArray[np.intp]) -> Terms:
        """These terms alone."""
        return replace(self, values=self.values[:, kept])


class LinearTask(Protocol):
    """A penalised regression of one outcome on terms."""

    def fit(
        self,
        terms: Terms,
        rows: npt.NDArray[np.intp] | None,
        penalty: float,
        start: FloatArray | None,
    ) -> FloatArray:
        """Coefficients (m,) from the terms of these rows, of all patients where None."""

    def score(self, margin: FloatArray, fold: Fold) -> float:
        """Log likelihood that all patients' margins (n,), fitted without the fold, give it."""


@dataclass(frozen=True)
class PenaltyPath:
    """What cross-validation chose, its score, the out-of-fold margins (n,) and the final fit."""

    penalty: float
    adaptivity: float
    score: float
    out_of_fold: FloatArray
    coefficients: FloatArray


def choose_penalty(
    task: LinearTask,
    terms: Terms,
    terms_of_folds: Callable[[], Iterator[Terms]],
    folds: Sequence[Fold],
    penalties: Sequence[float],
    adaptivities: Sequence[float],
) -> PenaltyPath:
    """The best penalty and adaptivity by cross-validation, and coefficients from all patients.

    ``terms``: by a design learnt on all patients; ``terms_of_folds``: for each fold, the terms of
    all patients by a design learnt on the fold's own patients alone. The weights of an adaptive
    fit, too, are learnt on those alone.
    """
    grid = sorted(penalties, reverse=True)
    plain = _cross_validate(task, terms_of_folds, folds, grid, 0.0, None)
    paths = [plain]
    for adaptivity in sorted(set(adaptivities) - {0.0}):
        path = _cross_validate(task, terms_of_folds, folds, grid, adaptivity, plain.penalty)
        paths.append(path)
    best = max(paths, key=lambda path: path.score)
    scale = _scale(task, terms, None, best.adaptivity, plain.penalty)
    scaled = terms.scaled(scale)
    coefficients = _fit_within_directions(task, scaled, None, best.penalty, None) * scale
    return PenaltyPath(best.penalty, best.adaptivity, best.score, best.out_of_fold, coefficients)


@dataclass(frozen=True)
class _CrossValidated:
    penalty: float
    adaptivity: float
    score: float
    out_of_fold: FloatArray


def _cross_validate(
    task: LinearTask,
    terms_of_folds: Callable[[], Iterator[Terms]],
    folds: Sequence[Fold],
    grid: Sequence[float],
    adaptivity: float,
    plain_penalty: float | None,
) -> _CrossValidated:
    scores = np.zeros(len(grid))
    out_of_fold = np.zeros((len(grid), sum(len(validate) for _, validate in folds)))
    for fold, terms in zip(folds, terms_of_folds(), strict=True):
        scale = _scale(task, terms, fold[0], adaptivity, plain_penalty)
        scaled = terms.scaled(scale)
        beta: FloatArray | None = None
        for position, penalty in enumerate(grid):
            beta = _fit_within_directions(task, scaled, fold[0], penalty, beta)
            margin = scaled.margin(beta)
            scores[position] += task.score(margin, fold)
            out_of_fold[position, fold[1]] = margin[fold[1]]
    best = int(np.argmax(scores))
    return _CrossValidated(grid[best], adaptivity, float(scores[best]), out_of_fold[best])


def _scale(
    task: LinearTask,
    terms: Terms,
    rows: npt.NDArray[np.intp] | None,
    adaptivity: float,
    plain_penalty: float | None,
) -> FloatArray:
    if adaptivity == 0.0 or plain_penalty is None:
        return np.ones(terms.values.shape[1])
    size = np.abs(_fit_within_directions(task, terms, rows, plain_penalty, None))
    return np.asarray((size / max(size.max(initial=0.0), 1e-300) + LEAST_SCALE) ** adaptivity)


def _fit_within_directions(
    task: LinearTask,
    terms: Terms,
    rows: npt.NDArray[np.intp] | None,
    penalty: float,
    start: FloatArray | None,
) -> FloatArray:
    kept = np.arange(terms.values.shape[1])
    beta = task.fit(terms, rows, penalty, start)
    while len(against := _terms_against(beta, terms.limits, kept)):
        kept = np.setdiff1d(kept, against)
        fitted = task.fit(terms.only(kept), rows, penalty, beta[kept])
        beta = np.zeros(len(beta))
        beta[kept] = fitted
    return beta


def _terms_against(
    beta: FloatArray, limits: Limits, kept: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The kept terms that must go for limits to be held."""
    broken = limits.culprits[limits.rows @ beta < -_ROUNDING]
    return np.intersect1d(broken, kept)
