"""The Cox partial likelihood of one cause, with Breslow's treatment of tied times.

Breslow N (1974), Covariance analysis of censored survival data, Biometrics 30:89-99. Patients
without the event of interest, the competing event included, leave the risk set at their time:
the hazard is cause-specific.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray


class RiskSets:
    """The order of a cohort's times, worked out once and used at every step of a fit.

    ``time``: (n,) years; ``occurred``: (n,) whether the event of this cause ended the follow-up;
    ``rows``: the patients who count, all where None. Margins and covariates are always those of
    all n patients.
    """

    def __init__(
        self,
        time: FloatArray,
        occurred: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.intp] | None = None,
    ) -> None:
        rows = np.arange(len(time)) if rows is None else rows
        self.order = rows[np.argsort(-time[rows], kind="stable")]
        descending = time[self.order]
        self.occurred = occurred[self.order]
        self.n_events = int(self.occurred.sum())
        self.event_times, deaths = np.unique(descending[self.occurred], return_counts=True)
        self.event_times = self.event_times[::-1].copy()
        self.deaths = deaths[::-1].astype(np.float64)
        # rows [0, at_risk[j]) of the descending order are at risk at event_times[j]
        self.at_risk = np.searchsorted(-descending, -self.event_times, side="right")
        # patient i has lived through the event times from position first_seen[i] on
        self.first_seen = np.searchsorted(-self.event_times, -descending, side="left")

    def sum_at_risk(self, values: npt.NDArray[np.float64]) -> FloatArray:
        """Sums of (n,) or (n, m) values, in descending order, over each event time's risk set."""
        if not len(self.at_risk):
            return np.zeros((0, *values.shape[1:]))
        starts = np.concatenate([[0], self.at_risk[:-1]])
        return np.asarray(np.cumsum(np.add.reduceat(values[: self.at_risk[-1]], starts), axis=0))

    def baseline_increments(self, margin: FloatArray) -> FloatArray:
        """Breslow's jumps of the baseline cumulative hazard at ``event_times``, given margins."""
        return self.deaths / self.sum_at_risk(np.exp(margin[self.order]))


def log_likelihood(sets: RiskSets, margin: FloatArray) -> float:
    """Log partial likelihood of (n,) margins."""
    sorted_margin = margin[sets.order]
    top = float(sorted_margin.max(initial=0.0))
    total = sets.sum_at_risk(np.exp(sorted_margin - top))
    if total.all():
        log_total = np.log(total) + top
    else:  # a step too far: margins so wide apart that a whole risk set vanishes beside the top
        log_total = np.logaddexp.accumulate(sorted_margin)[sets.at_risk - 1]
    return float(sorted_margin[sets.occurred].sum() - sets.deaths @ log_total)


def residuals(sets: RiskSets, margin: FloatArray) -> FloatArray:
    """Events less expected events (n,), the derivative of the log likelihood in each margin.

    Martingale residuals (Barlow and Prentice 1988, Biometrika 75:65-74); 0 for who does not count.
    """
    _, exposure = _hazard_and_exposure(sets, margin)
    answer = np.zeros(len(margin))
    answer[sets.order] = sets.occurred - exposure
    return answer


def information(sets: RiskSets, covariates: FloatArray, margin: FloatArray) -> FloatArray:
    """Negative Hessian (m, m) of the log partial likelihood in the coefficients of (n, m)."""
    hazard, exposure = _hazard_and_exposure(sets, margin)
    ordered = covariates[sets.order]
    mean = sets.sum_at_risk(hazard[:, None] * ordered) / sets.sum_at_risk(hazard)[:, None]
    mean *= np.sqrt(sets.deaths)[:, None]
    ordered *= np.sqrt(exposure)[:, None]
    # an array times its own transpose is half the work
    return np.asarray(ordered.T @ ordered - mean.T @ mean)


def _hazard_and_exposure(sets: RiskSets, margin: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Relative hazards and each patient's cumulative hazard, in the descending order."""
    ordered = margin[sets.order]
    hazard = np.exp(ordered - ordered.max(initial=0.0))
    jumps = sets.deaths / sets.sum_at_risk(hazard)
    lived = np.concatenate([np.cumsum(jumps[::-1])[::-1], [0.0]])
    return hazard, hazard * lived[sets.first_seen]
