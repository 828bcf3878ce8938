"""A cohort as every method receives it: numbers, gaps, an endpoint, the times judged at."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import CENSORED, EVENT, Endpoint
from models.metrics.follow_up import FollowUp

RARE_LEVEL = 20
"""Levels of a category with fewer patients than this are one level, `other`."""

LAST_EVENTS, LEAST_UNCENSORED = 0.9, 0.1
N_TIMES = 20


@dataclass(frozen=True)
class BenchmarkCohort:
    """Features (n, p), NaN where unknown, and endpoint of n patients.

    ``test`` holds patients set apart once and for all, ``truth`` (n_test,) their true risk by the
    last of ``times``; where it is None the cohort is cross-validated.
    """

    name: str
    features: pd.DataFrame
    endpoint: Endpoint
    times: FloatArray
    horizons: tuple[float, float]
    test: tuple[pd.DataFrame, Endpoint] | None = None
    truth: FloatArray | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the data, and with the times they are judged at."""
        digest = hashlib.sha256()
        for features, endpoint in self._samples():
            digest.update(" ".join(features.columns).encode())
            digest.update(np.ascontiguousarray(features.to_numpy(np.float64)).tobytes())
            digest.update(endpoint.time.tobytes() + endpoint.event.tobytes())
        digest.update(self.times.tobytes() + np.array(self.horizons).tobytes())
        return digest.hexdigest()[:16]

    def _samples(self) -> list[tuple[pd.DataFrame, Endpoint]]:
        apart = [] if self.test is None else [self.test]
        return [(self.features, self.endpoint), *apart]


def judge_at(endpoint: Endpoint) -> tuple[FloatArray, tuple[float, float]]:
    """The times (t,) of the integrated Brier score and the two horizons of calibration.

    Horizons are the median and the 75th percentile of event times; times run to the 90th, but
    not to where a patient's chance to be still uncensored is below a tenth.
    """
    events = endpoint.time[endpoint.event == EVENT]
    follow_up = FollowUp.of(endpoint)
    watched = follow_up.times[follow_up.uncensored_before[:-1] >= LEAST_UNCENSORED]
    last = float(min(np.quantile(events, LAST_EVENTS), watched.max()))
    middle, late = (float(min(np.quantile(events, q), last)) for q in (0.5, 0.75))
    even = last * np.arange(1, N_TIMES + 1) / N_TIMES
    return np.unique(np.r_[even, middle, late]), (middle, late)


def right_censored(time: pd.Series, event: pd.Series) -> Endpoint:
    """The endpoint; follow-up of length zero becomes half the shortest one."""
    years = time.to_numpy(np.float64)
    shortest = years[years > 0].min()
    code = np.where(event.to_numpy(np.float64) > 0, EVENT, CENSORED).astype(np.int8)
    return Endpoint(np.where(years > 0, years, shortest / 2), code)


def encode(covariates: pd.DataFrame) -> pd.DataFrame:
    """Numbers as they are, categories as 0/1 columns (NaN where unknown), nothing fitted.

    A category of two levels is one column, one of more has a column per level.
    """
    columns: dict[str, FloatArray] = {}
    for name in covariates.columns:
        column = covariates[name]
        if pd.api.types.is_numeric_dtype(column):
            columns[_plain(name)] = column.to_numpy(np.float64, na_value=np.nan)
            continue
        missing = column.isna().to_numpy()
        text = column.astype("str").where(~column.isna(), "")
        counts = text[~missing].value_counts()
        text = text.where(~text.isin(counts[counts < RARE_LEVEL].index), "other")
        levels = sorted(set(text[~missing]))
        for level in levels[1:] if len(levels) == 2 else levels:
            flag = (text == level).to_numpy(np.float64)
            columns[_plain(f"{name}_{level}")] = np.where(missing, np.nan, flag)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(covariates)))
    return frame.loc[:, [name for name in frame.columns if frame[name].nunique() > 1]]


def _plain(name: str) -> str:
    return re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
