"""Variables of one's own that tell what another variable tells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.dictionary.variable import Variable
from features.intake.validation.findings import Findings

FEWEST = 50
_COPY = 0.99  # rank correlation; two measurements of one sample have .9 to .98
_STILL = 1e-9  # variance of ranks from 0 to 1 that is none but for rounding
_REMEDY = (
    "Map one of them: copies share one effect, and one of a dictionary variable knows neither its "
    "direction nor what is published of it"
)


def check_copies(
    covariates: pd.DataFrame, dictionary: Mapping[str, Variable], findings: Findings
) -> None:
    """Warn of each of one's own variables that ranks patients as an earlier one does.

    Such as a dictionary variable in another unit, or two columns of one assay; looked at where at
    least ``FEWEST`` patients have both.
    """
    numbers = covariates.select_dtypes("number").dropna(axis="columns", how="all")
    names = sorted(map(str, numbers), key=lambda name: dictionary[name].own)
    if not names or not dictionary[names[-1]].own:
        return
    correlation, both = _correlate(numbers[names].rank().to_numpy(np.float64))
    copies = (np.abs(correlation) >= _COPY) & (both >= FEWEST)
    for place, name in enumerate(names):
        earlier = np.flatnonzero(copies[place, :place])
        if dictionary[name].own and len(earlier):
            rows = int(both[place, earlier[0]])
            findings.warn(name, f"tells what {names[earlier[0]]} tells", _REMEDY, rows)


def _correlate(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of each two of the columns (n, k), by the rows that have both: correlation, and how many."""
    known = (~np.isnan(values)).astype(np.float64)
    scaled = np.nan_to_num(values - np.nanmean(values, axis=0)) / len(values)
    both, sums = known.T @ known, scaled.T @ known
    spread = (scaled**2).T @ known * both - sums**2
    spread = np.where(spread > _STILL * both**2, spread, np.inf)
    return (scaled.T @ scaled * both - sums * sums.T) / np.sqrt(spread * spread.T), both
