"""What some vessels tell of a total calcium score that is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.derivation.calcium import VESSELS, agatston, read_score
from features.derivation.columns import Columns


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


def suppose_least(columns: Columns) -> tuple[npt.NDArray[np.intp], Columns] | None:
    """Patients whose total score is unknown while vessels known sum to more than 0, as if that
    sum were the total: their positions (m,) among the n, and their covariates. None if nobody is.
    """
    vessels = [columns[f"cac_agatston_{vessel}"] for vessel in VESSELS]
    least = np.nansum(vessels, axis=0)
    rows = np.flatnonzero(np.isnan(columns.derived(agatston)) & (least > 0))
    if not len(rows):
        return None
    supposed = columns.covariates.iloc[rows].assign(cac_agatston=least[rows])
    return rows, Columns(supposed, columns.dictionary)
