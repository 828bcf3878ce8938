"""The Cox partial likelihood of one cause, with Breslow's treatment of tied times.

Breslow N (1974), Covariance analysis of censored survival data, Biometrics 30:89-99. Patients
without the event of interest, the competing event included, leave the risk set at their time:
the hazard is cause-specific. Weights enter events and risk sets alike (Binder DA (1992), Fitting
Cox's proportional hazards models from survey data, Biometrika 79:139-147), so that a weight of two
is two patients. Who came under observation late is in no earlier risk set (left truncation).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray


class RiskSets:
    """The order of a cohort's times, worked out once and used at every step of a fit.

    ``time``: (n,) years; ``occurred``: (n,) whether the event of this cause ended the follow-up;
    ``rows``: the patients who count, all where None; ``start``: (n,) years before which a patient
    was not under observation, with ``start < t <= time`` in the risk set of t, 0 where None;
    ``weight``: (n,) above zero, 1 where None. Margins and covariates are always those of all n
    patients.
    """

    def __init__(
        self,
        time: FloatArray,
        occurred: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.intp] | None = None,
        start: FloatArray | None = None,
        weight: FloatArray | None = None,
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
        return np.asarray(self.deaths / self.sum_at_risk(self.weigh(np.exp(margin[self.order]))))


def log_likelihood(sets: RiskSets, margin: FloatArray) -> float:
    """Log partial likelihood of (n,) margins."""
    sorted_margin = margin[sets.order]
    top = float(sorted_margin.max(initial=0.0))
    total = sets.sum_at_risk(sets.weigh(np.exp(sorted_margin - top)))
    if (total > 0).all():
        log_total = np.log(total) + top
    elif sets.by_start is not None:
        return -np.inf
    else:  # a step too far: margins so wide apart that a whole risk set vanishes beside the top
        log_weight = 0.0 if sets.weight is None else np.log(sets.weight)
        log_total = np.logaddexp.accumulate(sorted_margin + log_weight)[sets.at_risk - 1]
    return float(sets.weigh(sorted_margin)[sets.occurred].sum() - sets.deaths @ log_total)


def residuals(sets: RiskSets, margin: FloatArray) -> FloatArray:
    """Events less expected events (n,), the derivative of the log likelihood in each margin.

    Martingale residuals (Barlow and Prentice 1988, Biometrika 75:65-74), each as often as its
    weight says; 0 for who does not count.
    """
    _, exposure = _hazard_and_exposure(sets, margin)
    answer = np.zeros(len(margin))
    answer[sets.order] = sets.weigh(sets.occurred.astype(np.float64)) - exposure
    return answer


def curvature(sets: RiskSets, margin: FloatArray) -> FloatArray:
    """Negative second derivative (n,) of the log likelihood in each margin alone."""
    hazard, exposure = _hazard_and_exposure(sets, margin)
    squares = sets.sum_lived(sets.deaths / sets.sum_at_risk(hazard) ** 2)
    answer = np.zeros(len(margin))
    answer[sets.order] = exposure - hazard**2 * squares
    return answer


def information(
    sets: RiskSets, covariates: FloatArray | npt.NDArray[np.float32], margin: FloatArray
) -> FloatArray:
    """Negative Hessian (m, m) of the log partial likelihood in the coefficients of (n, m).

    In the precision of the covariates, but for delayed entry: its sums are small differences of
    large ones.
    """
    is_single = covariates.dtype == np.float32 and sets.by_start is None
    precision = np.float32 if is_single else np.float64
    hazard, exposure = (one.astype(precision) for one in _hazard_and_exposure(sets, margin))
    ordered: npt.NDArray[Any] = covariates[sets.order].astype(precision, copy=False)
    mean = sets.sum_at_risk(hazard[:, None] * ordered) / sets.sum_at_risk(hazard)[:, None]
    mean *= np.sqrt(sets.deaths).astype(precision)[:, None]
    ordered *= np.sqrt(np.maximum(exposure, 0.0))[:, None]
    # an array times its own transpose is half the work
    return np.asarray(ordered.T @ ordered - mean.T @ mean, np.float64)


def _hazard_and_exposure(sets: RiskSets, margin: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Relative hazards and each patient's cumulative hazard, weighted, in the descending order."""
    ordered = margin[sets.order]
    hazard = sets.weigh(np.exp(ordered - ordered.max(initial=0.0)))
    return hazard, hazard * sets.sum_lived(sets.deaths / sets.sum_at_risk(hazard))
