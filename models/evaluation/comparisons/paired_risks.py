"""Risks measured on the same resamples of one set of patients, so that any two can be compared.

An arm is a risk and the patients it speaks of: a subgroup, the patients a score covers, a model
with fewer features. Every resample is drawn from all patients; each arm sees its own among them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.disclosure import tell_risk
from features.endpoint import Endpoint
from features.errors import HorizonError
from models.evaluation.metric import DISTANCES, METRICS
from models.evaluation.prediction import PreparedRisk
from models.metrics.bootstrap import distance_interval, percentile_interval, resample_counts
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples

Key = TypeVar("Key", bound=Hashable)
LEVELS_OF_RISK = ("mean_risk", "observed_risk", "brier")
"""Metrics from which, with the others, an observed risk follows."""

_POSITION = {metric.name: position for position, metric in enumerate(METRICS)}


@dataclass(frozen=True)
class Arm:
    """``risk`` (n,) by the horizon of the patients marked in ``rows`` (n,); elsewhere unread."""

    risk: FloatArray
    rows: BoolArray


@dataclass(frozen=True)
class Figures:
    """The METRICS of an arm and their (n_bootstrap, m) draws; ``n`` patients, ``events``."""

    n: int
    events: int
    estimates: FloatArray
    draws: FloatArray

    def estimate(self, metric: str) -> float:
        """NaN where it is undefined."""
        return float(self.estimates[_POSITION[metric]])

    def drawn(self, metric: str) -> FloatArray:
        """(n_bootstrap,) values of the metric, the same resamples for every arm."""
        drawn: FloatArray = self.draws[:, _POSITION[metric]]
        return drawn

    def interval(self, metric: str) -> tuple[float, float]:
        """95 % limits."""
        if metric in DISTANCES:
            lower, upper = distance_interval(self.estimate(metric), self.drawn(metric))
            return float(lower), float(upper)
        return interval_of(self.drawn(metric))


def measure_arms(
    endpoint: Endpoint,
    arms: Mapping[Key, Arm],
    horizon: float,
    seed: int,
    n_bootstrap: int,
) -> dict[Key, Figures]:
    """Every arm at the horizon (years), on the same ``n_bootstrap`` resamples of all patients.

    Figures are NaN where an arm's own follow-up ends before the horizon, or an arm is empty.
    """
    # The same risk of the same patients, as beside scores that cover the same, is measured once.
    places = {key: (arm.rows.tobytes(), arm.risk[arm.rows].tobytes()) for key, arm in arms.items()}
    alike = {places[key]: arm for key, arm in arms.items()}
    prepared = {place: _prepare(endpoint, arm, horizon) for place, arm in alike.items()}
    nothing = np.full(len(METRICS), np.nan)
    estimates = {
        place: nothing if one is None else one.risk.measure()[0] for place, one in prepared.items()
    }
    draws: dict[tuple[bytes, bytes], list[FloatArray]] = {place: [] for place in prepared}
    for counts in Resamples.deal(resample_counts(endpoint, n_bootstrap, seed)):
        resampled: dict[bytes, Resamples] = {}
        for place, one in prepared.items():
            if one is None:
                draws[place].append(np.tile(nothing, (len(counts), 1)))
                continue
            if one.key not in resampled:
                own = [count[one.rows] for count in counts]
                resampled[one.key] = Resamples.of(one.risk.follow_up, own)
            draws[place].append(one.risk.measure_resamples(resampled[one.key])[0])
    return {
        key: Figures(
            int(arm.rows.sum()),
            _count_events(endpoint, arm.rows, horizon),
            estimates[places[key]],
            np.concatenate([np.empty((0, len(METRICS))), *draws[places[key]]]),
        )
        for key, arm in arms.items()
    }


def interval_of(draws: npt.ArrayLike) -> tuple[float, float]:
    """95 % percentile limits of (n_bootstrap,) draws."""
    lower, upper = percentile_interval(draws)
    return float(lower), float(upper)


def difference(first: Figures, second: Figures, metric: str) -> tuple[float, float, float]:
    """First less second, with its paired 95 % limits; NaN for DISTANCES."""
    gap = first.estimate(metric) - second.estimate(metric)
    if metric in DISTANCES:
        return gap, float("nan"), float("nan")
    return gap, *interval_of(first.drawn(metric) - second.drawn(metric))


def tell_figures(metric: str, values: Sequence[float], n: int) -> list[float]:
    """Figures of ``n`` patients who are part of others, with as many digits as keep counts in tens.

    Levels of risk as `tell_risk` does, all others to four decimals.
    """
    if metric in LEVELS_OF_RISK:
        return [tell_risk(value, n) for value in values]
    return [round(float(value), 4) for value in values]


def all_rows(n: int) -> BoolArray:
    """Everyone marked."""
    return np.ones(n, dtype=np.bool_)


@dataclass(frozen=True)
class _Prepared:
    rows: BoolArray
    key: bytes
    risk: PreparedRisk


def _prepare(endpoint: Endpoint, arm: Arm, horizon: float) -> _Prepared | None:
    if not arm.rows.any():
        return None
    follow_up = FollowUp.of(endpoint.take(arm.rows))
    try:
        risk = PreparedRisk.of(follow_up, arm.risk[arm.rows], horizon)
    except HorizonError:
        return None
    return _Prepared(arm.rows, arm.rows.tobytes(), risk)


def _count_events(endpoint: Endpoint, rows: BoolArray, horizon: float) -> int:
    if not rows.any():
        return 0
    return int(FollowUp.of(endpoint.take(rows)).has_event_by(horizon).sum())
