"""Patients who stand for others: weights, and resamples that respect strata and clusters.

Every metric counts each patient as often as ``FollowUp.counts`` says, be it a whole number or not,
so that weights of a survey, or of inverse probability, are counts. What the weights mean for
intervals only the design knows: the rescaled bootstrap of Rao and Wu (1988, JASA 83:231; with Yue
1992, Surv Methodol 18:209) draws, in each stratum, one cluster fewer than it has, with replacement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.errors import CohortError, Problem


@dataclass(frozen=True)
class Survey:
    """``weight`` (n,): how many each patient stands for; ``stratum``, ``cluster`` (n,) labels.

    Without clusters each patient is one, without strata all are in one. A cluster belongs to its
    stratum: equal labels in two strata are two clusters. Raises CohortError where a weight is not
    finite and above zero, or a stratum has one cluster alone.
    """

    weight: FloatArray
    stratum: npt.ArrayLike | None = None
    cluster: npt.ArrayLike | None = None

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
        alone = frame.groupby("stratum")["cluster"].nunique() < 2
        if alone.any():
            rule = f"{int(alone.sum())} of {len(alone)} strata have one cluster alone"
            remedy = "Join these strata with their neighbours"
            raise CohortError([Problem("stratum", rule, remedy)], "survey")

    def __len__(self) -> int:
        return len(self.weight)

    def resample(self, n_bootstrap: int, seed: int) -> Iterator[FloatArray]:
        """The (n,) weights of each resample: 0 for clusters that were not drawn."""
        labels = self._labels()
        code = labels.groupby(["stratum", "cluster"], sort=True).ngroup().to_numpy()
        of_cluster = labels.groupby(code)["stratum"].first()
        strata = [np.flatnonzero(of_cluster == one) for one in of_cluster.unique()]
        for stream in np.random.SeedSequence(seed).spawn(n_bootstrap):
            draws, factor = np.random.default_rng(stream), np.zeros(len(of_cluster))
            for members in strata:
                size = len(members)
                drawn = draws.integers(0, size, size - 1)
                factor[members] = np.bincount(drawn, minlength=size) * size / (size - 1)
            yield self.weight * factor[code]

    def take(self, which: npt.NDArray[np.bool_]) -> Survey:
        """The marked patients alone. Raises CohortError where that leaves a cluster alone."""
        parts = (self.stratum, self.cluster)
        stratum, cluster = (None if one is None else np.asarray(one)[which] for one in parts)
        return Survey(self.weight[which], stratum, cluster)

    def _labels(self) -> pd.DataFrame:
        n = len(self.weight)
        stratum = np.zeros(n, dtype=int) if self.stratum is None else np.asarray(self.stratum)
        cluster = np.arange(n) if self.cluster is None else np.asarray(self.cluster)
        return pd.DataFrame({"stratum": stratum, "cluster": cluster})
