"""How far the data pin down a linear margin: the posterior of a ridge regression.

A ridge penalty is a normal prior on the coefficients. Its posterior covariance, unlike the
sampling variance that a bootstrap estimates, holds the squared bias of shrinkage too, so that
intervals from it cover the truth on average over patients (Nychka D (1988), JASA 83:1134-1143;
Marra G and Wood SN (2012), Scandinavian Journal of Statistics 39:53-74). For that the prior must
be as wide as the truth: the penalty is the one under which the data are most probable, by
Laplace's approximation (MacKay DJC (1992), Neural Computation 4:415-447).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.learners.partial_likelihood import RiskSets, log_likelihood
from models.learners.partial_likelihood import information as cox_information
from models.learners.ridge_cox import fit_ridge_cox

FloatArray = npt.NDArray[np.float64]

# Per event, half as strong from one to the next: wide enough for 20 to 100,000 events.
PENALTIES: tuple[float, ...] = tuple(32.0 / 2.0**step for step in range(16))


class Likelihood(Protocol):
    """An outcome to be regressed on standardised terms (n, m)."""

    n_events: int

    def maximise(
        self,
        terms: FloatArray,
        penalty: float,
        start: FloatArray | None,
        information: FloatArray | None,
    ) -> tuple[FloatArray, FloatArray]:
        """Coefficients (m,) under a ridge penalty per event, and the margins (n,).

        ``start`` and ``information``: of a neighbouring penalty, to begin with.
        """

    def at(self, terms: FloatArray, margins: FloatArray) -> tuple[float, FloatArray]:
        """Log likelihood, and information (m, m) of the coefficients, at these margins."""


class CoxLikelihood:
    """The partial likelihood of one cause."""

    def __init__(self, time: FloatArray, occurred: npt.NDArray[np.bool_]) -> None:
        self._sets = RiskSets(time, occurred)
        self.n_events = self._sets.n_events

    def maximise(
        self,
        terms: FloatArray,
        penalty: float,
        start: FloatArray | None,
        information: FloatArray | None,
    ) -> tuple[FloatArray, FloatArray]:
        """Coefficients and margins of a ridge Cox regression."""
        beta, _ = fit_ridge_cox(terms, self._sets, penalty, start, hessian=information)
        return beta, np.einsum("ij,j->i", terms, beta)

    def at(self, terms: FloatArray, margins: FloatArray) -> tuple[float, FloatArray]:
        """Log partial likelihood and its negative Hessian."""
        return log_likelihood(self._sets, margins), cox_information(self._sets, terms, margins)


class LogisticLikelihood:
    """Yes or no by a fixed horizon; the intercept is not penalised, and profiled out."""

    def __init__(self, occurred: npt.NDArray[np.bool_]) -> None:
        self._occurred = occurred
        self.n_events = int(occurred.sum())

    def maximise(
        self,
        terms: FloatArray,
        penalty: float,
        start: FloatArray | None,
        information: FloatArray | None,
    ) -> tuple[FloatArray, FloatArray]:
        """Coefficients and margins, intercept included, of a ridge logistic regression."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1.0 / (penalty * self.n_events), solver="newton-cholesky")
        model.fit(terms, self._occurred)
        beta = np.asarray(model.coef_[0], dtype=np.float64)
        return beta, np.einsum("ij,j->i", terms, beta) + float(model.intercept_[0])

    def at(self, terms: FloatArray, margins: FloatArray) -> tuple[float, FloatArray]:
        """Log likelihood, and the information left when the intercept is free."""
        chance = 1.0 / (1.0 + np.exp(-margins))
        weight = chance * (1.0 - chance)
        total = terms.T @ weight
        second = terms.T @ (weight[:, None] * terms)
        sign = np.where(self._occurred, -1.0, 1.0)
        likelihood = -float(np.logaddexp(0.0, sign * margins).sum())
        return likelihood, second - np.outer(total, total) / weight.sum()


@dataclass(frozen=True)
class Posterior:
    """Coefficients' mean (m,) and covariance (m, m), the penalty per event and the log evidence."""

    mean: FloatArray
    covariance: FloatArray
    penalty: float
    evidence: float


def most_probable_posterior(likelihood: Likelihood, terms: FloatArray) -> Posterior:
    """The posterior under the penalty, of ``PENALTIES``, with the largest evidence.

    ``terms``: (n, m) standardised. The search goes from strong to weak and ends at the peak.
    """
    n_terms = terms.shape[1]
    best: Posterior | None = None
    peak, start, data = -np.inf, None, None
    for penalty in PENALTIES:
        beta, margins = likelihood.maximise(terms, penalty, start, data)
        fit, data = likelihood.at(terms, margins)
        strength = penalty * likelihood.n_events
        curvature = data + strength * np.eye(n_terms)
        volume = n_terms * np.log(strength) - float(np.linalg.slogdet(curvature)[1])
        evidence = fit - 0.5 * strength * float(beta @ beta) + 0.5 * volume
        if best is not None and evidence <= peak:
            break
        best = Posterior(beta, np.asarray(np.linalg.inv(curvature), np.float64), penalty, evidence)
        peak, start = evidence, beta
    assert best is not None
    return best
