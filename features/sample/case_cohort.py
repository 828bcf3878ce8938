"""Case-cohort samples: the patients of a random subcohort, and every case of the whole cohort.

What was measured of them alone stands for the cohort that they were drawn from. Whoever is outside
the subcohort is there for being a case, so nobody is a control in the risk sets as they are found:
each method says what a patient weighs in the risk sets before the own event and in that of it.

Prentice RL (1986) Biometrika 73:1-11; Self SG, Prentice RL (1988) Annals of Statistics 16:64-81;
Barlow WE (1994) Biometrics 50:1064-1072; Kalbfleisch JD, Lawless JF (1988) Statistics in Medicine
7:149-160, which is the second estimator of Borgan O et al. (2000) Lifetime Data Analysis 6:39-58.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.errors import Problem

PRENTICE, BARLOW, BORGAN = METHODS = "prentice", "barlow", "borgan"
EVENT_ALONE, BOTH = CASES = "event", "both"
NAMES = ("subcohort", "sampling_fraction", "event")


@dataclass(frozen=True)
class CauseWeights:
    """What each patient (n,) weighs in the hazard of one cause.

    ``at_risk``: in the risk sets before the own event; ``at_event``: in that of it; ``events``: how
    many events the own one stands for.
    """

    at_risk: FloatArray
    at_event: FloatArray
    events: FloatArray

    @classmethod
    def constant(cls, weight: FloatArray) -> CauseWeights:
        """The same everywhere."""
        return cls(weight, weight, weight)


@dataclass(frozen=True)
class CaseCohort:
    """``subcohort``: (n,) who is in it; ``fraction``: (n,) of whom each was drawn, 1 for all.

    The fraction may differ between strata and is not read outside the subcohort. ``method``: one of
    METHODS. ``cases``: "event" where all patients with the event were taken, "both" where all with
    the competing event were, too.
    """

    subcohort: BoolArray
    fraction: FloatArray
    method: str = BORGAN
    cases: str = EVENT_ALONE

    def __post_init__(self) -> None:
        subcohort = np.asarray(self.subcohort, dtype=np.bool_)
        given = np.asarray(self.fraction, dtype=np.float64)
        fraction = np.where(subcohort, np.broadcast_to(given, subcohort.shape), np.nan)
        object.__setattr__(self, "subcohort", subcohort)
        object.__setattr__(self, "fraction", fraction)

    def take(self, rows: npt.NDArray[np.generic]) -> CaseCohort:
        """The patients at these positions."""
        return replace(self, subcohort=self.subcohort[rows], fraction=self.fraction[rows])

    def has_all_of(self, cause: int) -> bool:
        """Whether every patient with this cause (1 the event, 2 the competing one) was taken."""
        return cause == 1 or self.cases == BOTH

    @property
    def drawn(self) -> str:
        """The share of the cohort that the subcohort is, or the range of those of its strata."""
        shares = self.fraction[self.subcohort]
        low, high = float(shares.min()), float(shares.max())
        return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g} by stratum"

    def find_problems(
        self, event: npt.NDArray[np.integer], names: Sequence[str] = NAMES
    ) -> list[Problem]:
        """What contradicts the design; ``names``: of the columns that say it, as NAMES."""
        subcohort, fraction, of_event = names
        rules = {
            "case_cohort": (self.method, METHODS),
            "cases": (self.cases, CASES),
        }
        found = [
            Problem(name, f"must be one of {', '.join(known)}", "Correct the name")
            for name, (given, known) in rules.items()
            if given not in known
        ]
        if not self.subcohort.any():
            found.append(Problem(subcohort, "nobody is in the subcohort", "Map its column"))
        drawn = self.fraction[self.subcohort]
        if bad := int((~((drawn > 0) & (drawn <= 1))).sum()):
            rule = "must be above 0 and at most 1 for everyone in the subcohort"
            found.append(Problem(fraction, rule, "Give the share of the cohort drawn", bad))
        elif self.method == PRENTICE and len(drawn) and np.ptp(drawn) > 0:
            rule = "differs between patients, and Prentice's weights know one fraction"
            found.append(Problem(fraction, rule, "Take barlow or borgan"))
        if neither := int((~self.subcohort & ~self._is_case(event)).sum()):
            rule = f"neither in the subcohort nor a case by {of_event}"
            remedy = "Leave out who was not sampled"
            if self.cases == EVENT_ALONE:
                remedy += "; where all with the competing event were taken as well, say cases: both"
            found.append(Problem(subcohort, rule, remedy, neither))
        return found

    def inverse_probability(self, event: npt.NDArray[np.integer]) -> FloatArray:
        """(n,) how many patients of the cohort each stands for: 1 for a case, else 1 / fraction."""
        return np.where(self._is_case(event), 1.0, self._drawn_from)

    def weights(self, cause: int, inverse_probability: FloatArray) -> CauseWeights:
        """What each patient weighs in the hazard of the cause.

        Borgan: the inverse probability throughout. Barlow and Prentice: in the subcohort
        1 / fraction before the own event, outside 0; at the own event 1 (Barlow) or, as if the case
        had been drawn, 1 / fraction (Prentice: 1 in risk sets of ones, so that hazards need the
        scale of Self and Prentice 1988). Of a cause whose cases were not all taken the subcohort
        alone tells.
        """
        if self.method == BORGAN:
            return CauseWeights.constant(inverse_probability)
        drawn = np.where(self.subcohort, self._drawn_from, 0.0)
        if not self.has_all_of(cause):
            return CauseWeights.constant(drawn)
        once = np.ones(len(drawn))
        own = once if self.method == BARLOW else np.full(len(drawn), drawn.max(initial=1.0))
        return CauseWeights(drawn, own, once)

    def efficiency(self, n_events: float) -> float:
        """Of a whole cohort's information on a hazard, the share with a subcohort for its controls.

        ``1 / (1 + (1 - a) d / m)`` for d events and a subcohort of m, drawn with the fraction a
        (Cai J, Zeng D (2004), Biometrics 60:1015-1024); with strata, of its variance over them.
        """
        drawn = self.fraction[self.subcohort]
        if not len(drawn):
            return 0.0
        spread = float(((1.0 - drawn) / drawn**2).sum()) / float((1.0 / drawn).sum()) ** 2
        return 1.0 / (1.0 + n_events * spread)

    @property
    def _drawn_from(self) -> FloatArray:
        """(n,) how many of the cohort each of the subcohort was drawn from; 1 outside."""
        return 1.0 / np.where(self.subcohort, self.fraction, 1.0)

    def _is_case(self, event: npt.NDArray[np.integer]) -> BoolArray:
        return np.isin(event, [cause for cause in (1, 2) if self.has_all_of(cause)])
