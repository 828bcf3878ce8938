"""What is known of a total calcium score that was not recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from features.derivation.calcium import (
    EARLIER_CALCIUM,
    OF_CALCIUM,
    VESSEL_SCORES,
    agatston,
    read_score,
)
from features.derivation.columns import Columns, where

Trace = Literal["seen", "seen_earlier", "none_earlier"]
"""Calcium was measured in another way than by a score; an earlier scan showed some, or none."""
_OF_A_SCAN = ("cac_volume", "lesion_count", "vessel_count")


@dataclass(frozen=True)
class PartOfScore:
    """Of a total score that is not known: the total is no lower than ``least``, AU, as it is read.

    ``known``: how many vessels, 0 to 3, are; ``least`` is what they sum to, or where ``earlier``
    the score of an earlier scan, which is more: calcium stays.
    """

    least: float
    known: int
    earlier: bool = False


def find_parts(columns: Columns) -> list[PartOfScore | None]:
    """For each of n patients; None where the total is known, or nothing bounds it but 0.

    Of known vessels without calcium that is said, too.
    """
    vessels = np.array([columns[name] for name in VESSEL_SCORES])
    unknown = np.isnan(columns.derived(agatston))
    known = np.where(unknown, (~np.isnan(vessels)).sum(axis=0), 0)
    sums, earlier = np.nansum(vessels, axis=0), columns.derived(earlier_score)
    return [
        PartOfScore(read_score(float(before if before > least else least)), int(n), before > least)
        if n or (gap and before > 0)
        else None
        for gap, least, n, before in zip(unknown, sums, known, earlier.tolist(), strict=True)
    ]


def find_traces(columns: Columns) -> list[Trace | None]:
    """What else tells of calcium, of n patients; None where the total or `PartOfScore` is known.

    Of a total of 0 that calcium measured in another way contradicts it is told, too.
    """
    earlier = [columns[name] for name in EARLIER_CALCIUM]
    told: dict[Trace, BoolArray] = {
        "seen": np.any([columns[name] > 0 for name in OF_CALCIUM], axis=0),
        "seen_earlier": np.any([one > 0 for one in earlier], axis=0),
        "none_earlier": np.any([one == 0 for one in earlier], axis=0),
    }
    score, parts = columns.derived(agatston), find_parts(columns)
    told["seen"] &= np.isnan(score) | (score == 0)
    for trace in ("seen_earlier", "none_earlier"):
        told[trace] &= np.isnan(score)
    return [
        next((trace for trace, holds in told.items() if holds[row]), None) if part is None else None
        for row, part in enumerate(parts)
    ]


def earlier_score(columns: Columns) -> FloatArray:
    """The score of an earlier scan, AU, (n,); NaN where now no calcium is recorded in another way.

    Of the two one is wrong, and nobody knows which.
    """
    none = np.any([columns[name] == 0 for name in _OF_A_SCAN], axis=0)
    return where(none, np.nan, columns["prior_cac_agatston"])


def least_score(columns: Columns) -> FloatArray:
    """What a total score that is not known is at least, AU, (n,); NaN where nothing tells.

    The sum of the vessels that are known, and a score found earlier, since calcium stays; where
    calcium was measured in another way, such as by volume, 1.
    """
    vessels = np.array([columns[name] for name in VESSEL_SCORES])
    known = where(np.isnan(vessels).all(axis=0), np.nan, np.nansum(vessels, axis=0))
    least = np.fmax(known, columns.derived(earlier_score))
    least = where((least > 0) & (least < 1), 1.0, least)
    seen = np.any([columns[name] > 0 for name in OF_CALCIUM], axis=0)
    least = np.fmax(least, where(seen, 1.0, np.nan))
    return where(np.isnan(columns.derived(agatston)), least, np.nan)


def suppose_least(columns: Columns) -> tuple[npt.NDArray[np.intp], Columns] | None:
    """Patients whose total score is unknown and above 0, read as the least that it can be.

    Their positions (m,) among the n and their covariates; None where nobody is. Of a change since
    an earlier scan nothing is then said.
    """
    least = least_score(columns)
    rows = np.flatnonzero(least > 0)
    if not len(rows):
        return None
    supposed = columns.covariates.iloc[rows].assign(cac_agatston=least[rows])
    if "prior_cac_agatston" in supposed:
        supposed["prior_cac_agatston"] = np.nan
    return rows, Columns(supposed, columns.dictionary)
