"""Patients who stand for others: weights, and resamples that respect strata and clusters.

Every fit and every metric counts each patient as often as the weight says, be it a whole number or
not. What the weights mean for intervals only the design knows: the rescaled bootstrap of Rao and Wu
(1988, JASA 83:231; with Yue 1992, Surv Methodol 18:209) draws, in each stratum, one cluster fewer
than it has, with replacement. Of a case-cohort sample the weights are inverse probabilities; what a
patient weighs in the fits is said by its design.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.errors import CohortError, Problem
from features.sample.case_cohort import NAMES, CaseCohort, CauseWeights

FEWEST_DEGREES = 7
"""Clusters less strata below which intervals are too narrow (`benchmarks/few_clusters.py`)."""
FEWEST_UNWIDENED = 30
"""The same where strata of two or three clusters leave resamples no room to be wider.

Cameron AC, Miller DL (2015), Journal of Human Resources 50:317-372, section VI: too few are "less
than 20 to less than 50".
"""
_TOO_FEW_TO_WIDEN = 3


@dataclass(frozen=True)
class Survey:
    """``weight`` (n,): how many each patient stands for; ``stratum``, ``cluster`` (n,) labels.

    Without clusters each patient is one, without strata all are in one. A cluster belongs to its
    stratum: equal labels in two strata are two clusters. ``case_cohort``: the design, where the
    sample is one; see `of_case_cohort`. Raises CohortError where a weight is not finite and above
    zero, or a label is missing.
    """

    weight: FloatArray
    stratum: npt.ArrayLike | None = None
    cluster: npt.ArrayLike | None = None
    case_cohort: CaseCohort | None = None

    def __post_init__(self) -> None:
        weight = np.asarray(self.weight, dtype=np.float64)
        object.__setattr__(self, "weight", weight)
        bad = int((~np.isfinite(weight) | (weight <= 0)).sum())
        if bad:
            remedy = "Leave out who has no weight"
            raise CohortError(
                [Problem("weight", "must be finite and above zero", remedy, bad)], "survey"
            )
        frame = self._labels()
        for name in ("stratum", "cluster"):
            if absent := int(frame[name].isna().sum()):
                remedy = "Fill it in or leave out who has none"
                raise CohortError([Problem(name, "is missing", remedy, absent)], "survey")

    @classmethod
    def of_case_cohort(
        cls,
        design: CaseCohort,
        event: npt.NDArray[np.integer],
        stratum: npt.ArrayLike | None = None,
        cluster: npt.ArrayLike | None = None,
        names: Sequence[str] = NAMES,
    ) -> Survey:
        """A case-cohort sample with these events (n,): 0 censored, 1 event, 2 competing event.

        Weights are those of inverse probability. Raises CohortError, with the columns called by
        ``names``, where someone is neither in the subcohort nor a case, or no fraction is possible.
        """
        if problems := design.find_problems(event, names):
            raise CohortError(problems, "survey")
        return cls(design.inverse_probability(event), stratum, cluster, design)

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def is_weighted(self) -> bool:
        """Whether anybody stands for more or less than one patient."""
        return self.case_cohort is not None or bool((self.weight != 1).any())

    @property
    def n_clusters(self) -> int | None:
        """How many clusters the strata have together; None where each patient is one."""
        if self.cluster is None:
            return None
        return int(self._labels().groupby(["stratum", "cluster"]).ngroups)

    def find_few_clusters(self) -> str:
        """A sentence where clusters are too few for intervals as wide as they ought to be."""
        n_clusters, of_stratum = self.n_clusters, self._labels().groupby("stratum")["cluster"]
        held = of_stratum.nunique()
        fewest = FEWEST_DEGREES if held.min() > _TOO_FEW_TO_WIDEN else FEWEST_UNWIDENED
        if n_clusters is None or n_clusters - len(held) >= fewest:
            return ""
        strata = "stratum" if len(held) == 1 else "strata"
        return (
            f"Intervals draw whole clusters, and there are {n_clusters} in {len(held)} {strata}: "
            f"with fewer than {fewest} beyond one for each stratum intervals are too narrow, and "
            "what lies beyond chance by them may be chance."
        )

    @property
    def lonely_strata(self) -> int:
        """Strata that have one cluster alone."""
        return int((self._labels().groupby("stratum")["cluster"].nunique() < 2).sum())

    def require_pairs(self) -> None:
        """Raise CohortError where a stratum has one cluster alone, which shows no spread."""
        if alone := self.lonely_strata:
            rule = f"{alone} strata have one cluster alone"
            remedy = "Join these strata with their neighbours"
            raise CohortError([Problem("stratum", rule, remedy)], "survey")

    def resample(self, n_bootstrap: int, seed: int) -> Iterator[FloatArray]:
        """The (n,) weights of each resample, none below 0.

        Where each patient is a cluster, as many less one are drawn of each stratum, so that who was
        not drawn has the weight 0. Of clusters, resamples vary as Student's t does with as many
        degrees as there are clusters less strata: few clusters say little of how far clusters lie
        apart, and the percentiles of resamples that vary as a normal distribution would be too
        narrow (Rao JNK, Wu CFJ (1988), JASA 83:231-241, for drawing fewer and rescaling; Hesterberg
        TC (2015), American Statistician 69:371-386, for percentiles of small samples;
        `benchmarks/few_clusters.py` for how often these hold the truth). Raises CohortError where a
        stratum has one cluster alone.
        """
        self.require_pairs()
        labels = self._labels()
        code = labels.groupby(["stratum", "cluster"], sort=True).ngroup().to_numpy()
        of_cluster = labels.groupby(code)["stratum"].first()
        strata = [np.flatnonzero(of_cluster == one) for one in of_cluster.unique()]
        degrees = len(of_cluster) - len(strata)
        for stream in np.random.SeedSequence(seed).spawn(n_bootstrap):
            draws, factor = np.random.default_rng(stream), np.zeros(len(of_cluster))
            wider = 1.0 if self.cluster is None else degrees / draws.chisquare(degrees)
            for members in strata:
                factor[members] = _draw_clusters(draws, len(members), wider)
            yield self.weight * factor[code]

    def take(self, positions: npt.ArrayLike) -> Survey:
        """The patients at these positions (integers or a boolean mask).

        A stratum that keeps one cluster alone is joined with the next by label, the last with the
        one before: intervals are then a little too wide, never too narrow.
        """
        rows = np.asarray(positions)
        labels = self._labels().iloc[rows].reset_index(drop=True)
        cluster = None if self.cluster is None else labels["cluster"].to_numpy()
        design = None if self.case_cohort is None else self.case_cohort.take(rows)
        if self.stratum is None:
            return Survey(self.weight[rows], None, cluster, design)
        if cluster is not None:
            # labels of clusters may repeat between strata that are joined
            cluster = labels.groupby(["stratum", "cluster"]).ngroup().to_numpy()
        held = labels.groupby("stratum")["cluster"].nunique()
        joined = labels["stratum"].map(_join_lonely(held)).to_numpy()
        return Survey(self.weight[rows], joined, cluster, design)

    def of_cause(self, cause: int) -> CauseWeights:
        """What each patient weighs in the hazard of a cause: 1 the event, 2 the competing one."""
        if self.case_cohort is None:
            return CauseWeights.constant(self.weight)
        return self.case_cohort.weights(cause, self.weight)

    def effective_events(self, cause: int, occurred: BoolArray) -> float:
        """How many events of a whole cohort tell as much as those of the cause that (n,) occurred.

        Kish's number of their weights, and of the cases of a case-cohort sample, of which each
        counts once, what having a subcohort for their controls leaves.
        """
        n_events = effective_size(self.of_cause(cause).events[occurred])
        if self.case_cohort is not None and self.case_cohort.has_all_of(cause):
            n_events *= self.case_cohort.efficiency(n_events)
        return n_events

    def worth(self, occurred: BoolArray) -> float:
        """How many patients of the population drawn at random tell as much of the event (n,).

        Kish's number (1965, Survey Sampling, 11.7); of a case-cohort sample as many as have the
        effective number of events.
        """
        if self.case_cohort is None:
            return effective_size(self.weight)
        n_events = int(occurred.sum())
        return float(self.weight.sum()) * self.case_cohort.efficiency(n_events)

    def _labels(self) -> pd.DataFrame:
        n = len(self.weight)
        stratum = np.zeros(n, dtype=int) if self.stratum is None else np.asarray(self.stratum)
        cluster = np.arange(n) if self.cluster is None else np.asarray(self.cluster)
        return pd.DataFrame({"stratum": stratum, "cluster": cluster})


def effective_size(weight: FloatArray) -> float:
    """Kish's effective number of those with these weights: (sum of w)^2 / sum of w^2; 0 of none."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def count_by_worth(weight: FloatArray | None, chosen: BoolArray) -> FloatArray:
    """(k,) what each of the k chosen among (n,) patients counts for: 1 where all weigh the same.

    Otherwise in proportion to the weights, which then add up to their effective number.
    """
    weights = np.ones(int(chosen.sum())) if weight is None else weight[chosen]
    if not len(weights) or np.ptp(weights) == 0:
        return np.ones(len(weights))
    return np.asarray(weights * (effective_size(weights) / weights.sum()))


def draw_by_weight(weight: FloatArray, n: int) -> npt.NDArray[np.intp]:
    """Positions (n,) at even steps along the weights: each as often as it stands for others.

    Systematic sampling (Madow and Madow 1944, Annals of Mathematical Statistics 15:1-24).
    """
    reached = np.cumsum(weight)
    places = np.searchsorted(reached, (np.arange(n) + 0.5) * (reached[-1] / n), side="right")
    return np.asarray(places, np.intp)


def _join_lonely(held: pd.Series) -> dict[Hashable, int]:
    """Stratum -> number of the group of strata it belongs to; each group has two clusters."""
    groups, number, clusters = dict[Hashable, int](), 0, 0
    for stratum, count in held.items():
        groups[stratum], clusters = number, clusters + int(count)
        if clusters >= 2:
            number, clusters = number + 1, 0
    # what is left over at the end belongs to the group before
    return {stratum: min(group, max(number - 1, 0)) for stratum, group in groups.items()}


def _draw_clusters(draws: np.random.Generator, size: int, wider: float) -> FloatArray:
    """What each cluster of a stratum (size,) weighs in a resample; its variance ``wider`` than 1.

    The fewer are drawn the more resamples vary; never less than one, so that of two clusters none
    is wider and of three at most twice as wide.
    """
    others = size - 1
    wider = min(wider, others) if others > 1 else 1.0
    n_drawn = int(others / max(wider, 1.0))
    counts = np.bincount(draws.integers(0, size, n_drawn), minlength=size)
    reach = np.sqrt(wider * n_drawn / others)
    return np.asarray(1.0 + reach * (counts * size / n_drawn - 1.0))
