"""The linear part of a margin of growth: a regression under a normal prior, as that of a hazard.

What is believed of its terms, how far that is trusted and what follows of directions is decided by
`models.learners.trust_path`, for all regressions alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.learners.prior import Gaussian
from models.learners.trust_path import Terms
from models.margins import root_of
from models.progression.law.likelihood import Slopes

# From a margin (n,) of the observations fitted on to their log likelihood and its slopes.
Likelihood = Callable[[FloatArray], Slopes]

_STEPS, _TOLERANCE = 30, 1e-5
_LEAST_CURVATURE = 0.02
_FREE = 1e-8  # precision of the level, of which nothing is believed


@dataclass(frozen=True)
class Observed:
    """Observations fitted on, or left out: their rows among the terms, and their likelihood."""

    rows: npt.NDArray[np.intp]
    likelihood: Likelihood

    def weights(self, margin: FloatArray) -> FloatArray:
        """What each says of the margin: its curvature, never so little that a step is wild."""
        return np.maximum(self.likelihood(margin).curvature, _LEAST_CURVATURE)


@dataclass
class GrowthRegression:
    """A margin of growth as `trust_path.Regression`; its level is fitted anew in every fit.

    ``near``: where that level was found last, and is looked for next.
    """

    terms: Terms
    inside: Observed
    left_out: Observed | None = None
    near: float | None = None

    @property
    def n_events(self) -> float:
        """Observations fitted on."""
        return float(len(self.inside.rows))

    def fit(self, prior: Gaussian, start: FloatArray | None, left_out: BoolArray) -> FloatArray:
        """Coefficients (m,) without the level under this prior; 0 for those ``left_out``."""
        rows, offset = self.inside.rows, self.terms.offset[self.inside.rows]
        terms, kept = self.terms.values[rows][:, ~left_out], np.flatnonzero(~left_out)
        own = Gaussian(prior.mean[kept], prior.precision[np.ix_(kept, kept)])

        def likelihood(margin: FloatArray) -> Slopes:
            return self.inside.likelihood(margin + offset)

        known = None
        if start is not None:
            level = self.level(self.terms.margin(start)) if self.near is None else self.near
            known = np.append(level, start[kept])
        beta = np.zeros(len(left_out))
        found = fit_penalised(terms, likelihood, own, known)
        self.near, beta[kept] = float(found[0]), found[1:]
        return beta

    def given(self, offset: FloatArray) -> GrowthRegression:
        """The same with an offset (n,) in every margin."""
        return replace(self, terms=replace(self.terms, offset=offset))

    def margin(self, beta: FloatArray) -> FloatArray:
        """Margins (n,) of all patients, or scans, by these coefficients (m,)."""
        return self.terms.margin(beta)

    def score(self, margin: FloatArray) -> float:
        """Log likelihood of the observations left out, at the level of the others."""
        assert self.left_out is not None
        level = self.level(margin)
        return float(self.left_out.likelihood(level + margin[self.left_out.rows]).value.sum())

    def gradient(self, margin: FloatArray) -> FloatArray:
        """Slope (m,) of the log likelihood along each coefficient, at margins (n,)."""
        rows = self.inside.rows
        first = self.inside.likelihood(self.level(margin) + margin[rows]).first
        return np.asarray(self.terms.values[rows].T @ first)

    def information(self, margin: FloatArray) -> FloatArray:
        """Of the coefficients (m, m) at margins (n,) without the level, which is left free."""
        terms, weight = self._weighed(margin)
        total = terms.T @ weight
        second = terms.T @ (weight[:, None] * terms)
        return np.asarray(second - np.outer(total, total) / weight.sum())

    def level(self, margin: FloatArray) -> float:
        """The level that is most likely beside margins (n,) of all observations."""
        rows = self.inside.rows

        def likelihood(level: FloatArray) -> Slopes:
            return self.inside.likelihood(level + margin[rows])

        nothing = Gaussian(np.zeros(0), np.zeros((0, 0)))
        near = None if self.near is None else np.array([self.near])
        self.near = float(fit_penalised(np.zeros((len(rows), 0)), likelihood, nothing, near)[0])
        return self.near

    def posterior_root(self, beta: FloatArray, covariance: FloatArray) -> FloatArray:
        """F (1 + m, 1 + m) with F F' the covariance of level and coefficients.

        ``covariance``: (m, m) of the coefficients (m,). The level is known as well as the
        observations tell it, and moves against the coefficients as it was fitted beside them.
        """
        terms, weight = self._weighed(self.terms.margin(beta))
        against = covariance @ (terms.T @ weight) / weight.sum()
        of_level = 1 / weight.sum() + against @ (terms.T @ weight) / weight.sum()
        both = np.block([[np.array([[of_level]]), -against[None, :]],
                         [-against[:, None], covariance]])  # fmt: skip
        return root_of(both)

    def _weighed(self, margin: FloatArray) -> tuple[FloatArray, FloatArray]:
        rows = self.inside.rows
        return self.terms.values[rows], self.inside.weights(self.level(margin) + margin[rows])


def fit_penalised(
    terms: FloatArray, likelihood: Likelihood, prior: Gaussian, start: FloatArray | None = None
) -> FloatArray:
    """Level and coefficients (1 + m,) of the terms (n, m); Newton's method, steps halved."""
    design = np.column_stack([np.ones(len(terms)), terms])
    precision = np.zeros((len(prior.mean) + 1, len(prior.mean) + 1))
    precision[0, 0], precision[1:, 1:] = _FREE, prior.precision
    mean = np.append(0.0, prior.mean)
    beta = mean.copy() if start is None else start.copy()

    def objective(slopes: Slopes, beta: FloatArray) -> float:
        off = beta - mean
        return float(slopes.value.sum() - 0.5 * off @ precision @ off)

    slopes = likelihood(design @ beta)
    current = objective(slopes, beta)
    for _ in range(_STEPS):
        weight = np.maximum(slopes.curvature, _LEAST_CURVATURE)
        gradient = design.T @ slopes.first - precision @ (beta - mean)
        hessian = (design * weight[:, None]).T @ design + precision
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
