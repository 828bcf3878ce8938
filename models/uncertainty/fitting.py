"""Learns a fitted model's intervals from the patients it was fitted on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from features.disclosure import SMALLEST_COUNT
from features.endpoint import EVENT, Endpoint
from models.learners.bends import Bends
from models.learners.linear import LinearDesign, LinearPart
from models.risk.predictor import RiskPredictor
from models.uncertainty.evidence import (
    CoxLikelihood,
    Likelihood,
    LogisticLikelihood,
    most_probable_posterior,
)
from models.uncertainty.risk_interval import RiskInterval

FloatArray = npt.NDArray[np.float64]

_MOMENTS = 20


def fit_uncertainty(predictor: RiskPredictor, X: pd.DataFrame, endpoint: Endpoint) -> RiskInterval:
    """Intervals for ``predictor``, from features (n, p) and endpoint of its development patients.

    Nothing is refitted but one ridge regression of the event: about two seconds for 20,000
    patients. How well the intervals cover is measured in `benchmarks/interval_coverage.py`.
    """
    if len(X) != len(endpoint):
        raise ValueError(f"X has {len(X)} patients, the endpoint {len(endpoint)}")
    seen = predictor.see(X)
    occurred = endpoint.event == EVENT
    bent = LinearDesign.learn(predictor.completion, seen)
    likelihood: Likelihood = LogisticLikelihood(occurred)
    if not endpoint.is_fixed_horizon:
        likelihood = CoxLikelihood(endpoint.time, occurred)
    # one BLAS thread: sums in another order would change the last bits with the machine
    with threadpool_limits(limits=1, user_api="blas"):
        found = [
            (design, most_probable_posterior(likelihood, design.terms(seen)))
            for design in (replace(bent, bends=Bends.none()), bent)
        ]
        design, posterior = max(found, key=lambda pair: pair[1].evidence)
        coefficients = _factor(posterior.covariance)
    slopes = posterior.mean[: len(predictor.completion.used)]
    part = LinearPart(design, posterior.mean, slopes, posterior.penalty)
    years, events = _events_by(endpoint, predictor.link.max_horizon)
    return RiskInterval(predictor, part, coefficients, years, events)


def _factor(covariance: FloatArray) -> FloatArray:
    """F with F F' = covariance; also where that is only semi-definite."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _events_by(endpoint: Endpoint, end: float) -> tuple[FloatArray, FloatArray]:
    """Years up to the end, and the number of events by then that the level of risk is known from.

    In tens: two neighbouring counts tell of no single patient (docs/decisions/0027).
    """
    occurred = endpoint.event == EVENT
    if endpoint.horizon is not None:
        share = float(occurred.mean())
        return np.array([endpoint.horizon]), np.array([len(endpoint) * share * (1.0 - share)])
    years = np.linspace(0.0, end, _MOMENTS + 1)[1:]
    counts = np.searchsorted(np.sort(endpoint.time[occurred]), years, side="right")
    return years, SMALLEST_COUNT * np.round(counts / SMALLEST_COUNT)
