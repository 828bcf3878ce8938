"""Concordance (C-index) for the event of interest, with the competing event handled.

A pair is a case i, with the event at T_i <= tau, and a patient j who did not have it by then:
either followed longer (T_j > T_i, or censored at T_i), or with the competing event at any time,
for whoever can no longer have the event stays at risk of it forever (Wolbers et al. 2009,
Epidemiology 20:555). C is the share of pairs in which the case has the higher risk; equal risks
count half; two events at one time are no pair.

Harrell's C counts every pair once, and so leans on the censoring pattern. Uno's C weights the
pair by the inverse probability of seeing it: G(T_i-)^2 where j is followed longer, G(T_i-) G(T_j-)
where j had the competing event at T_j <= T_i (Uno 2011, Stat Med 30:1105; Wolbers 2014,
Biostatistics 15:526).

Differences from others: scikit-survival's tau is exclusive and its risks tie within 1e-8;
hazardous uses G(T) from all patients and never less than 0.05. All agree where no two times are
equal and G stays above 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import CENSORED, COMPETING
from models.metrics.follow_up import FollowUp, check_risk


@dataclass(frozen=True)
class Ranking:
    """Risks made ready for counting pairs, so that resamples need not sort again.

    ``order`` (n,) sorts patients by time, ``starts`` (m + 1,) marks the distinct times in it,
    ``rank`` (n,) is the dense rank of the risk, in that order.
    """

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int64]

    @classmethod
    def of(cls, follow_up: FollowUp, risk: npt.ArrayLike) -> Ranking:
        """Rank the (n,) risks of these patients."""
        given = check_risk(follow_up, risk)
        order, starts = follow_up.by_time
        rank = np.unique(given, return_inverse=True)[1][order]
        return cls(order, starts, rank.astype(np.int64))

    @cached_property
    def by_rank(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
        """(n,) the patients in order of risk, and (ranks + 1,) where each rank begins."""
        starts = np.concatenate([[0], np.cumsum(np.bincount(self.rank))])
        return self.order[np.argsort(self.rank, kind="stable")], starts.astype(np.int64)


def harrell_c(
    follow_up: FollowUp, risk: npt.ArrayLike | Ranking, tau: float | None = None
) -> float:
    """Harrell's C of the (n,) risks, for events by ``tau`` years (default: all).

    NaN where there is no pair. Raises HorizonError where tau lies beyond follow-up.
    """
    return _concordance(follow_up, risk, tau, np.ones(len(follow_up.time)))


def uno_c(follow_up: FollowUp, risk: npt.ArrayLike | Ranking, tau: float | None = None) -> float:
    """Uno's C of the (n,) risks, for events by ``tau`` years (default: all).

    Without ``tau`` the weights of late pairs may grow without bound: give one.
    NaN where there is no pair. Raises HorizonError where tau lies beyond follow-up.
    """
    chance = follow_up.uncensored_before_own_time
    inverse = np.divide(1.0, chance, out=np.zeros(len(chance)), where=chance > 0)
    return _concordance(follow_up, risk, tau, inverse)


def _concordance(
    follow_up: FollowUp, risk: npt.ArrayLike | Ranking, tau: float | None, inverse: FloatArray
) -> float:
    from models.metrics.pair_counts import count_competing_before, count_followed_longer

    ranking = risk if isinstance(risk, Ranking) else Ranking.of(follow_up, risk)
    if tau is not None:
        follow_up.check_horizon(tau)
    order, counts = ranking.order, follow_up.counts[ranking.order]
    event, weight = follow_up.event[order], inverse[order]
    is_case = follow_up.has_event_by(np.inf if tau is None else tau)[order]
    case = counts * weight * is_case
    concordant, comparable = count_followed_longer(
        ranking.starts, event == CENSORED, case * weight, ranking.rank, counts
    )
    if (event == COMPETING).any():
        competing = counts * weight * (event == COMPETING)
        more = count_competing_before(ranking.starts, case, ranking.rank, competing)
        concordant, comparable = concordant + more[0], comparable + more[1]
    return concordant / comparable if comparable > 0 else float("nan")
