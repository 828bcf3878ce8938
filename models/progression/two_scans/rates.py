"""How fast calcium grew between two scans: a rate, each with its definition and threshold.

Definitions and their sources: data/reference/progression.csv, rows ``definition``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray

ROOT_THRESHOLD = 2.5
PERCENT_THRESHOLD = 15.0
AGATSTON_THRESHOLD = 100.0

DEFINITIONS: Mapping[str, str] = {
    "agatston_per_year": "(later - first) / years, AU a year; fast from 100 (MESA, CRIC)",
    "percent_per_year": (
        "100 * (later - first) / first / years, percent a year; fast from 15 (Raggi); none from "
        "zero, and of a small first score mostly noise"
    ),
    "root_change": (
        "sqrt(later) - sqrt(first), over the whole interval; progression from 2.5 (Hokanson JE "
        "et al. AJR 2004;182:1327, of volumes; registries use it on Agatston scores as well)"
    ),
}


@dataclass(frozen=True)
class Rates:
    """``agatston_per_year``, ``percent_per_year``, ``root_change``: (n,), NaN where not defined.

    ``by_volume``: (n,) whether the root change is of volumes, as it was defined, or of scores.
    """

    agatston_per_year: FloatArray
    percent_per_year: FloatArray
    root_change: FloatArray
    by_volume: npt.NDArray[np.bool_]


def measure_rates(
    first: FloatArray,
    later: FloatArray,
    years: FloatArray,
    first_volume: FloatArray | None = None,
    later_volume: FloatArray | None = None,
) -> Rates:
    """The rates between two scans ``years`` apart; scores in AU, volumes in mm3.

    Without years there is no yearly rate: NaN, never a division by zero.
    """
    span = np.where(years > 0, years, np.nan)
    per_year = (later - first) / span
    root = np.sqrt(later) - np.sqrt(first)
    by_volume = np.zeros(np.shape(root), dtype=bool)
    if first_volume is not None and later_volume is not None:
        of_volume = np.sqrt(later_volume) - np.sqrt(first_volume)
        by_volume = ~np.isnan(of_volume)
        root = np.where(by_volume, of_volume, root)
    percent = 100 * per_year / np.where(first > 0, first, np.nan)
    return Rates(per_year, percent, root, by_volume)
