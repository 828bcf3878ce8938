"""Cox regression under a normal prior, of which the ridge penalty is the plainest.

Written here because every fit of the stack needs dozens of warm-started fits on the same risk
sets; docs/decisions/0010 has the comparison with lifelines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from features.array_types import BoolArray, FloatArray
from models.learners.partial_likelihood import (
    OwnWeights,
    RiskSets,
    information,
    log_likelihood,
    residuals,
)
from models.learners.prior import Gaussian
from models.learners.sampled_information import sampled_information
from models.learners.trust_path import Fold, Terms

Covariates = FloatArray | npt.NDArray[np.float32]

_MAX_STEPS = 100
EXACT, SEARCHING = 1e-14, 1e-9  # relative gain of the objective at which a fit ends
_STALE = 0.5  # a step that gains more than this share of the one before asks for a fresh Hessian


def fit_penalised_cox(
    covariates: Covariates,
    sets: RiskSets,
    prior: Gaussian,
    start: FloatArray | None = None,
    tolerance: float = EXACT,
    hessian: FloatArray | None = None,
    offset: FloatArray | float = 0.0,
    left_out: BoolArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Coefficients (m,) that maximise log partial likelihood plus log density of the prior.

    ``covariates``: (n, m); ``offset``: (n,) enters the margin as it is; the coefficients of terms
    that are ``left_out`` (m,) stay 0. Newton's method with step halving; a Hessian (m, m) of the
    likelihood, dearer than dozens of gradients, is kept for as long as steps with it gain quickly,
    and returned, so that a neighbouring fit can begin with it. Covariates in single precision are
    half as much to read; what is gained is always worked out in double precision.
    """
    single = covariates.dtype
    n_terms = covariates.shape[1]
    free = np.arange(n_terms) if left_out is None else np.flatnonzero(~left_out)
    beta = np.zeros(n_terms)
    if start is not None:
        beta[free] = start[free]

    def factorise(hessian: FloatArray) -> tuple[FloatArray, bool]:
        curvature = (hessian + prior.precision)[np.ix_(free, free)]
        return cho_factor(curvature)

    margin = np.asarray(covariates @ beta.astype(single), np.float64) + offset
    hessian = information(sets, covariates, margin) if hessian is None else hessian
    factor = factorise(hessian)
    current = log_likelihood(sets, margin) + prior.log_density(beta)
    gained = np.inf
    for _ in range(_MAX_STEPS):
        pull = prior.precision @ (beta - prior.mean)
        step = np.zeros(n_terms)
        gradient = covariates.T @ residuals(sets, margin).astype(single) - pull
        step[free] = cho_solve(factor, gradient[free])
        along = np.asarray(covariates @ step.astype(single), np.float64)
        while True:
            following = log_likelihood(sets, margin + along) + prior.log_density(beta + step)
            if following >= current or np.abs(step).max(initial=0.0) <= EXACT:
                break
            step, along = step / 2, along / 2
        before, gained = gained, following - current
        beta, margin, current = beta + step, margin + along, following
        if abs(gained) < tolerance * max(1.0, abs(current)):
            break
        if gained > _STALE * before:
            hessian = information(sets, covariates, margin)
            factor = factorise(hessian)
    return beta, hessian


@dataclass(frozen=True)
class Searched:
    """Patients as a fit need read them that is not exact: their terms in single precision.

    ``rows``: (n,) positions among all patients, first of those a fold leaves in, in the order of
    their risk sets ``sets``, then of those it leaves out; ``values``: (n, m).
    """

    rows: npt.NDArray[np.intp]
    values: npt.NDArray[np.float32]
    sets: RiskSets

    @property
    def n_fitted(self) -> int:
        """How many are left in."""
        return len(self.sets.order)

    def margin(self, beta: FloatArray, offset: FloatArray) -> FloatArray:
        """Margins (n,) of all patients by these coefficients (m,)."""
        margin = np.empty(len(self.rows))
        margin[self.rows] = self.values @ beta.astype(np.float32)
        return margin + offset


@dataclass
class CoxRegression:
    """Cox regression on the patients of ``sets``, for `models.learners.trust_path`.

    ``searched``: where a fit need not be exact. The last Hessian of one fit serves the next.
    """

    terms: Terms
    sets: RiskSets
    everyone: RiskSets
    searched: Searched | None = None
    hessian: FloatArray | None = None

    def fit(self, prior: Gaussian, start: FloatArray | None, left_out: BoolArray) -> FloatArray:
        """Coefficients (m,) under this prior; 0 for terms ``left_out`` (m,)."""
        values: Covariates = self.terms.values
        sets, offset, tolerance = self.sets, self.terms.offset, EXACT
        if self.searched is not None:
            n, sets, tolerance = self.searched.n_fitted, self.searched.sets, SEARCHING
            values, offset = self.searched.values[:n], offset[self.searched.rows[:n]]
        beta, self.hessian = fit_penalised_cox(
            values, sets, prior, start, tolerance, self.hessian, offset, left_out
        )
        return beta

    def margin(self, beta: FloatArray) -> FloatArray:
        """Margins (n,) of all patients by these coefficients (m,)."""
        if self.searched is None:
            return self.terms.margin(beta)
        return self.searched.margin(beta, self.terms.offset)

    @property
    def n_events(self) -> float:
        """Events among the patients fitted on, weighted."""
        return self.sets.n_events

    def gradient(self, margin: FloatArray) -> FloatArray:
        """Slope (m,) of the log partial likelihood along each coefficient, at margins (n,)."""
        return np.asarray(self.terms.values.T @ residuals(self.sets, margin))

    def information(self, margin: FloatArray) -> FloatArray:
        """What the log partial likelihood says of the coefficients (m, m), at margins (n,)."""
        return sampled_information(self.sets, self.terms.values, margin)

    def given(self, offset: FloatArray) -> CoxRegression:
        """The same with an offset (n,) in every margin."""
        return replace(self, terms=replace(self.terms, offset=offset))

    def score(self, margin: FloatArray) -> float:
        """``loglik(all) - loglik(those fitted on)`` of margins (n,).

        Cross-validated partial likelihood (Verweij and van Houwelingen 1993, Statistics in
        Medicine 12:2305-2314): informative even where a fold holds few events.
        """
        return log_likelihood(self.everyone, margin) - log_likelihood(self.sets, margin)


class CoxTask:
    """One cause of a cohort with times, to be regressed on terms; as `RiskSets` has it."""

    def __init__(
        self,
        time: FloatArray,
        occurred: npt.NDArray[np.bool_],
        start: FloatArray | None = None,
        weight: FloatArray | None = None,
        own: OwnWeights | None = None,
    ) -> None:
        self._time, self._occurred, self._start, self._weight = time, occurred, start, weight
        self._own = own
        self._everyone = self._sets(None)

    def _sets(self, rows: npt.NDArray[np.intp] | None) -> RiskSets:
        return RiskSets(self._time, self._occurred, rows, self._start, self._weight, self._own)

    def _alone(self, rows: npt.NDArray[np.intp]) -> RiskSets:
        """The risk sets of these patients, whose positions are their own."""
        start, weight = (
            None if given is None else given[rows] for given in (self._start, self._weight)
        )
        own = None if self._own is None else self._own.take(rows)
        return RiskSets(self._time[rows], self._occurred[rows], None, start, weight, own)

    def on(self, terms: Terms, fold: Fold | None) -> CoxRegression:
        """The regression on the patients a fold leaves in, on all, exactly, where None."""
        if fold is None:
            return CoxRegression(terms, self._everyone, self._everyone)
        sets = self._sets(fold[0])
        rows = np.concatenate([sets.order, fold[1]])
        searched = Searched(rows, terms.values.astype(np.float32)[rows], self._alone(sets.order))
        return CoxRegression(terms, sets, self._everyone, searched)
