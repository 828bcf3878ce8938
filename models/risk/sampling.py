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
from models.risk.predictor import CLOCK

_ONE_YEAR = 1.0  # ages are given in whole years


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
    alike = np.ptp(weights.at_risk) == 0
    if alike or not endpoint.case_cohort.has_all_of(cause):
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
    if endpoint.is_weighted:
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


def find_clock(X: pd.DataFrame, endpoint: Endpoint) -> str | None:
    """The feature that is the age at entry, where the time scale is age and X holds it.

    Hazards of ages need it to be read, and no part may learn from it what they hold already. Raises
    CohortError where it is missing of somebody or is another age than that of entry, and where a
    feature of another name is the age at entry.
    """
    if endpoint.time_scale != AGE:
        return None
    entered, problems = endpoint.entered, list[Problem]()
    for name in X.columns:
        unlike = ~(np.abs(X[name].to_numpy(np.float64) - entered) < _ONE_YEAR)
        if name == CLOCK and unlike.any():
            rule = "is missing, or is not the age at entry which the time scale counts"
            remedy = "Correct it or 'start', or count time from entry: leave out 'time_scale'"
            problems.append(Problem(CLOCK, rule, remedy, int(unlike.sum())))
        elif name != CLOCK and X[name].nunique() > 1 and not (unlike & X[name].notna()).any():
            rule = "is the age at entry, which the time scale counts already"
            problems.append(Problem(str(name), rule, f"Leave it out or call it '{CLOCK}'"))
    if problems:
        raise CohortError(problems, "features")
    return CLOCK if CLOCK in X.columns else None
