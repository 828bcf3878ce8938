"""The follow-up of a cohort, sorted once, as every metric reads it.

A patient's ``counts`` says how often the patient stands in the sample: the weight in a survey, 1
elsewhere. A bootstrap resample is the same patients with other counts: nothing is sorted again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.endpoint import CENSORED, EVENT, Endpoint
from features.errors import HorizonError
from models.metrics.censoring import kaplan_meier_of_censoring


@dataclass(frozen=True)
class FollowUp:
    """``time`` (n,) years, ``event`` (n,) codes, ``counts`` (n,), ``times`` (m,).

    ``times`` are the distinct ones, ascending; ``position`` (n,) is the place of each patient's
    own time in them. ``fixed_horizon`` is set where only yes or no at that horizon is known.
    """

    time: FloatArray
    event: npt.NDArray[np.int8]
    counts: FloatArray
    times: FloatArray
    position: npt.NDArray[np.intp]
    fixed_horizon: float | None = None

    @classmethod
    def of(cls, endpoint: Endpoint) -> FollowUp:
        """The follow-up of every patient of the endpoint since entry, counted as weighted."""
        if not len(endpoint):
            raise ValueError("no patient to evaluate")
        times, position = np.unique(endpoint.time, return_inverse=True)
        return cls(
            endpoint.time, endpoint.event, endpoint.weight, times, position, endpoint.horizon
        )

    def take(self, which: BoolArray) -> FollowUp:
        """The marked patients alone, each with the own count."""
        marked = FollowUp.of(Endpoint(self.time[which], self.event[which], self.fixed_horizon))
        return marked.resample(self.counts[which])

    def resample(self, counts: npt.ArrayLike) -> FollowUp:
        """The same patients, each standing in the sample ``counts`` times."""
        given = np.asarray(counts, dtype=np.float64)
        if given.shape != self.time.shape:
            raise ValueError(f"counts must be {self.time.shape}, got {given.shape}")
        return replace(self, counts=given)

    def tally(self, which: BoolArray) -> FloatArray:
        """(m,) number of the marked patients at each distinct time."""
        tally = np.bincount(self.position, self.counts * which, minlength=len(self.times))
        return tally.astype(np.float64, copy=False)

    @cached_property
    def by_time(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
        """(n,) the patients in order of time, and (m + 1,) where each distinct time begins."""
        order = np.argsort(self.position, kind="stable")
        sizes = np.bincount(self.position, minlength=len(self.times))
        return order, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @cached_property
    def size(self) -> float:
        """Number of patients in the sample."""
        return float(self.counts.sum())

    @cached_property
    def at_risk(self) -> FloatArray:
        """(m,) number of patients followed up to each distinct time or longer."""
        everyone = self.tally(np.ones(len(self.time), dtype=np.bool_))
        return everyone[::-1].cumsum()[::-1]

    @cached_property
    def uncensored_before(self) -> FloatArray:
        """(m + 1,) G(t-) at each distinct time, and beyond the last one.

        G is the Kaplan-Meier probability of not being censored; events come before censorings
        at the same time.
        """
        ended, censored = self.tally(self.event != CENSORED), self.tally(self.event == CENSORED)
        before: FloatArray = np.r_[1.0, kaplan_meier_of_censoring(self.at_risk, ended, censored)]
        return before

    @cached_property
    def uncensored_before_own_time(self) -> FloatArray:
        """(n,) G(T_i-)."""
        before: FloatArray = self.uncensored_before[self.position]
        return before

    def uncensored_just_before(self, horizon: float) -> FloatArray:
        """G(h-), the same for everyone."""
        before: FloatArray = self.uncensored_before[np.searchsorted(self.times, horizon)]
        return before

    def has_event_by(self, horizon: float) -> BoolArray:
        """(n,) whether the event was seen by the horizon (inclusive)."""
        seen: BoolArray = (self.event == EVENT) & (self.time <= horizon)
        return seen

    def is_event_free_at(self, horizon: float) -> BoolArray:
        """(n,) whether the patient was followed to the horizon without any event.

        A patient censored exactly at the horizon was; so a cohort that records only yes or no at
        a fixed horizon is the case in which everyone's state is known.
        """
        at_horizon = (self.time == horizon) & (self.event == CENSORED)
        free: BoolArray = (self.time > horizon) | at_horizon
        return free

    def known_state_weights(self, horizon: float) -> FloatArray:
        """(n,) counts times the inverse probability of knowing the state at the horizon.

        1/G(T_i-) for a patient with an event by the horizon, 1/G(h-) for one event-free at it,
        0 for one censored before it (Graf 1999, Stat Med 18:2529; Gerds and Schumacher 2006,
        Biom J 48:1029). Raises HorizonError where the horizon lies beyond the follow-up.
        """
        if horizon not in self._state_weights:
            self._state_weights[horizon] = self._weigh_known_states(horizon)
        return self._state_weights[horizon]

    @cached_property
    def _state_weights(self) -> dict[float, FloatArray]:
        """Asked for by many metrics at few horizons."""
        return {}

    def _weigh_known_states(self, horizon: float) -> FloatArray:
        self.check_horizon(horizon)
        free = self.is_event_free_at(horizon)
        ended = (self.time <= horizon) & (self.event != CENSORED)
        before = self.uncensored_just_before(horizon)
        chance = np.where(free, before, self.uncensored_before_own_time)
        known = (free | ended) & (self.counts > 0)
        weights: FloatArray = np.divide(self.counts, chance, out=np.zeros(len(chance)), where=known)
        weights.flags.writeable = False
        return weights

    def longest_horizon(self, min_at_risk: int = 1) -> float:
        """The last time (years) up to which ``min_at_risk`` patients or more were followed.

        Patients in the sample, whatever their weight.
        """
        present = np.bincount(self.position, self.counts > 0, len(self.times))
        enough = np.flatnonzero(present[::-1].cumsum()[::-1] >= min_at_risk)
        return float(self.times[enough[-1]]) if len(enough) else 0.0

    def check_horizon(self, horizon: float) -> None:
        """Raise HorizonError unless 0 < horizon <= the longest follow-up of the whole sample."""
        if not horizon > 0:
            raise HorizonError(f"a horizon must be above zero years, got {horizon:g}")
        if self.fixed_horizon is not None and horizon != self.fixed_horizon:
            raise HorizonError(
                f"this cohort records only yes or no at {self.fixed_horizon:g} years, nothing can "
                f"be said of {horizon:g} years"
            )
        if horizon > self.times[-1]:
            raise HorizonError(
                f"a horizon of {horizon:g} years lies beyond the follow-up: the longest usable "
                f"one is {round_down(self.times[-1]):g} years"
            )


def check_risk(follow_up: FollowUp, risk: npt.ArrayLike) -> FloatArray:
    """The risks as (n,) floats. Raises ValueError on another shape or a missing value."""
    given = np.asarray(risk, dtype=np.float64)
    if given.shape != follow_up.time.shape:
        raise ValueError(f"risk must be {follow_up.time.shape}, got {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError(f"{int((~np.isfinite(given)).sum())} of {len(given)} risks are not finite")
    return given


def round_down(years: float) -> float:
    """To two decimals, never up: the figure shown must itself be usable."""
    return float(np.floor(years * 100) / 100)
