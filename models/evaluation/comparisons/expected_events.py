"""How many events a group should show by the model, and how far from that what it shows lies.

Whether a ratio of observed to expected can be tested depends on the number expected: a group that
should have forty events and has four is no small group, but a badly served one. Choosing groups by
the number observed alone would leave out the very groups in which the risks are much too high.
"""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.endpoint import COMPETING, Endpoint
from models.evaluation.comparisons.paired_risks import Figures
from models.metrics.follow_up import FollowUp

_RATIO = "observed_over_expected"
_NEARLY_ONE = 1 - 1e-9


def expect_events(endpoint: Endpoint, risk: FloatArray, horizon: float) -> FloatArray:
    """(n,) events of each patient that follow-up as it was should have shown, by the (n,) risks.

    The cumulative subdistribution hazard of the risk, lived through as far as the patient was
    followed; a patient with the competing event is followed up to the horizon (Fine and Gray 1999,
    JASA 94:496). Of yes or no at a fixed horizon, the risk itself.
    """
    if endpoint.is_fixed_horizon:
        return risk.copy()
    follow_up = FollowUp.of(endpoint)
    lived = np.where(endpoint.event == COMPETING, horizon, np.minimum(endpoint.time, horizon))
    seen = follow_up.has_event_by(horizon)
    if not seen.any():
        return -np.log1p(-np.minimum(risk, _NEARLY_ONE)) * lived / horizon
    order = np.argsort(endpoint.time[seen], kind="stable")
    weights = follow_up.known_state_weights(horizon)[seen][order] / follow_up.size
    incidence = np.r_[0.0, np.minimum(np.cumsum(weights), _NEARLY_ONE)]
    hazard = -np.log1p(-incidence)
    place = np.searchsorted(endpoint.time[seen][order], lived, side="right")
    whole: FloatArray = -np.log1p(-np.minimum(risk, _NEARLY_ONE))
    lived_through: FloatArray = hazard[place] / hazard[-1]
    return whole * lived_through


def level_with_all(
    endpoint: Endpoint, each: FloatArray, overall: Figures, horizon: float
) -> FloatArray:
    """Events expected of each patient (n,), on the scale of those that all patients have shown.

    ``each`` (n,): `expect_events`. What is approximate, or sampled, in it drops out: of all
    patients the weighted events stand to the weighted expected as observed to expected risk. Those
    of a group add up as its events are counted: each patient once. Of a case-cohort sample, whose
    events are those of the whole cohort, each patient counts for those of the cohort it stands for.
    """
    ratio, expected = overall.estimate(_RATIO), (endpoint.weight * each).sum()
    seen = endpoint.weight[FollowUp.of(endpoint).has_event_by(horizon)].sum()
    own = each if endpoint.case_cohort is None else endpoint.weight * each
    if not (ratio > 0 and expected > 0 and seen > 0):
        return np.asarray(own)
    return np.asarray(own * (seen / ratio / expected))


def expect_in_group(endpoint: Endpoint, each: FloatArray, rows: BoolArray, horizon: float) -> float:
    """Events that the group ``rows`` (n,) should show, by ``each`` (n,) of `level_with_all`.

    Where weights depend on the outcome, as inverse probabilities of having been sampled do, those
    with the event stand for fewer than others with their risk, and more of them are counted: what
    is expected of the population is divided by the weight of its events. That is estimated as the
    mean over the group's events and, as if it were one more, the weight that does not depend on
    the outcome; where it does not, the sum of ``each`` is left.
    """
    own, weight = float(each[rows].sum()), endpoint.weight
    if not endpoint.is_weighted or endpoint.case_cohort is not None or not own > 0:
        return own
    people = float((weight * each)[rows].sum())
    happened = rows & FollowUp.of(endpoint).has_event_by(horizon)
    of_events = (weight[happened].sum() + people / own) / (happened.sum() + 1)
    return people / float(of_events)


def deviate_ratio(own: Figures, overall: Figures, expected: float) -> float:
    """How many standard errors the group's observed over expected lies from that of all.

    The standard error is that of the square root, which does not depend on how many events were
    observed; it is no smaller than chance makes it where ``expected`` events are in keeping with
    all, for a group without events has the same none in every resample. The distance is taken on
    the power 2/3, on which a count is symmetric (Anscombe 1953, J R Stat Soc B 15:229). On the log
    scale no deficit below 26 expected events lies 3.7 standard errors off. NaN where undefined in
    a tenth of the resamples.
    """
    ratio, of_all = own.estimate(_RATIO), overall.estimate(_RATIO)
    draws = np.sqrt(own.drawn(_RATIO)) - np.sqrt(overall.drawn(_RATIO))
    error = standard_error(draws)
    if not (of_all > 0 and expected > 0 and np.isfinite(ratio) and np.isfinite(error)):
        return float("nan")
    share = min(1.0, expected * of_all / overall.events)
    left = (1 - own.estimate("mean_risk")) * (1 - share)
    error = max(error, 0.5 * np.sqrt(max(0.0, left) / expected))
    if not error > 0:
        return float("nan")
    return float((ratio ** (2 / 3) - of_all ** (2 / 3)) / (4 / 3 * of_all ** (1 / 6) * error))


def standard_error(draws: FloatArray) -> float:
    """Of (n_bootstrap,) draws; NaN where a tenth of them is undefined."""
    usable = draws[np.isfinite(draws)]
    if len(usable) < max(2, 0.9 * len(draws)):
        return float("nan")
    return float(usable.std(ddof=1))
