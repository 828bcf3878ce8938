"""Ridge-penalised Cox regression.

Written here because every fit of the stack needs dozens of warm-started fits on the same risk
sets; docs/decisions/0010 has the comparison with lifelines.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from models.learners.partial_likelihood import RiskSets, information, log_likelihood, score
from models.learners.penalty_path import FloatArray, Fold, Terms

_MAX_STEPS = 30
EXACT, SEARCHING = 1e-14, 1e-6  # relative gain of the objective at which a fit ends
_STALE = 0.1  # a step that gains more than this share of the one before asks for a fresh Hessian


def fit_ridge_cox(
    covariates: FloatArray,
    sets: RiskSets,
    penalty: float,
    start: FloatArray | None = None,
    tolerance: float = EXACT,
    hessian: FloatArray | None = None,
    offset: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Coefficients (m,) that maximise ``log likelihood / events - penalty / 2 * |beta|^2``.

    ``covariates``: (n, m) standardised, in the order of the patients of ``sets``; ``offset``: (n,)
    enters the margin as it is. ``penalty`` is per event, so that one grid serves cohorts of any
    size. Newton's method with step halving; the Hessian, m times as dear as the gradient, is kept
    for as long as steps with it gain quickly, and returned, so that a fit with a neighbouring
    penalty can begin with it.
    """
    ordered = covariates[sets.order]
    offset = np.zeros(len(covariates)) if offset is None else offset
    ordered_offset = offset[sets.order]
    beta = np.zeros(covariates.shape[1]) if start is None else start.copy()
    strength = penalty * sets.n_events

    def objective(candidate: FloatArray) -> float:
        margin = np.einsum("ij,j->i", covariates, candidate) + offset
        return log_likelihood(sets, margin) - 0.5 * strength * float(candidate @ candidate)

    current, gained, factor = objective(beta), np.inf, None
    for _ in range(_MAX_STEPS):
        margin = np.einsum("ij,j->i", ordered, beta) + ordered_offset
        if hessian is None:
            hessian, factor = information(sets, ordered, margin), None
        factor = factor or cho_factor(hessian + strength * np.eye(len(beta)))
        step = cho_solve(factor, score(sets, ordered, margin) - strength * beta)
        following = objective(beta + step)
        while not following >= current and np.abs(step).max() > EXACT:
            step = step / 2
            following = objective(beta + step)
        before, gained = gained, following - current
        beta, current = beta + step, following
        if abs(gained) < tolerance * max(1.0, abs(current)):
            break
        if gained > _STALE * before:
            hessian = None
    return beta, information(sets, ordered, margin) if hessian is None else hessian


class CoxTask:
    """Ridge Cox regression of one cause, for `models.learners.penalty_path`."""

    def __init__(self, time: FloatArray, occurred: npt.NDArray[np.bool_]) -> None:
        self.time, self.occurred = time, occurred
        self.everyone = RiskSets(time, occurred)
        self._cached: tuple[bytes, RiskSets] = (b"", self.everyone)
        self._hessian: FloatArray | None = None
        self._fitted_on: tuple[FloatArray | None, RiskSets | None] = (None, None)

    def fit(
        self,
        terms: Terms,
        rows: npt.NDArray[np.intp] | None,
        penalty: float,
        start: FloatArray | None,
    ) -> FloatArray:
        """Coefficients from the terms of these rows, of all patients where None."""
        if rows is None:
            return fit_ridge_cox(terms.values, self.everyone, penalty, start, offset=terms.offset)[
                0
            ]
        sets = self._sets(rows)
        same = self._fitted_on[0] is terms.values and self._fitted_on[1] is sets
        hessian = self._hessian if same else None
        beta, self._hessian = fit_ridge_cox(
            terms.values[rows], sets, penalty, start, SEARCHING, hessian, terms.offset[rows]
        )
        self._fitted_on = (terms.values, sets)
        return beta

    def score(self, margin: FloatArray, fold: Fold) -> float:
        """``loglik(all) - loglik(without the fold)`` of margins fitted without the fold.

        Cross-validated partial likelihood (Verweij and van Houwelingen 1993, Statistics in
        Medicine 12:2305-2314): informative even where a fold holds few events.
        """
        fit_rows = fold[0]
        without = log_likelihood(self._sets(fit_rows), margin[fit_rows])
        return log_likelihood(self.everyone, margin) - without

    def _sets(self, rows: npt.NDArray[np.intp]) -> RiskSets:
        key = rows.tobytes()
        if self._cached[0] != key:
            self._cached = (key, RiskSets(self.time[rows], self.occurred[rows]))
        return self._cached[1]
