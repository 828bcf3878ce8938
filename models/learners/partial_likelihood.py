"""The Cox partial likelihood of one cause, with Breslow's treatment of tied times.

Breslow N (1974), Covariance analysis of censored survival data, Biometrics 30:89-99. Patients
without the event of interest, the competing event included, leave the risk set at their time:
the hazard is cause-specific. Weights enter events and risk sets alike (Binder DA (1992), Fitting
Cox's proportional hazards models from survey data, Biometrika 79:139-147), so that a weight of two
is two patients. Who came under observation late is in no earlier risk set (left truncation).

In a case-cohort sample (`features.sample.case_cohort`) a patient weighs in the own risk set
otherwise than in those before. Each event then has a sum of its own, tied ones too: that over the
risk set, with its own weight in the place of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray


@dataclass(frozen=True)
class OwnWeights:
    """What a patient's own event is: ``weight`` (n,) in its risk set, ``events`` (n,) how many."""

    weight: FloatArray
    events: FloatArray

    def take(self, rows: npt.NDArray[np.intp]) -> OwnWeights:
        """Of the patients at these positions."""
        return OwnWeights(self.weight[rows], self.events[rows])


@dataclass(frozen=True)
class _OwnTerms:
    """Events with a sum of their own: ``rows`` (e,) in the descending order, ``at`` (e,) positions
    of their times, and by how much they weigh more, ``surplus`` (e,), than in risk sets before.
    """

    rows: npt.NDArray[np.intp]
    at: npt.NDArray[np.intp]
    surplus: FloatArray


class RiskSets:
    """The order of a cohort's times, worked out once and used at every step of a fit.

    ``time``: (n,) years; ``occurred``: (n,) whether the event of this cause ended the follow-up;
    ``rows``: the patients who count, all where None; ``start``: (n,) years before which a patient
    was not under observation, with ``start < t <= time`` in the risk set of t, 0 where None;
    ``weight``: (n,), 1 where None; ``own``: where patients weigh otherwise at their own event.
    Margins and covariates are always those of all n patients.
    """

    def __init__(
        self,
        time: FloatArray,
        occurred: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.intp] | None = None,
        start: FloatArray | None = None,
        weight: FloatArray | None = None,
        own: OwnWeights | None = None,
    ) -> None:
        rows = np.arange(len(time)) if rows is None else rows
        self.order = rows[np.argsort(-time[rows], kind="stable")]
        descending = time[self.order]
        self.occurred = occurred[self.order]
        self.weight = None if weight is None else weight[self.order]
        happened = descending[self.occurred]
        self.event_times, position = np.unique(happened, return_inverse=True)
        counted = None if self.weight is None else self.weight[self.occurred]
        deaths = np.bincount(position, counted, len(self.event_times))
        self.event_times = self.event_times[::-1].copy()
        # of each event time; where events have sums of their own, of each event
        self.deaths = deaths[::-1].astype(np.float64)
        # rows [0, at_risk[j]) of the descending order are followed to event_times[j] or longer
        self.at_risk = np.searchsorted(-descending, -self.event_times, side="right")
        # patient i has lived through the event times from position first_seen[i] on
        self.first_seen = np.searchsorted(-self.event_times, -descending, side="left")
        # but for those from position unseen[i] on; by_start puts the last to enter first
        self.by_start = self.not_yet = self.unseen = None
        if start is not None:
            entered = start[self.order]
            self.by_start = np.argsort(-entered, kind="stable")
            self.not_yet = np.searchsorted(-entered[self.by_start], -self.event_times, side="right")
            self.unseen = np.searchsorted(-self.event_times, -entered, side="left")
        self.own = None
        if own is not None:
            events = np.flatnonzero(self.occurred)
            given = own.take(self.order[events])
            before = 1.0 if self.weight is None else self.weight[events]
            at = len(self.event_times) - 1 - position
            self.own, self.deaths = _OwnTerms(events, at, given.weight - before), given.events

    @property
    def n_events(self) -> float:
        """Number of events, each as often as its weight says."""
        return float(self.deaths.sum())

    def sum_at_risk(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Sums of (n,) or (n, m) values, in descending order, over each event time's risk set."""
        if not len(self.at_risk):
            return np.zeros((0, *values.shape[1:]))
        starts = np.concatenate([[0], self.at_risk[:-1]])
        total = np.cumsum(np.add.reduceat(values[: self.at_risk[-1]], starts), axis=0)
        if self.by_start is not None:
            running = np.cumsum(values[self.by_start], axis=0)
            nobody = np.zeros((1, *values.shape[1:]))
            total -= np.concatenate([nobody, running])[self.not_yet]
        return np.asarray(total)

    def sum_of_terms(
        self,
        at_risk: npt.NDArray[Any],
        relative: npt.NDArray[Any],
        covariates: npt.NDArray[Any] | None = None,
    ) -> npt.NDArray[Any]:
        """Sums over risk sets (j, ...) as the terms of the likelihood have them, as ``deaths``.

        ``relative``: (n,) hazards that were summed, without weights, in descending order, times the
        ``covariates`` (n, m) if any.
        """
        if self.own is None:
            return at_risk
        more = self.own.surplus * relative[self.own.rows]
        if covariates is not None:
            more = more[:, None] * covariates[self.own.rows]
        return np.asarray(at_risk[self.own.at] + more)

    def sum_at_times(self, terms: FloatArray) -> FloatArray:
        """Sums (j,) of the terms of each event time."""
        if self.own is None:
            return terms
        return np.bincount(self.own.at, terms, len(self.event_times)).astype(np.float64)

    def sum_lived(self, jumps: FloatArray) -> FloatArray:
        """Sums (n,), in descending order, of the ``jumps`` of each patient's own event times."""
        lived = np.concatenate([np.cumsum(jumps[::-1])[::-1], [0.0]])
        own = lived[self.first_seen]
        return own if self.unseen is None else own - lived[self.unseen]

    def weigh(self, values: FloatArray) -> FloatArray:
        """The (n,) values, in descending order, times the weights."""
        return values if self.weight is None else values * self.weight

    def baseline_increments(self, margin: FloatArray) -> FloatArray:
        """Breslow's jumps of the baseline cumulative hazard at ``event_times``, given margins."""
        relative = np.exp(margin[self.order])
        total = self.sum_of_terms(self.sum_at_risk(self.weigh(relative)), relative)
        return np.asarray(self.sum_at_times(self.deaths / total))


def log_likelihood(sets: RiskSets, margin: FloatArray) -> float:
    """Log partial likelihood of (n,) margins."""
    sorted_margin = margin[sets.order]
    top = float(sorted_margin.max(initial=0.0))
    relative = np.exp(sorted_margin - top)
    total = sets.sum_of_terms(sets.sum_at_risk(sets.weigh(relative)), relative)
    if (total > 0).all():
        log_total = np.log(total) + top
    elif sets.by_start is not None or sets.own is not None:
        return -np.inf
    else:  # a step too far: margins so wide apart that a whole risk set vanishes beside the top
        with np.errstate(divide="ignore"):  # a weight of 0 is nobody
            log_weight = 0.0 if sets.weight is None else np.log(sets.weight)
        log_total = np.logaddexp.accumulate(sorted_margin + log_weight)[sets.at_risk - 1]
    if sets.own is not None:
        return float(sets.deaths @ (sorted_margin[sets.own.rows] - log_total))
    return float(sets.weigh(sorted_margin)[sets.occurred].sum() - sets.deaths @ log_total)


def residuals(sets: RiskSets, margin: FloatArray) -> FloatArray:
    """Events less expected events (n,), the derivative of the log likelihood in each margin.

    Martingale residuals (Barlow and Prentice 1988, Biometrika 75:65-74), each as often as its
    weight says; 0 for who does not count.
    """
    relative = _relative_hazards(sets, margin)
    answer = np.zeros(len(margin))
    if sets.own is None:
        counted = sets.weigh(sets.occurred.astype(np.float64))
    else:
        counted = np.zeros(len(sets.order))
        counted[sets.own.rows] = sets.deaths
    answer[sets.order] = counted - _exposure(sets, relative)
    return answer


def curvature(sets: RiskSets, margin: FloatArray) -> FloatArray:
    """Negative second derivative (n,) of the log likelihood in each margin alone."""
    relative = _relative_hazards(sets, margin)
    hazard = sets.weigh(relative)
    per_square = sets.deaths / sets.sum_of_terms(sets.sum_at_risk(hazard), relative) ** 2
    squares = hazard**2 * sets.sum_lived(sets.sum_at_times(per_square))
    if sets.own is not None:
        before = hazard[sets.own.rows]
        own = before + sets.own.surplus * relative[sets.own.rows]
        squares[sets.own.rows] += (own**2 - before**2) * per_square
    answer = np.zeros(len(margin))
    answer[sets.order] = _exposure(sets, relative) - squares
    return answer


def information(
    sets: RiskSets, covariates: FloatArray | npt.NDArray[np.float32], margin: FloatArray
) -> FloatArray:
    """Negative Hessian (m, m) of the log partial likelihood in the coefficients of (n, m).

    In the precision of the covariates, but for delayed entry and case-cohort samples: their sums
    are small differences of large ones.
    """
    is_plain = sets.by_start is None and sets.own is None
    precision = np.float32 if covariates.dtype == np.float32 and is_plain else np.float64
    relative = _relative_hazards(sets, margin)
    exposure = _exposure(sets, relative).astype(precision)
    hazard = sets.weigh(relative).astype(precision)
    ordered: npt.NDArray[Any] = covariates[sets.order].astype(precision, copy=False)
    total = sets.sum_of_terms(sets.sum_at_risk(hazard), relative)
    mean = sets.sum_of_terms(sets.sum_at_risk(hazard[:, None] * ordered), relative, ordered)
    mean = mean / total[:, None]
    mean *= np.sqrt(sets.deaths).astype(precision)[:, None]
    ordered *= np.sqrt(np.maximum(exposure, 0.0))[:, None]
    # an array times its own transpose is half the work
    return np.asarray(ordered.T @ ordered - mean.T @ mean, np.float64)


def _relative_hazards(sets: RiskSets, margin: FloatArray) -> FloatArray:
    """Hazards (n,) relative to the highest, in the descending order."""
    ordered = margin[sets.order]
    return np.asarray(np.exp(ordered - ordered.max(initial=0.0)))


def _exposure(sets: RiskSets, relative: FloatArray) -> FloatArray:
    """Each patient's cumulative hazard (n,), weighted, in the descending order."""
    hazard = sets.weigh(relative)
    jumps = sets.deaths / sets.sum_of_terms(sets.sum_at_risk(hazard), relative)
    exposure = hazard * sets.sum_lived(sets.sum_at_times(jumps))
    if sets.own is not None:
        exposure[sets.own.rows] += sets.own.surplus * relative[sets.own.rows] * jumps
    return exposure
