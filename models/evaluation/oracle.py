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
from models.metrics.concordance import Ranking
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples

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
    counts = resample_counts(endpoint, n_bootstrap, seed)
    resamples = [Resamples.of(follow_up, some) for some in Resamples.deal(counts)]
    everyone = Resamples.of(follow_up, [follow_up.counts])
    rows = []
    for name, given in risks.items():
        risk = np.asarray(given, dtype=np.float64)
        if risk.shape != true_risk.shape or risk.shape != (len(endpoint), len(horizons)):
            raise ValueError(f"risks of {name} are {risk.shape}, the truth {true_risk.shape}")
        for k, horizon in enumerate(horizons):
            pair = _Pair.of(follow_up, risk[:, k], true_risk[:, k], float(horizon))
            draws = [np.empty((0, len(FIGURES))), *(pair.measure(some) for some in resamples)]
            lower, upper = percentile_interval(np.concatenate(draws))
            row: dict[str, object] = {"model": name, "horizon": float(horizon)}
            for place, figure in enumerate(FIGURES):
                row[figure] = pair.measure(everyone)[0, place]
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

    def measure(self, samples: Resamples) -> FloatArray:
        """The FIGURES (b, f) of each sample."""
        c_index, oracle = (samples.concordance(one, self.horizon)[0] for one in self.rankings)
        squares, predicted, true = (
            one @ samples.counts / samples.size
            for one in ((self.model - self.true) ** 2, self.model, self.true)
        )
        figures = c_index, oracle, oracle - c_index, np.sqrt(squares), predicted / true
        return np.stack(figures, axis=-1)


def _correlation(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
