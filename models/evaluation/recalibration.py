"""Local recalibration: the event's margin shifted and stretched, its baseline and ranking kept.

For cohorts with follow-up the new event hazard is h0(t) exp(intercept + slope f(x)), fitted by the
full likelihood given the model's own baseline h0 (Crowson, Atkinson and Therneau 2016, Stat Methods
Med Res 25:1692); the competing cause gets an intercept alone, since the absolute risk rests on it
too. For a yes/no cohort it is logistic recalibration (Steyerberg 2019, Clinical Prediction Models,
2nd ed., section 15.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import COMPETING, EVENT, Endpoint
from features.errors import CohortError, Problem, TooFewEventsError
from models.risk.absolute_risk import CompetingRisksLink, Link
from models.risk.sampling import weights_of_fit

MIN_EVENTS = 20
"""With fewer events the intercept alone has a standard error above 0.22: a fifth of the risk."""

_MAX_STEPS = 50
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Recalibration:
    """``intercept`` and ``slope`` of the event's margin, ``competing`` intercept; standard errors.

    ``n`` patients with ``events`` it was fitted on. 0, 1 and 0 leave the model as it is.
    """

    intercept: float
    slope: float
    competing: float
    errors: tuple[float, float, float]
    n: int
    events: int

    def risk(self, margins: FloatArray, link: Link, horizons: tuple[float, ...]) -> FloatArray:
        """Risk (n, h) from the model's margins (n, k)."""
        shifted = margins.copy()
        shifted[:, 0] = self.intercept + self.slope * margins[:, 0]
        shifted[:, 1 : link.n_causes] += self.competing
        return link.risk(shifted, horizons)

    def to_frame(self) -> pd.DataFrame:
        """Columns: parameter, estimate, lower, upper (95 %), n, events."""
        rows = []
        values = (self.intercept, self.slope, self.competing)
        names = ("intercept", "slope", "competing_intercept")
        for name, value, error in zip(names, values, self.errors, strict=True):
            limits = value - _Z * error, value + _Z * error
            rows.append([name, value, *limits, self.n, self.events])
        columns = ["parameter", "estimate", "lower", "upper", "n", "events"]
        return pd.DataFrame(rows, columns=columns)


def fit_recalibration(margins: FloatArray, link: Link, endpoint: Endpoint) -> Recalibration:
    """Fit on margins (n, k) and endpoint of the same patients.

    Follow-up beyond the model's own is not used, that beyond the ages known neither where margins
    hold ages; patients count as weighted. Raises
    TooFewEventsError, and CohortError where entry was delayed.
    """
    if endpoint.is_delayed:
        rule = "a model cannot be recalibrated on patients whose entry was delayed"
        remedy = "Judge the model as it is, without --recalibrate"
        raise CohortError([Problem("start", rule, remedy)], "endpoint")
    begun = np.zeros(len(margins))
    if margins.shape[1] > link.n_causes:
        begun = margins[:, link.n_causes]
    known = link.max_horizon - begun
    time = np.minimum(endpoint.time, known)
    seen = endpoint.time <= known
    event = seen & (endpoint.event == EVENT)
    n_events = int(event.sum())
    if n_events < MIN_EVENTS:
        raise TooFewEventsError(
            f"Recalibration would rest on {n_events} events; {MIN_EVENTS} or more are needed. "
            "Give it a larger part, or judge the model as it is"
        )
    fitted = weights_of_fit(endpoint)
    counts = np.ones(len(margins)) if fitted is None else fitted
    design = np.column_stack([np.ones(len(margins)), margins[:, 0]])
    if not isinstance(link, CompetingRisksLink):
        start = link.risk(np.zeros((1, 1)), [link.max_horizon])[0, 0]
        offset = np.log(start / (1 - start))
        offsets = np.full(len(margins), offset)
        beta, errors = _fit(design, event, offsets, counts, logistic=True)
        return Recalibration(*beta, 0.0, (*errors, 0.0), len(margins), n_events)
    lived = link.baseline.at(begun + time) - link.baseline.at(begun)
    cumulative = np.maximum(lived, 1e-12)
    beta, errors = _fit(design, event, np.log(cumulative[0]), counts)
    competing, error = 0.0, 0.0
    other = seen & (endpoint.event == COMPETING)
    if link.n_causes > 1 and other.any():
        expected = float((counts * cumulative[1] * np.exp(margins[:, 1])).sum())
        happened = float(counts @ other)
        sampled = endpoint.case_cohort is not None
        worth = endpoint.effective_events(COMPETING, other) if sampled else happened
        competing, error = float(np.log(happened / expected)), 1 / float(np.sqrt(worth))
    return Recalibration(*beta, competing, (*errors, error), len(margins), n_events)


def _fit(
    design: FloatArray,
    event: np.ndarray[tuple[int], np.dtype[np.bool_]],
    offset: FloatArray,
    counts: FloatArray,
    logistic: bool = False,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Newton's method for the Poisson form of the hazard likelihood, or the logistic one."""
    beta = np.array([0.0, 1.0])
    for _ in range(_MAX_STEPS):
        predictor = np.clip(design @ beta + offset, -50, 50)
        mean = 1 / (1 + np.exp(-predictor)) if logistic else np.exp(predictor)
        weight = counts * (mean * (1 - mean) if logistic else mean)
        information = (design * weight[:, None]).T @ design
        step = np.clip(np.linalg.solve(information, design.T @ (counts * (event - mean))), -1, 1)
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return (float(beta[0]), float(beta[1])), (float(errors[0]), float(errors[1]))
