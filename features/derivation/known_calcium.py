"""What is known of a total calcium score that was not recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.derivation.calcium import VESSELS, agatston, read_score
from features.derivation.columns import Columns, where

OF_CALCIUM = (
    *("cac_volume", "cac_mass", "cac_density_hu", "cac_density_score", "largest_lesion_volume"),
    *("cac_volume_130_199", "cac_volume_200_299", "cac_volume_300_399", "cac_volume_400_plus"),
    *("lesion_count", "spotty_lesion_count", "sheet_lesion_count", "vessel_count"),
)
"""What is above 0 where there is calcium alone."""


@dataclass(frozen=True)
class PartOfScore:
    """Of a total score that is not known: what ``known`` vessels, 1 to 3, sum to, AU.

    ``least``: that sum, as it is read. The total is no lower; what other vessels add is unknown.
    """

    least: float
    known: int


def find_parts(columns: Columns) -> list[PartOfScore | None]:
    """For each of n patients; None where the total is known, or the score of no vessel is."""
    vessels = np.array([columns[f"cac_agatston_{vessel}"] for vessel in VESSELS])
    known = np.where(np.isnan(columns.derived(agatston)), (~np.isnan(vessels)).sum(axis=0), 0)
    return [
        PartOfScore(read_score(float(least)), int(n)) if n else None
        for least, n in zip(np.nansum(vessels, axis=0), known, strict=True)
    ]


def least_score(columns: Columns) -> FloatArray:
    """What a total score that is not known is at least, AU, (n,); NaN where nothing tells.

    The sum of the vessels that are known, and a score found earlier, since calcium stays; where
    calcium was measured in another way, such as by volume, 1.
    """
    vessels = np.array([columns[f"cac_agatston_{vessel}"] for vessel in VESSELS])
    known = where(np.isnan(vessels).all(axis=0), np.nan, np.nansum(vessels, axis=0))
    least = np.fmax(known, columns["prior_cac_agatston"])
    least = where((least > 0) & (least < 1), 1.0, least)
    seen = np.any([columns[name] > 0 for name in OF_CALCIUM], axis=0)
    least = np.fmax(least, where(seen, 1.0, np.nan))
    return where(np.isnan(columns.derived(agatston)), least, np.nan)


def suppose_least(columns: Columns) -> tuple[npt.NDArray[np.intp], Columns] | None:
    """Patients whose total score is unknown and above 0, as if it were the least that it can be:

    their positions (m,) among the n, and their covariates. None if nobody is. Nothing is then said
    of a change since an earlier scan.
    """
    least = least_score(columns)
    rows = np.flatnonzero(least > 0)
    if not len(rows):
        return None
    supposed = columns.covariates.iloc[rows].assign(cac_agatston=least[rows])
    if "prior_cac_agatston" in supposed:
        supposed["prior_cac_agatston"] = np.nan
    return rows, Columns(supposed, columns.dictionary)
