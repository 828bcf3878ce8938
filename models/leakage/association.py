"""How well one column tells an outcome, whatever the shape: C, area, binned rates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.endpoint import Endpoint
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp

_N_BINS = 20


def concordance(values: FloatArray, endpoint: Endpoint) -> float:
    """Harrell's C of the (n,) values where they are known, turned so that it is at least 0.5."""
    known = np.isfinite(values)
    if not known.any():
        return 0.5
    c_index = harrell_c(FollowUp.of(endpoint.take(known)), values[known])
    return max(c_index, 1 - c_index) if np.isfinite(c_index) else 0.5


def area(values: FloatArray, flag: BoolArray) -> float:
    """Area under the curve for the flag (Mann-Whitney), turned so that it is at least 0.5."""
    known = np.isfinite(values)
    n_with, n_without = int(flag[known].sum()), int((~flag[known]).sum())
    if not n_with or not n_without:
        return 0.5
    ranks = pd.Series(values[known]).rank().to_numpy(dtype=np.float64)
    below = ranks[flag[known]].sum() - n_with * (n_with + 1) / 2
    share = float(below / (n_with * n_without))
    return max(share, 1 - share)


def deviations_of_flag(flag: BoolArray, has_event: BoolArray) -> float:
    """Standard deviations between the shares with the flag of those with and without the event."""
    n_with, n_without, share = int(has_event.sum()), int((~has_event).sum()), flag.mean()
    if not n_with or not n_without or share in (0, 1):
        return 0.0
    gap = abs(float(flag[has_event].mean() - flag[~has_event].mean()))
    return gap / float(np.sqrt(share * (1 - share) * (1 / n_with + 1 / n_without)))


def bin_values(values: FloatArray, n_bins: int = _N_BINS) -> pd.Series:
    """(n,) bin of each value: its own where there are few distinct ones; -1 where missing."""
    known = np.isfinite(values)
    bins = np.full(len(values), -1, dtype=np.intp)
    if not known.any():
        return pd.Series(bins)
    distinct = np.unique(values[known])
    edges = distinct
    if len(distinct) > n_bins:
        edges = np.unique(np.quantile(values[known], np.arange(1, n_bins) / n_bins))
    bins[known] = np.searchsorted(edges, values[known], side="right")
    return pd.Series(bins)


def rate_of_bin(bins: pd.Series, endpoint: Endpoint, has_event: BoolArray) -> FloatArray:
    """(n,) event rate of the patient's bin, counted in the other half of the patients.

    Whatever the shape of a column's relation to the event, this rises with the risk; counted in
    the other half, so that nobody's outcome stands in the own rate.
    """
    half = np.arange(len(bins)) % 2
    rates = np.empty(len(bins))
    for own in (0, 1):
        other = half != own
        events = pd.Series(has_event[other]).groupby(bins[other].to_numpy()).sum()
        years = pd.Series(endpoint.time[other]).groupby(bins[other].to_numpy()).sum()
        overall = has_event[other].sum() / endpoint.time[other].sum()
        rate = (events + overall) / (years + 1)
        rates[half == own] = bins[half == own].map(rate).fillna(overall).to_numpy()
    return rates
