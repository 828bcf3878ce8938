"""How much calcium: total score, volume and the score of each vessel, from what is recorded."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.arrays import first_known, flag, where
from features.derivation.columns import Columns

VESSELS = ("lm", "lad", "lcx", "rca")
BANDS = ("130_199", "200_299", "300_399", "400_plus")


def agatston(columns: Columns) -> FloatArray:
    """Total Agatston score, AU, (n,): as recorded, else the sum of the four vessels."""
    vessels = [columns[f"cac_agatston_{vessel}"] for vessel in VESSELS]
    return first_known(columns["cac_agatston"], np.sum(vessels, axis=0))


def has_none(columns: Columns) -> FloatArray:
    """1 where the total score is 0, (n,)."""
    score = columns.derived(agatston)
    return flag(score == 0, score)


def volume(columns: Columns) -> FloatArray:
    """Calcium volume, mm3, (n,): as recorded, else the sum of the four bands of density."""
    bands = [columns[f"cac_volume_{band}"] for band in BANDS]
    return zero_without_calcium(columns, first_known(columns["cac_volume"], np.sum(bands, axis=0)))


def zero_without_calcium(columns: Columns, values: FloatArray) -> FloatArray:
    """The values, (n,); a missing one is 0 where the score is known to be 0."""
    return where(np.isnan(values) & (columns.derived(agatston) == 0), 0.0, values)


def vessel_score(columns: Columns, vessel: str) -> FloatArray:
    """Agatston score of one vessel, AU, (n,)."""
    return zero_without_calcium(columns, columns[f"cac_agatston_{vessel}"])


def vessel_scores(columns: Columns) -> FloatArray:
    """Agatston scores of left main, LAD, LCX and RCA, AU, (4, n)."""
    return np.array([vessel_score(columns, vessel) for vessel in VESSELS])
