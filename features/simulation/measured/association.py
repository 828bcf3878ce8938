"""A plain Cox model, by which a simulated cohort is measured as the published ones were."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray

_STEPS = 8


def fit_cox(design: pd.DataFrame, time: FloatArray, event: npt.NDArray[np.bool_]) -> pd.Series:
    """Log hazard ratios by name: unpenalised Cox partial likelihood, Newton's method.

    ``design`` (n, p) without missing values, ``time`` and ``event`` (n,). Ties as Breslow has
    them up to the order of the rows. Source: Cox DR. J R Stat Soc B 1972;34:187-220.
    """
    latest_first = np.argsort(-time, kind="stable")
    x = design.to_numpy(dtype=np.float64)[latest_first]
    x = x - x.mean(axis=0)
    happened = event[latest_first]
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        weight = np.exp(x @ beta)
        at_risk = np.cumsum(weight)
        mean = (np.cumsum(x * weight[:, None], axis=0) / at_risk[:, None])[happened]
        # Each patient counts in the risk set of every event up to their own time.
        hazard = np.cumsum(np.where(happened, 1 / at_risk, 0.0)[::-1])[::-1]
        information = x.T @ (x * (weight * hazard)[:, None]) - mean.T @ mean
        beta = beta + np.linalg.solve(information, (x[happened] - mean).sum(axis=0))
    return pd.Series(beta, index=design.columns)
