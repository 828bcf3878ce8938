"""What weights and delayed entry of an endpoint make of its causes, for the fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import AGE, COMPETING, EVENT, Endpoint
from features.errors import CohortError, Problem
from models.learners.partial_likelihood import OwnWeights
from models.risk.absolute_risk import CompetingRisksLink, Link
from models.risk.cause_fitting import FittedCause, Outcome


def causes_of(endpoint: Endpoint) -> list[FittedCause]:
    """The event and, where it is recorded, the competing event, as learners see them."""
    timed = not endpoint.is_fixed_horizon
    causes = [FittedCause("event", _outcome_of(endpoint, EVENT))]
    if timed and endpoint.n_competing:
        causes.append(FittedCause("competing", _outcome_of(endpoint, COMPETING)))
    return causes


def _outcome_of(endpoint: Endpoint, cause: int) -> Outcome:
    occurred, timed = endpoint.event == cause, not endpoint.is_fixed_horizon
    start = endpoint.entered if endpoint.is_delayed else None
    if endpoint.case_cohort is None or not timed:
        return Outcome(endpoint.stop, occurred, timed, start, weights_of_fit(endpoint))
    weights = endpoint.weights_of(cause)
    scale = endpoint.effective_events(cause, occurred) / float(weights.events[occurred].sum())
    if not endpoint.case_cohort.has_all_of(cause) or np.ptp(weights.at_risk) == 0:
        alike = np.ptp(weights.at_risk) == 0
        constant = None if alike else weights.at_risk * scale
        return Outcome(endpoint.stop, occurred, timed, start, constant)
    own = OwnWeights(weights.at_event, weights.events * scale)
    return Outcome(endpoint.stop, occurred, timed, start, weights.at_risk, own)


def weights_of_fit(endpoint: Endpoint) -> FloatArray | None:
    """(n,) weights that add up to the number of patients they are worth; None where all are equal.

    So that likelihood and prior, and likelihoods and what they must gain, stay in proportion: as
    many patients as a population has would drown the prior, though nobody has seen them.
    """
    survey = endpoint.survey
    if survey is None or np.ptp(survey.weight) == 0:
        return None
    return np.asarray(survey.weight * (endpoint.worth / survey.weight.sum()))


def describe_sample(endpoint: Endpoint, link: Link) -> dict[str, Any]:
    """What is said of weights, case-cohort samples and delayed entry, where there are any."""
    said: dict[str, Any] = {}
    if endpoint.survey is not None:
        said["weighted_to"] = float(endpoint.weight.sum())
        said["effective_patients"] = endpoint.worth
    if design := endpoint.case_cohort:
        said["case_cohort"] = {
            "method": design.method,
            "cases": design.cases,
            "subcohort": int(design.subcohort.sum()),
            "drawn": design.drawn,
            "effective_events": endpoint.effective_events(EVENT, endpoint.event == EVENT),
        }
    if endpoint.is_delayed and isinstance(link, CompetingRisksLink):
        said["time_scale"] = endpoint.time_scale
        said["hazards_known_from"] = link.baseline.begin
    return said


def refuse_age_twice(X: pd.DataFrame, endpoint: Endpoint) -> None:
    """Raise CohortError where a feature is the age at entry, which the time scale counts."""
    if endpoint.time_scale != AGE:
        return
    entered = endpoint.entered
    same = [
        str(name)
        for name in X.columns
        if X[name].nunique() > 1 and (np.abs(X[name] - entered).fillna(0.0) < 1.0).all()
    ]
    if same:
        rule = "is the age at entry, which the time scale counts already"
        remedy = "Leave it out of the features"
        raise CohortError([Problem(name, rule, remedy) for name in same], "features")
