"""Learns a fitted model's intervals from the patients it was fitted on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from features.array_types import FloatArray
from features.disclosure import SMALLEST_COUNT
from features.endpoint import AGE, EVENT, Endpoint
from features.errors import ModelError
from models.learners.prior import KNOWS_CALCIUM
from models.margins import root_of
from models.risk.cause_fitting import LINEAR, FittedLinear
from models.risk.risk_model import RiskModel
from models.uncertainty.risk_interval import RiskInterval

_MOMENTS = 20


def fit_uncertainty(model: RiskModel) -> RiskInterval:
    """Intervals for a fitted model, from the posterior of its linear part under its prior.

    Nothing is fitted again. How well the intervals cover is measured in
    `benchmarks/interval_coverage.py`. Raises ModelError where the model has no linear part.
    """
    event, predictor = model.causes_[0], model.predictor_
    linear = event.parts.get(LINEAR)
    if not isinstance(linear, FittedLinear):
        raise ModelError("Intervals come from the linear part, which this model does not have")
    # one BLAS thread: sums in another order would change the last bits with the machine
    with threadpool_limits(limits=1, user_api="blas"):
        covariance = linear.believed.covariance(linear.path.trust, linear.path.coefficients)
        factor = predictor.causes[0].linear_weight * root_of(covariance)
    years, events = _events_by(model.endpoint_, predictor.link.max_horizon)
    unrecorded = _find_unrecorded(model, linear.part.design.completion.used)
    return RiskInterval(predictor, factor, unrecorded, years, events)


def _find_unrecorded(model: RiskModel, used: npt.NDArray[np.intp]) -> dict[str, float]:
    """Variance of the margin that each published feature leaves open which no patient had."""
    recorded = {str(model.feature_names_in_[position]) for position in used}
    event = model.causes_[0].parts[LINEAR]
    assert isinstance(event, FittedLinear)
    priors = event.path.trust.of(model.priors_)
    found = {
        name: priors.open_variance(name, KNOWS_CALCIUM in recorded)
        for name in priors.by_feature
        if name not in recorded
    }
    return {name: variance for name, variance in found.items() if variance}


def _events_by(endpoint: Endpoint, end: float) -> tuple[FloatArray, FloatArray]:
    """Years up to the end, and the number of events by then that the level of risk is known from.

    In tens: two neighbouring counts tell of no single patient (docs/decisions/0027). Of a survey,
    the effective number. Where the time scale is age the years are ages.
    """
    occurred = endpoint.event == EVENT
    if endpoint.horizon is not None:
        share = float(np.average(occurred, weights=endpoint.weight))
        return np.array([endpoint.horizon]), np.array([endpoint.worth * share * (1.0 - share)])
    by_age = endpoint.time_scale == AGE
    begin = float(np.floor(endpoint.entered.min())) if by_age else 0.0
    years = np.linspace(begin, end, _MOMENTS + 1)[0 if by_age else 1 :]
    times = endpoint.stop if by_age else endpoint.time
    early = (occurred & (times <= year) for year in years)
    counts = np.array([endpoint.effective_events(EVENT, one) for one in early])
    return years, SMALLEST_COUNT * np.round(counts / SMALLEST_COUNT)
