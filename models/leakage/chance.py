"""What chance alone can do: the error rate of the gate and how it is divided among comparisons.

Every check looks at many columns, so that each is held to the rate of a whole check divided by how
often it looks (Bonferroni). Eleven checks at 1 in 2000 and immortal time, which few events tell, at
1 in 333 stop fewer than one honest cohort in 100. Where honest columns do foretell (age, say, of
death), what they may foretell is the limit, and chance is counted from there.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from features.array_types import FloatArray

ERROR_RATE = 5e-4
"""Of one check in one honest cohort: how often it may raise a false alarm."""


def deviations_needed(n_looks: int, rate: float = ERROR_RATE / 2) -> float:
    """Standard deviations beyond which one of ``n_looks`` comparisons on one side is no chance."""
    return NormalDist().inv_cdf(1 - rate / max(n_looks, 1))


def lower_limit_of_area(area: float, n_with: int, n_without: int) -> float:
    """One-sided 99 % lower limit of an area under the curve or a C-index above 0.5.

    Standard error: Hanley and McNeil 1982, Radiology 143:29.
    """
    both, neither = area / (2 - area), 2 * area**2 / (1 + area)
    spread = (
        area * (1 - area) + (n_with - 1) * (both - area**2) + (n_without - 1) * (neither - area**2)
    ) / (n_with * n_without)
    return area - 2.326 * float(np.sqrt(max(spread, 0.0)))


def expected_ties(values: FloatArray) -> float:
    """Pairs of equal values to be expected of the (n,) whole numbers, were they a measurement.

    n/2 patients times the density of the others at a whole number, which is read from the distance
    to the nearest few on either side.
    """
    ordered, reach = np.sort(values), max(2, round(np.sqrt(len(values)) / 2))
    width = ordered[2 * reach :] - ordered[: -2 * reach]
    return float((2 * reach / np.maximum(width, 1.0)).mean() * len(values) / 2)


def is_evenly_spaced(values: FloatArray) -> bool:
    """Whether the distances between neighbours are more alike than those of any measurement.

    Of a sample from any smooth density, a distance is a uniform share of itself and the next: off
    a half by a quarter on average, with standard deviation 1/sqrt(48).
    """
    gaps = np.diff(np.unique(values))
    first, second = gaps[:-1:2], gaps[1::2]
    if len(second) < 20:
        return False
    off = np.abs(first[: len(second)] / (first[: len(second)] + second) - 0.5)
    deviation = (0.25 - off.mean()) * np.sqrt(48 * len(off))
    return bool(deviation > deviations_needed(100))
