"""Chooses how far the prior of the linear part is trusted, by cross-validation.

Means and widths are trusted in steps, and a plain ridge is always among those tried, so that a
wrong prior costs no more than the choice. The hazard may nowhere point against the monotone
direction that the dictionary gives a feature: terms that would make it are left out, one round
after another, until none does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import groupby, repeat
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.learners.prior import Gaussian, TermPrior, Trust
from models.learners.shapes.linear_design import Limits

Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]

COVERING = 2.0
_ROUNDING = 1e-12
_MOST_ROUNDS, _SETTLED = 50, 1e-3  # rounds of a sparse fit; log hazard


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

    @property
    def n_events(self) -> float:
        """Events among the patients fitted on, weighted."""

    def fit(self, prior: Gaussian, start: FloatArray | None, left_out: BoolArray) -> FloatArray:
        """Coefficients (m,) under this prior; 0 for terms ``left_out`` (m,)."""

    def given(self, offset: FloatArray) -> Regression:
        """The same with an offset (n,) in every margin."""

    def margin(self, beta: FloatArray) -> FloatArray:
        """Margins (n,) of all patients by these coefficients (m,), for a score."""

    def score(self, margin: FloatArray) -> float:
        """Log likelihood that margins (n,) give the patients who were left out."""

    def gradient(self, margin: FloatArray) -> FloatArray:
        """Slope (m,) of their log likelihood along each coefficient, at margins (n,)."""

    def information(self, margin: FloatArray) -> FloatArray:
        """What the patients fitted on say of the coefficients (m, m), at margins (n,)."""


@dataclass(frozen=True)
class Believed:
    """A regression and what is believed of its terms."""

    regression: Regression
    prior: TermPrior

    def fit(self, trust: Trust, start: FloatArray | None = None) -> FloatArray:
        """Coefficients (m,) within their limits, under the prior trusted so far."""
        n_events = self.regression.n_events
        beta = self._fit_within_limits(self.prior.gaussian(trust, n_events), start)
        for _ in range(_MOST_ROUNDS if trust.sparse else 0):
            before = beta
            beta = self._fit_within_limits(self.prior.gaussian(trust, n_events, near=beta), beta)
            if np.abs(beta - before).max(initial=0.0) < _SETTLED:
                break
        return beta

    def _fit_within_limits(self, gaussian: Gaussian, start: FloatArray | None) -> FloatArray:
        left_out = np.zeros(len(gaussian.mean), bool)
        beta = self.regression.fit(gaussian, start, left_out)
        while (against := _against(beta, self.regression.terms.limits) & ~left_out).any():
            left_out |= against
            beta = self.regression.fit(gaussian, beta, left_out)
        return beta

    def covariance(self, trust: Trust, beta: FloatArray) -> FloatArray:
        """Of the coefficients (m, m) after these data, near ``beta`` (m,); 0 for terms left out.

        The posterior of a normal prior, unlike the sampling variance that a bootstrap estimates,
        holds the squared bias of shrinkage too, so that intervals from it cover the truth on
        average over patients, if the prior is as wide as the truth. Widths that predict best are
        narrower than those that cover: by ``COVERING``, measured in `benchmarks.true_reasons`
        (Nychka D (1988), JASA 83:1134-1143; Marra G and Wood SN (2012),
        Scandinavian Journal of Statistics 39:53-74).
        """
        precision = self.prior.gaussian(trust, self.regression.n_events, COVERING, beta).precision
        curvature = self.regression.information(self.regression.terms.margin(beta)) + precision
        free = np.flatnonzero(beta)
        covariance = np.zeros_like(curvature)
        covariance[np.ix_(free, free)] = np.linalg.inv(curvature[np.ix_(free, free)])
        return covariance

    def effective_parameters(self, trust: Trust, beta: FloatArray) -> float:
        """How many parameters the data were free to choose: trace of ``(H + P)^-1 H``.

        Gray RJ (1992), JASA 87:942-951.
        """
        data = self.regression.information(self.regression.terms.margin(beta))
        precision = self.prior.gaussian(trust, self.regression.n_events, near=beta).precision
        free = np.flatnonzero(beta)
        inner = np.ix_(free, free)
        return float(np.trace(np.linalg.solve((data + precision)[inner], data[inner])))


@dataclass(frozen=True)
class TrustPath:
    """The trust that was chosen, its score, and what was fitted with it.

    ``scores``: of every trust tried. ``coefficients``: (m,) from all patients; ``of_folds``: from
    those each fold leaves in.
    """

    trust: Trust
    score: float
    scores: tuple[tuple[Trust, float], ...]
    coefficients: FloatArray
    of_folds: tuple[FloatArray, ...]


def choose_trust(
    everyone: Believed,
    of_folds: Sequence[Believed],
    trusts: Sequence[Trust],
    pool: Executor,
) -> TrustPath:
    """The best trust by cross-validation, and coefficients from all patients.

    ``everyone``: on all patients; ``of_folds``: on those each fold leaves in, by terms that were
    learnt on them alone.
    """

    def fit(believed: Believed, trust: Trust, start: FloatArray | None) -> tuple[FloatArray, float]:
        beta = believed.fit(trust, start)
        regression = believed.regression
        return beta, regression.score(regression.margin(beta))

    tried: dict[Trust, tuple[float, tuple[FloatArray, ...]]] = {}
    found: tuple[FloatArray | None, ...] = (None,) * len(of_folds)
    for _, chain in groupby(trusts, _chain_of):
        before = -np.inf
        for trust in chain:
            fitted = list(pool.map(fit, of_folds, repeat(trust), found))
            found = betas = tuple(beta for beta, _ in fitted)
            score = float(sum(of_fold for _, of_fold in fitted))
            tried[trust] = score, betas
            # from narrow to wide the score rises to its best and falls
            if score < before:
                break
            before = score
    n_events = everyone.regression.n_events
    best = _choose({trust: score for trust, (score, _) in tried.items()}, n_events)
    score, of_best = tried[best]
    alike = all(len(beta) == len(everyone.prior.mean) for beta in of_best)
    start = np.mean(of_best, axis=0) if alike else None
    scores = tuple((trust, one) for trust, (one, _) in tried.items())
    return TrustPath(best, score, scores, everyone.fit(best, start), of_best)


def _chain_of(trust: Trust) -> tuple[float, bool, bool, bool]:
    return trust.mean, trust.penalty is None, trust.first_events, trust.sparse


def _choose(scores: Mapping[Trust, float], n_events: float) -> Trust:
    """The best; one that takes means as published, of recurrent events where they are, and what is
    not published as even, unless another is clearly better.

    Distrust has to gain what a parameter must: it is the best of several, and halves all at once
    what the data might contradict in one.
    """
    best = max(scores, key=scores.__getitem__)
    plain = [trust for trust in scores if not (trust.first_events or trust.sparse)]
    trusting = [trust for trust in plain if trust.mean == 1.0]
    first = max(trusting or plain or scores, key=scores.__getitem__)
    return best if scores[best] - scores[first] > worth_of_parameter(n_events) else first


def worth_of_parameter(n_events: float) -> float:
    """Log likelihood that a parameter chosen among many has to gain: half the logarithm of events.

    Volinsky CT and Raftery AE (2000), Biometrics 56:256-262.
    """
    return 0.5 * float(np.log(max(n_events, 1.0)))


def list_trusts(
    means: Sequence[float],
    widths: Sequence[float],
    penalties: Sequence[float],
    first_events: bool = False,
    sparse: bool = False,
) -> list[Trust]:
    """What is tried: each mean with each width, from the narrowest, and each ridge penalty.

    ``first_events``: what is published of these is tried, too, as it was published. ``sparse``: so
    is, with the first mean, that few effects beside are strong.
    """
    priors = [Trust(mean, width) for mean in means for width in sorted(widths)]
    if first_events and 1.0 in means:
        priors += [Trust(1.0, width, first_events=True) for width in sorted(widths)]
    if sparse:
        first = means[:1]
        priors += [Trust(mean, width, sparse=True) for mean in first for width in sorted(widths)]
    return priors + [Trust(penalty=penalty) for penalty in sorted(penalties, reverse=True)]


def _against(beta: FloatArray, limits: Limits) -> npt.NDArray[np.bool_]:
    """The terms (m,) that must go for limits to be held."""
    against = np.zeros(len(beta), bool)
    against[limits.culprits[limits.rows @ beta < -_ROUNDING]] = True
    return against
