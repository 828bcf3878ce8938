"""Ridge-penalised Cox regression.

Written here because every fit of the stack needs dozens of warm-started fits on the same risk
sets; docs/decisions/0010 has the comparison with lifelines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from models.learners.partial_likelihood import RiskSets, information, log_likelihood, residuals
from models.learners.penalty_path import FloatArray, Fold, Terms

_MAX_STEPS = 100
EXACT, SEARCHING = 1e-14, 1e-9  # relative gain of the objective at which a fit ends
_STALE = 0.5  # a step that gains more than this share of the one before asks for a fresh Hessian


def fit_ridge_cox(
    covariates: FloatArray,
    sets: RiskSets,
    penalty: float | FloatArray,
    start: FloatArray | None = None,
    tolerance: float = EXACT,
    hessian: FloatArray | None = None,
    offset: FloatArray | float = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Coefficients (m,) that maximise ``log likelihood / events - sum(penalty / 2 * beta^2)``.

    ``covariates``: (n, m) standardised; ``offset``: (n,) enters the margin as it is. ``penalty`` is
    per event, so that one grid serves cohorts of any size, and may be one for each term (m,); an
    infinite one leaves the term out. Newton's method with step halving; a Hessian (m, m) of the
    likelihood, dearer than dozens of gradients, is kept for as long as steps with it gain quickly,
    and returned, so that a neighbouring fit can begin with it.
    """
    strength = np.broadcast_to(penalty, covariates.shape[1]) * sets.n_events
    free = np.flatnonzero(np.isfinite(strength))
    strength = strength[free]
    beta = np.zeros(len(free)) if start is None else start[free]

    def spread(of_free: FloatArray) -> FloatArray:
        whole = np.zeros(covariates.shape[1])
        whole[free] = of_free
        return whole

    def objective(beta: FloatArray, margin: FloatArray) -> float:
        return log_likelihood(sets, margin) - 0.5 * float(strength @ beta**2)

    margin = covariates @ spread(beta) + offset
    hessian = information(sets, covariates, margin) if hessian is None else hessian
    factor = cho_factor(hessian[np.ix_(free, free)] + np.diag(strength))
    current, gained = objective(beta, margin), np.inf
    for _ in range(_MAX_STEPS):
        gradient = (covariates.T @ residuals(sets, margin))[free] - strength * beta
        step = cho_solve(factor, gradient)
        along = covariates @ spread(step)
        following = objective(beta + step, margin + along)
        while not following >= current and np.abs(step).max(initial=0.0) > EXACT:
            step, along = step / 2, along / 2
            following = objective(beta + step, margin + along)
        before, gained = gained, following - current
        beta, margin, current = beta + step, margin + along, following
        if abs(gained) < tolerance * max(1.0, abs(current)):
            break
        if gained > _STALE * before:
            hessian = information(sets, covariates, margin)
            factor = cho_factor(hessian[np.ix_(free, free)] + np.diag(strength))
    return spread(beta), hessian


@dataclass
class CoxRegression:
    """Ridge Cox regression on the patients of ``sets``, for `models.learners.penalty_path`.

    The last Hessian of one fit serves the next.
    """

    terms: Terms
    sets: RiskSets
    everyone: RiskSets
    tolerance: float
    hessian: FloatArray | None = None

    def fit(self, penalties: FloatArray, start: FloatArray | None) -> FloatArray:
        """Coefficients (m,) under penalties (m,) per event."""
        values, offset = self.terms.values, self.terms.offset
        beta, self.hessian = fit_ridge_cox(
            values, self.sets, penalties, start, self.tolerance, self.hessian, offset
        )
        return beta

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
    """One cause of a cohort with times, to be regressed on terms."""

    def __init__(self, time: FloatArray, occurred: npt.NDArray[np.bool_]) -> None:
        self._time, self._occurred = time, occurred
        self._everyone = RiskSets(time, occurred)

    def on(self, terms: Terms, fold: Fold | None) -> CoxRegression:
        """The regression on the patients a fold leaves in, on all, exactly, where None."""
        if fold is None:
            return CoxRegression(terms, self._everyone, self._everyone, EXACT)
        sets = RiskSets(self._time, self._occurred, fold[0])
        return CoxRegression(terms, sets, self._everyone, SEARCHING)
