"""Models beside the truth, which only a simulated cohort knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.bootstrap import percentile_interval, resample_counts
from models.metrics.concordance import Ranking, harrell_c
from models.metrics.follow_up import FollowUp

FIGURES = ("c_index", "oracle_c_index", "c_index_gap", "rmse", "mean_ratio")
"""Measured with an interval."""


def compare_with_truth(
    endpoint: Endpoint,
    risks: Mapping[str, npt.ArrayLike],
    truth: npt.ArrayLike,
    horizons: Sequence[float],
    seed: int = 0,
    n_bootstrap: int = 0,
) -> pd.DataFrame:
    """How far risks {model: (n, h)} lie from the true ones (n, h).

    A row per model and horizon: c_index, oracle_c_index (of the true risk itself: no model can be
    expected to rank better), c_index_gap (oracle minus model), rmse (fraction), mean_ratio (mean
    predicted over mean true risk), correlation, each but the correlation with its 95 % limits
    (``_lower``, ``_upper``; paired in the gap). Raises ValueError where shapes differ.
    """
    true_risk = np.asarray(truth, dtype=np.float64)
    follow_up = FollowUp.of(endpoint)
    resamples = [follow_up.resample(c) for c in resample_counts(endpoint, n_bootstrap, seed)]
    rows = []
    for name, given in risks.items():
        risk = np.asarray(given, dtype=np.float64)
        if risk.shape != true_risk.shape or risk.shape != (len(endpoint), len(horizons)):
            raise ValueError(f"risks of {name} are {risk.shape}, the truth {true_risk.shape}")
        for k, horizon in enumerate(horizons):
            pair = _Pair.of(follow_up, risk[:, k], true_risk[:, k], float(horizon))
            draws = np.array([pair.measure(sample) for sample in resamples])
            lower, upper = percentile_interval(draws.reshape(n_bootstrap, len(FIGURES)))
            row: dict[str, object] = {"model": name, "horizon": float(horizon)}
            for place, figure in enumerate(FIGURES):
                row[figure] = pair.measure(follow_up)[place]
                row |= {f"{figure}_lower": lower[place], f"{figure}_upper": upper[place]}
            rows.append(row | {"correlation": _correlation(risk[:, k], true_risk[:, k])})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Pair:
    """Predicted and true risks (n,) by one horizon, ranked once for all resamples."""

    model: FloatArray
    true: FloatArray
    rankings: tuple[Ranking, Ranking]
    horizon: float

    @classmethod
    def of(cls, follow_up: FollowUp, model: FloatArray, true: FloatArray, horizon: float) -> _Pair:
        rankings = Ranking.of(follow_up, model), Ranking.of(follow_up, true)
        return cls(model, true, rankings, horizon)

    def measure(self, sample: FollowUp) -> FloatArray:
        """The FIGURES."""
        c_index, oracle = (harrell_c(sample, one, self.horizon) for one in self.rankings)
        squares = np.average((self.model - self.true) ** 2, weights=sample.counts)
        means = (np.average(one, weights=sample.counts) for one in (self.model, self.true))
        predicted, true = means
        return np.array([c_index, oracle, oracle - c_index, np.sqrt(squares), predicted / true])


def _correlation(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
