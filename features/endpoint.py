"""The endpoint of a cohort: how long each patient was followed and what ended it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray
from features.errors import CohortError, Problem
from features.sample.case_cohort import BORGAN, CaseCohort, CauseWeights
from features.sample.survey import Survey

CENSORED, EVENT, COMPETING = 0, 1, 2
SINCE_ENTRY, AGE = "entry", "age"
_DIGITS = 9  # of years on a clock that did not begin with follow-up: 0.03 seconds


@dataclass(frozen=True)
class Endpoint:
    """Time to the event, to the competing event or to censoring.

    ``time``: (n,) years since entry, finite and above zero. ``event``: (n,) 0 censored, 1 event,
    2 competing event. ``horizon``: set where the cohort records only whether the event occurred
    by a fixed horizon; ``time`` is then that horizon for everyone and nobody is censored earlier.

    ``start``: (n,) where entry was delayed, the years that the clock of the hazard showed at entry;
    nobody is known who had the event before. ``time_scale``: what that clock counts, "entry" for
    whatever is named in the map, or "age". ``survey``: how many patients each stands for.
    ``any_death``: whether dying of anything is an event, so that nothing competes.

    Raises CohortError where times, codes or weights are impossible, ValueError where shapes differ.
    """

    time: npt.NDArray[np.float64]
    event: npt.NDArray[np.int8]
    horizon: float | None = None
    start: npt.NDArray[np.float64] | None = None
    time_scale: str = SINCE_ENTRY
    survey: Survey | None = field(default=None, repr=False)
    any_death: bool = False

    def __post_init__(self) -> None:
        time = np.asarray(self.time, dtype=np.float64)
        event = np.asarray(self.event, dtype=np.int8)
        if time.ndim != 1 or time.shape != event.shape:
            raise ValueError(
                f"time and event must be two (n,) arrays, got {time.shape}, {event.shape}"
            )
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "event", event)
        if self.time_scale not in (SINCE_ENTRY, AGE):
            raise ValueError(f"time_scale must be '{SINCE_ENTRY}' or '{AGE}'")
        if self.start is not None:
            start = np.asarray(self.start, dtype=np.float64)
            _require_shape("start", start.shape, time.shape)
            # entry at 0 is no delayed entry
            kept = start if start.any() or self.time_scale == AGE else None
            object.__setattr__(self, "start", kept)
        if self.survey is not None:
            _require_shape("weights", self.survey.weight.shape, time.shape)
        problems = [problem for problem in self._problems() if problem.rows]
        if problems:
            raise CohortError(problems, "endpoint")

    def _problems(self) -> list[Problem]:
        bad_time = int((~np.isfinite(self.time) | (self.time <= 0)).sum())
        bad_code = int((~np.isin(self.event, (CENSORED, EVENT, COMPETING))).sum())
        remedy = "Correct the endpoint in the cohort map"
        problems = [
            Problem("time", "must be finite and above zero", remedy, bad_time),
            Problem("event", "must be 0, 1 or 2", remedy, bad_code),
        ]
        if self.any_death:
            rule = "any death is an event, so that nothing competes"
            problems.append(Problem("event", rule, remedy, self.n_competing))
        if self.start is not None:
            bad_start = int((~np.isfinite(self.start) | (self.start < 0)).sum())
            rule = "must be finite and not below zero"
            problems.append(Problem("start", rule, remedy, bad_start))
        if self.is_delayed and self.is_fixed_horizon:
            rule = "a yes or no by a fixed horizon has no delayed entry"
            problems.append(Problem("start", rule, "Leave it out", len(self)))
        design = self.case_cohort
        if self.is_fixed_horizon and design is not None and design.method != BORGAN:
            rule = "a yes or no by a fixed horizon has no risk sets, which this method weighs"
            problems.append(Problem("case_cohort", rule, "Take borgan", len(self)))
        return problems

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def between(
        cls,
        start: npt.ArrayLike,
        stop: npt.ArrayLike,
        event: npt.ArrayLike,
        time_scale: str = SINCE_ENTRY,
        survey: Survey | None = None,
    ) -> Endpoint:
        """Of patients under observation in (start, stop], years on the clock of the hazard.

        Raises CohortError where a start is not before its stop.
        """
        first, last = np.asarray(start, np.float64), np.asarray(stop, np.float64)
        if late := int((~(first < last)).sum()):
            rule = "must be before the end of follow-up"
            raise CohortError([Problem("start", rule, "Correct start or time", late)], "endpoint")
        code = np.asarray(event, np.int8)
        return cls(last - first, code, None, first, time_scale, survey)

    @property
    def is_delayed(self) -> bool:
        """Whether anybody came under observation after the clock of the hazard began."""
        return self.start is not None

    @property
    def entered(self) -> npt.NDArray[np.float64]:
        """(n,) years on the clock of the hazard at entry; 0 where entry was not delayed."""
        return np.zeros(len(self)) if self.start is None else np.round(self.start, _DIGITS)

    @property
    def stop(self) -> npt.NDArray[np.float64]:
        """(n,) years on the clock of the hazard at the end of follow-up."""
        if self.start is None:
            return self.time
        # equal stops of unequal starts stay equal
        return np.round(self.start + self.time, _DIGITS)

    @property
    def weight(self) -> npt.NDArray[np.float64]:
        """(n,) how many patients each stands for; 1 without a survey."""
        return np.ones(len(self)) if self.survey is None else self.survey.weight

    @property
    def is_weighted(self) -> bool:
        """Whether anybody stands for more or less than one patient."""
        return self.survey is not None and self.survey.is_weighted

    def weights_of(self, cause: int) -> CauseWeights:
        """What each patient weighs in the hazard of a cause, EVENT or COMPETING."""
        if self.survey is None:
            return CauseWeights.constant(np.ones(len(self)))
        return self.survey.of_cause(cause)

    def effective_events(self, cause: int, occurred: BoolArray) -> float:
        """How many events of equal weight tell as much as those (n,) of the cause."""
        if self.survey is None:
            return float(occurred.sum())
        return self.survey.effective_events(cause, occurred)

    @property
    def worth(self) -> float:
        """How many patients drawn at random tell as much of the event."""
        n = float(len(self))
        return n if self.survey is None else self.survey.worth(self.event == EVENT)

    @property
    def case_cohort(self) -> CaseCohort | None:
        """The design of a case-cohort sample, None of any other."""
        return None if self.survey is None else self.survey.case_cohort

    @property
    def n_events(self) -> int:
        """Number of patients with the event."""
        return int((self.event == EVENT).sum())

    @property
    def n_competing(self) -> int:
        """Number of patients with the competing event."""
        return int((self.event == COMPETING).sum())

    @property
    def is_fixed_horizon(self) -> bool:
        """Whether only yes or no at a fixed horizon is known."""
        return self.horizon is not None

    def since_entry(self) -> Endpoint:
        """The same follow-up on a clock that everybody's entry begins."""
        return replace(self, start=None, time_scale=SINCE_ENTRY)

    def from_entry(self) -> Endpoint:
        """Where the time scale is age, `since_entry`: nobody is the later for being older."""
        return self.since_entry() if self.time_scale == AGE else self

    def take(self, positions: npt.ArrayLike) -> Endpoint:
        """The endpoint of the patients at these positions (integers or a boolean mask)."""
        rows = np.asarray(positions)
        return replace(
            self,
            time=self.time[rows],
            event=self.event[rows],
            start=None if self.start is None else self.start[rows],
            survey=None if self.survey is None else self.survey.take(rows),
        )

    def to_frame(self, index: pd.Index | None = None) -> pd.DataFrame:
        """Columns ``time`` and ``event``."""
        return pd.DataFrame({"time": self.time, "event": self.event}, index=index)


def _require_shape(what: str, given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if given != wanted:
        raise ValueError(f"{what} must be {wanted}, got {given}")
