"""Several resamples of the same patients, side by side, in few walks over the patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.endpoint import CENSORED, COMPETING, EVENT
from models.metrics.concordance import Ranking
from models.metrics.follow_up import FollowUp

AT_ONCE = 16
"""Resamples side by side: as many as fit into a cache with what is known of each patient."""


@dataclass(frozen=True)
class Resamples:
    """Resamples (b) of the patients of ``follow_up`` (n); ``counts`` (n, b) of each patient."""

    follow_up: FollowUp
    counts: FloatArray = field(repr=False)

    @classmethod
    def of(cls, follow_up: FollowUp, counts: Sequence[FloatArray]) -> Resamples:
        """A resample for each of the ``counts`` (n,)."""
        return cls(follow_up, np.ascontiguousarray(np.stack(counts, axis=1)))

    @classmethod
    def alone(cls, follow_up: FollowUp) -> Resamples:
        """The patients as they are, for one resample of themselves."""
        return cls.of(follow_up, [follow_up.counts])

    @staticmethod
    def deal(counts: Iterable[FloatArray]) -> Iterator[tuple[FloatArray, ...]]:
        """The counts of many resamples, as many at a time as are measured at once."""
        rest = iter(counts)
        while some := tuple(islice(rest, AT_ONCE)):
            yield some

    def __len__(self) -> int:
        return int(self.counts.shape[1])

    def sample(self, b: int) -> FollowUp:
        """One of the resamples alone."""
        return self.follow_up.resample(self.counts[:, b])

    @cached_property
    def size(self) -> FloatArray:
        """(b,) patients in each resample."""
        return np.asarray(self.counts.sum(axis=0))

    def per_patient(self, totals: FloatArray) -> FloatArray:
        """Totals (..., b) of each resample over its patients; NaN of a resample of nobody."""
        return np.asarray(totals / np.where(self.size > 0, self.size, np.nan))

    @cached_property
    def by_resample(self) -> FloatArray:
        """The counts (b, n)."""
        return np.ascontiguousarray(self.counts.T)

    def weights(self, horizon: float) -> FloatArray:
        """(b, n) `FollowUp.known_state_weights` of each resample."""
        if horizon not in self._weights:
            follow_up = self.follow_up
            free = follow_up.is_event_free_at(horizon)
            ended = (follow_up.time <= horizon) & (follow_up.event != CENSORED)
            weights = np.where(free | ended, self.by_resample, 0.0)
            weights[:, ended] *= self._inverse.T[:, ended]
            chance = self.uncensored_just_before(horizon)
            inverse = np.divide(1.0, chance, out=np.zeros(chance.shape), where=chance > 0)
            weights[:, free] *= inverse[:, None]
            self._weights[horizon] = weights
        return self._weights[horizon]

    @property
    def uncensored_before_own_time(self) -> FloatArray:
        """(n, b) G(T_i-) in each resample."""
        return np.asarray(self._followed[0][self.follow_up.position])

    def uncensored_just_before(self, time: npt.ArrayLike) -> FloatArray:
        """(..., b) G(t-) at each time."""
        return np.asarray(self._followed[0][np.searchsorted(self.follow_up.times, time)])

    def observed_risk(self, time: npt.ArrayLike) -> FloatArray:
        """(..., b) Aalen-Johansen risk by each time."""
        seen = np.searchsorted(self.follow_up.times, time, side="right")
        nothing = np.zeros((1, len(self)))
        return np.asarray(np.concatenate([nothing, self._followed[1]])[seen])

    def reach(self, horizon: float) -> BoolArray:
        """(b,) whether anyone who stands in the resample was followed up to the horizon."""
        late = self.follow_up.time >= horizon
        return np.asarray((self.counts[late] > 0).any(axis=0))

    def concordance(self, ranking: Ranking, tau: float) -> tuple[FloatArray, FloatArray]:
        """`harrell_c` and `uno_c` (b,) by tau years."""
        from models.metrics.resampled.compiled_pairs import count_pairs

        follow_up, (order, starts) = self.follow_up, self.by_time
        event = follow_up.event[order]
        return count_pairs(
            starts,
            ranking.rank,
            event == CENSORED,
            follow_up.has_event_by(tau)[order],
            event == COMPETING,
            self.counts_by_time,
            self._inverse_by_time,
        )

    def auc(self, ranking: Ranking, horizon: float) -> FloatArray:
        """`auc` (b,) by the horizon."""
        from models.metrics.resampled.compiled_pairs import rank_cases

        happened = self.follow_up.has_event_by(horizon)
        return rank_cases(*ranking.by_rank, happened, self.weights(horizon))

    @property
    def by_time(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
        """`FollowUp.by_time`."""
        return self.follow_up.by_time

    @cached_property
    def counts_by_time(self) -> FloatArray:
        """The counts (n, b) in order of time."""
        return np.asarray(self.counts[self.by_time[0]])

    @cached_property
    def _inverse_by_time(self) -> FloatArray:
        return np.asarray(self._inverse[self.by_time[0]])

    @cached_property
    def _inverse(self) -> FloatArray:
        """(n, b) one over G(T_i-), 0 where that is 0."""
        chance = self.uncensored_before_own_time
        return np.divide(1.0, chance, out=np.zeros(chance.shape), where=chance > 0)

    @cached_property
    def _followed(self) -> tuple[FloatArray, FloatArray]:
        """G(t-) (m + 1, b) and observed risk (m, b) at the distinct times."""
        from models.metrics.resampled.compiled_follow_up import follow_resamples

        order, starts = self.by_time
        event = self.follow_up.event[order]
        return follow_resamples(starts, event == EVENT, event != CENSORED, self.counts_by_time)

    @cached_property
    def _weights(self) -> dict[float, FloatArray]:
        return {}
