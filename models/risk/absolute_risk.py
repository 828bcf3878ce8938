"""From margins to absolute risk.

With cause-specific hazards ``h_k(t|x) = h_k0(t) exp(f_k(x))`` the risk by horizon h is the
cumulative incidence of the event, ``integral over (0, h] of S(t|x) dH_1(t|x)``, where S comes
from all causes (Kalbfleisch and Prentice 2002, chapter 8). Within one interval of the baseline
the hazards are constant, so each interval's share is exact:
``S(start) * u / L * (1 - exp(-L))`` with u the event's hazard and L the summed hazard over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import AGE, SINCE_ENTRY
from features.errors import HorizonError
from models.risk.baseline import Baseline
from models.risk.conditional_risk import gradient_from, incidence_from

_CHUNK = 16_384


class Link(Protocol):
    """What turns margins (n, k) into risk.

    Where the time scale is age, margins may be (n, 2k): each cause's and, behind them, once for
    each cause, the age at which the patient is event-free.
    """

    @property
    def n_causes(self) -> int:
        """Number of causes k: the event alone, or the event and the competing event."""

    @property
    def max_horizon(self) -> float:
        """The longest horizon that can be answered, years."""

    def risk(
        self, margins: FloatArray, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk of the event (n, h) by each horizon."""

    def risk_gradient(self, margins: FloatArray, horizon: float) -> FloatArray:
        """Derivative (n, k) of the risk by the horizon in each cause's margin."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""


@dataclass(frozen=True)
class CompetingRisksLink:
    """Cumulative incidence from one or two causes' margins and their baseline.

    ``time_scale``: what the clock of the baseline counts; where it is age, a risk is one given a
    patient's age alone.
    """

    baseline: Baseline
    time_scale: str = SINCE_ENTRY

    @property
    def n_causes(self) -> int:
        """Number of causes."""
        return len(self.baseline.cumulative)

    @property
    def max_horizon(self) -> float:
        """End of follow-up, years."""
        return self.baseline.end

    def cumulative_incidence(
        self, margins: FloatArray, times: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Cumulative incidence (n, t, k) of every cause; the times may come in any order.

        ``start``: (n,) years on the clock of the baseline at which each patient is event-free; the
        times count from there. NaN where they lead beyond the end of follow-up, or begin before
        anything is known. Raises HorizonError for a time that is not within (0, end of follow-up].
        """
        margins, start = self._split_ages(margins, start)
        if start is not None:
            from_start = np.asarray(start, np.float64)
            ends = from_start[:, None] + check_times(times, self.max_horizon)
            return incidence_from(self.baseline, margins, from_start, ends)[0]
        grid, positions = self.grid(times)
        steps = np.diff(self.baseline.at(grid), axis=1)
        answer = np.empty((len(margins), len(positions), self.n_causes))
        for first in range(0, len(margins), _CHUNK):
            block = answer[first : first + _CHUNK]
            relative = np.exp(margins[first : first + _CHUNK])
            survival = np.ones(len(relative))
            incidence = np.zeros((len(relative), self.n_causes))
            for reached, jumps in enumerate(steps.T, start=1):
                hazards = relative * jumps
                total = hazards.sum(axis=1)
                lost = -np.expm1(-total)
                incidence += hazards * (survival * _ratio(lost, total))[:, None]
                survival *= 1.0 - lost
                # the sum of many steps may pass 1 by rounding
                block[:, positions == reached] = np.minimum(incidence, 1.0)[:, None, :]
        return answer

    def risk(
        self, margins: FloatArray, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk of the event (n, h) by each horizon, from ``start`` (n,) on."""
        return self.cumulative_incidence(margins, horizons, start)[:, :, 0]

    def risk_gradient(self, margins: FloatArray, horizon: float) -> FloatArray:
        """See `Link.risk_gradient`."""
        hazards, ages = self._split_ages(margins, None)
        if ages is not None:
            ends = ages + check_times([horizon], self.max_horizon)
            return gradient_from(self.baseline, hazards, ages, ends)
        grid, _ = self.grid([horizon])
        steps = np.diff(self.baseline.at(grid), axis=1)
        steps = steps[:, : int(np.searchsorted(grid, horizon))]
        parts = [self._chunk_gradient(chunk, steps) for chunk in _chunks(margins)]
        return np.concatenate(parts) if parts else np.zeros((0, self.n_causes))

    def _chunk_gradient(self, margins: FloatArray, steps: FloatArray) -> FloatArray:
        relative = np.exp(margins)
        survival = np.ones(len(margins))
        passed = np.zeros_like(relative)  # each cause's hazard so far: dS/df_k = -S * passed_k
        gradient = np.zeros_like(relative)
        for jumps in steps.T:
            hazards = relative * jumps
            total = hazards.sum(axis=1)
            stays = np.exp(-total)
            share = _ratio(hazards[:, 0], total)
            lost = 1.0 - stays
            own = np.zeros_like(relative)
            own[:, 0] = share * lost
            own += (share * stays)[:, None] * hazards
            own -= (share * lost)[:, None] * _ratio(hazards, total[:, None])
            gradient += survival[:, None] * (own - passed * (share * lost)[:, None])
            survival *= stays
            passed += hazards
        return gradient

    def grid(self, times: Sequence[float]) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        """Times (j,) from 0 on between which all hazards are constant, and where each time is.

        Raises HorizonError for a time that is not within (0, end of follow-up], and where nothing
        is known of the first years of the clock.
        """
        self._require_origin()
        wanted = check_times(times, self.max_horizon)
        grid = np.unique(np.concatenate([self.baseline.knots, wanted]))
        grid = grid[grid <= wanted.max()]
        return grid, np.searchsorted(grid, wanted)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {
            "kind": "competing_risks",
            "knots": self.baseline.knots.tolist(),
            "cumulative": self.baseline.cumulative.tolist(),
            **({"time_scale": self.time_scale} if self.time_scale != SINCE_ENTRY else {}),
        }

    def _split_ages(
        self, margins: FloatArray, start: FloatArray | None
    ) -> tuple[FloatArray, FloatArray | None]:
        """Margins (n, k) alone, and from when risks count: ``start``, else the ages behind them."""
        if self.time_scale != AGE or margins.shape[1] != 2 * self.n_causes:
            return margins, start
        ages = margins[:, self.n_causes] if start is None else start
        return margins[:, : self.n_causes], ages

    def _require_origin(self) -> None:
        if self.time_scale == AGE:
            raise HorizonError(
                "The time scale of this model is age: a risk needs the age at which the patient is "
                "event-free. Give start, the ages (docs/surveys.md)."
            )
        if self.baseline.begin > 0:
            raise HorizonError(
                f"Entry was delayed: hazards are known from {self.baseline.begin:g} years on, when "
                "enough patients were under observation. Ask for the risk of a patient who is "
                "event-free then or later: give start, years on the clock of the endpoint "
                "(docs/surveys.md)."
            )


@dataclass(frozen=True)
class FixedHorizonLink:
    """Risk by the one horizon that a yes/no cohort recorded: the logistic curve of the margin."""

    horizon: float
    intercept: float

    @property
    def n_causes(self) -> int:
        """One: the event."""
        return 1

    @property
    def max_horizon(self) -> float:
        """The one horizon, years."""
        return self.horizon

    def risk(
        self, margins: FloatArray, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk of the event (n, h); every horizon must be the one recorded, and no ``start``."""
        self._check(horizons)
        if start is not None:
            raise HorizonError(
                "This model was trained on a yes or no by a fixed horizon: the risk of a patient "
                "who is event-free later cannot be told."
            )
        risk = 1.0 / (1.0 + np.exp(-(margins[:, 0] + self.intercept)))
        return np.repeat(risk[:, None], len(horizons), axis=1)

    def risk_gradient(self, margins: FloatArray, horizon: float) -> FloatArray:
        """Derivative (n, 1) of the risk in the margin."""
        risk = self.risk(margins, [horizon])
        return np.asarray(risk * (1.0 - risk))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, for JSON."""
        return {"kind": "fixed_horizon", "horizon": self.horizon, "intercept": self.intercept}

    def _check(self, horizons: Sequence[float]) -> None:
        for horizon in horizons:
            if not np.isclose(horizon, self.horizon):
                raise HorizonError(
                    f"This model was trained on a yes or no by {self.horizon:g} years and can "
                    f"answer no other horizon; asked for {horizon:g}. Train on times to event "
                    "for other horizons."
                )


def counts_age(link: Link) -> bool:
    """Whether the hazards behind a link are those of ages."""
    return isinstance(link, CompetingRisksLink) and link.time_scale == AGE


def link_from_dict(stored: dict[str, Any]) -> Link:
    """Read back what a link's `to_dict` gave."""
    if stored["kind"] == "fixed_horizon":
        return FixedHorizonLink(stored["horizon"], stored["intercept"])
    baseline = Baseline(np.array(stored["knots"]), np.array(stored["cumulative"]))
    time_scale = stored.get("time_scale", SINCE_ENTRY)
    if time_scale not in (SINCE_ENTRY, AGE):
        raise ValueError("no such time scale")
    return CompetingRisksLink(baseline, time_scale)


def check_times(times: Sequence[float], end: float) -> FloatArray:
    """Times (t,) above 0 and not beyond ``end``. Raises HorizonError where one is."""
    wanted = np.asarray(times, dtype=np.float64)
    if wanted.ndim != 1 or not len(wanted):
        raise ValueError("times must be a sequence of at least one number")
    outside = wanted[~((wanted > 0) & (wanted <= end * (1 + 1e-12)))]
    if len(outside):
        asked = ", ".join(f"{time:g}" for time in outside)
        raise HorizonError(
            f"Horizon {asked} years is outside the follow-up of the training cohort "
            f"(above 0, at most {end:.4g} years). Ask for a horizon within it."
        )
    return np.minimum(wanted, end)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """``part / whole``, 0 where the whole is 0: an interval in which nothing happens."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)


def _chunks(margins: FloatArray) -> Iterator[FloatArray]:
    for start in range(0, len(margins), _CHUNK):
        yield margins[start : start + _CHUNK]
