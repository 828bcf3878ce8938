"""Baseline cumulative hazards, kept at a limited number of knots that tell no patient's time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.disclosure import SMALLEST_COUNT
from features.endpoint import AGE, Endpoint
from features.errors import TooFewEventsError

FEWEST_AT_RISK = 20
"""Patients under observation from whom a hazard is taken to be known, where entry was delayed."""

_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
_END_STEPS = (0.1, 0.01, 0.001)
_END_SHARE = 0.02


@dataclass(frozen=True)
class Baseline:
    """Cumulative hazard of each cause at margin 0.

    ``knots``: (j,) years, ascending, the last the end of follow-up; the first is 0, but for delayed
    entry, where hazards are known from the first time on at which enough patients were under
    observation. ``cumulative``: (k, j), one row per cause, first column 0. Between knots it is
    linear: the hazard is constant there.
    """

    knots: FloatArray
    cumulative: FloatArray

    @property
    def begin(self) -> float:
        """The first time about which anything is known, years."""
        return float(self.knots[0])

    @property
    def end(self) -> float:
        """The last time about which anything is known, years."""
        return float(self.knots[-1])

    def at(self, times: FloatArray) -> FloatArray:
        """Cumulative hazards (k, t) at times within [0, end]."""
        return np.stack([np.interp(times, self.knots, row) for row in self.cumulative])


def fit_baseline(endpoint: Endpoint, margins: FloatArray, n_knots: int) -> Baseline:
    """Hazards of each cause 1..k, constant between some ``n_knots`` round times; margins (n, k).

    The piecewise exponential estimate: in each interval the cause's events over the time that
    patients lived in it, each weighed by exp(margin); so the expected number of events is the
    observed one, given out-of-fold margins, in every interval. Whole years are knots first, with
    ``SMALLEST_COUNT`` of the cause's events or more between any two. After delayed entry hazards
    are known from when enough patients were under observation; the first 2 % of the clock are taken
    to be like what follows. Raises TooFewEventsError where there never were enough at once.

    Friedman M (1982), Annals of Statistics 10:101-113.
    """
    time, event = endpoint.stop, endpoint.event
    start = endpoint.entered if endpoint.is_delayed else None
    end = _round_end(time)
    grid = (
        _round_times(end, n_knots)
        if start is None
        else _observed_times(start, time, n_knots, endpoint.time_scale == AGE)
    )
    rows = []
    for cause, margin in enumerate(margins.T, start=1):
        own, weights = event == cause, endpoint.weights_of(cause)
        happened = np.searchsorted(np.sort(time[own]), grid, side="right")
        knots = grid[_protect(grid, happened)]
        counted = np.diff(_sum_until(knots, time[own], weights.events[own]))
        hazard = weights.at_risk * np.exp(margin)
        lived = _lived_by(knots, time, hazard)
        if start is not None:
            lived -= _lived_by(knots, start, hazard)
        exposure = np.diff(lived)
        rates = np.divide(counted, exposure, out=np.zeros(len(exposure)), where=exposure > 0)
        cumulative = np.concatenate([[0.0], np.cumsum(rates * np.diff(knots))])
        rows.append(np.interp(grid, knots, cumulative))
    cumulative = np.stack(rows)
    if 0 < grid[0] <= _END_SHARE * end:
        grid, cumulative = _from_origin(grid, cumulative)
    return _without_idle_knots(grid, cumulative)


def _sum_until(knots: FloatArray, times: FloatArray, values: FloatArray) -> FloatArray:
    """Sums (j,) of the values (n,) whose times (n,) are a knot or before it."""
    order = np.argsort(times)
    position = np.searchsorted(times[order], knots, side="right")
    return np.asarray(np.concatenate([[0.0], np.cumsum(values[order])])[position])


def _lived_by(knots: FloatArray, until: FloatArray, hazard: FloatArray) -> FloatArray:
    """Sums (j,) of ``hazard`` (n,) times what each patient lived until, the knot at the latest."""
    ended = _sum_until(knots, until, hazard * until)
    return np.asarray(ended + knots * (hazard.sum() - _sum_until(knots, until, hazard)))


def _from_origin(grid: FloatArray, cumulative: FloatArray) -> tuple[FloatArray, FloatArray]:
    """With the hazards of the first interval from 0 on, where hardly anybody was observed yet."""
    slopes = (cumulative[:, 1] - cumulative[:, 0]) / (grid[1] - grid[0])
    before = (slopes * grid[0])[:, None]
    origin = np.zeros((len(cumulative), 1))
    return np.concatenate([[0.0], grid]), np.hstack([origin, before + cumulative])


def _observed_times(
    start: FloatArray, stop: FloatArray, n_knots: int, by_age: bool = False
) -> FloatArray:
    """Round times from the first on at which ``FEWEST_AT_RISK`` were under observation.

    Of ages, from the step on within which they came: nobody aged 45.1 is then too young.
    """
    end = _round_end(stop)
    earliest = float(np.sort(start)[:FEWEST_AT_RISK][-1])
    step = _round_step(end - earliest, n_knots)
    first = np.floor(earliest / step + 1e-9) if by_age else np.ceil(earliest / step - 1e-9)
    inside = np.arange(first, np.ceil(end / step - 1e-9)) * step
    times = np.concatenate([inside.round(6), [end]])
    at_risk = [int(((start <= time) & (stop > time)).sum()) for time in times]
    if by_age:
        at_risk[0] = max(at_risk[:2])
    enough = np.flatnonzero(np.array(at_risk) >= FEWEST_AT_RISK)
    if not len(enough) or enough[0] == len(times) - 1:
        raise TooFewEventsError(
            f"With delayed entry, fewer than {FEWEST_AT_RISK} patients are under observation at "
            "any one time: pool cohorts, or count time from each patient's entry"
        )
    return times[enough[0] :]


def _round_end(time: FloatArray) -> float:
    """The longest follow-up; rounded down, by 2 % at most, where few patients share it."""
    longest = float(time.max())
    step = next((one for one in _END_STEPS if one <= _END_SHARE * longest), None)
    if step is None or (time == longest).sum() >= SMALLEST_COUNT:
        return longest
    return round(float(np.floor(longest / step + 1e-9) * step), 6)


def _round_times(end: float, n_knots: int) -> FloatArray:
    """0, equal round steps, and the end; whole years among them in follow-up of years."""
    step = _round_step(end, n_knots)
    inside = np.arange(1, int(np.ceil(end / step - 1e-9))) * step
    return np.concatenate([[0.0], inside.round(6), [end]])


def _round_step(years: float, n_knots: int) -> float:
    """The shortest round step of which some ``n_knots`` cover the years."""
    return float(next((one for one in _STEPS if years / one <= n_knots), np.ceil(years / n_knots)))


def _protect(grid: FloatArray, happened: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Positions of the grid with enough events between any two: whole years, then those inside."""
    whole = np.flatnonzero(np.isclose(grid, grid.round()))
    years = _thin(np.union1d(whole, [0, len(grid) - 1]), happened)
    inside = [_thin(np.arange(first, last + 1), happened) for first, last in pairwise(years)]
    return np.unique(np.concatenate(inside))


def _thin(positions: npt.NDArray[np.intp], happened: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Those of the positions, both ends among them, with enough events between any two."""
    last = positions[-1]
    kept = [positions[0]]
    for position in positions[1:-1]:
        before, after = happened[position] - happened[kept[-1]], happened[last] - happened[position]
        if min(before, after) >= SMALLEST_COUNT:
            kept.append(position)
    return np.array([*kept, last])


def _without_idle_knots(grid: FloatArray, cumulative: FloatArray) -> Baseline:
    """Without the knots at which no hazard changes."""
    slopes = np.diff(cumulative, axis=1) / np.diff(grid)
    scale = np.maximum(np.abs(slopes).max(axis=1, keepdims=True), 1e-300)
    bends = (np.abs(np.diff(slopes, axis=1)) > 1e-9 * scale).any(axis=0)
    kept = np.concatenate([[True], bends, [True]])
    return Baseline(grid[kept], cumulative[:, kept])
