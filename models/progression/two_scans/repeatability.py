"""Is a change between two scans real, or what a rescan of the same day would have shown?

Limits: Chung H et al. AJR 2008;190:W122, doi:10.2214/AJR.07.2726 (MESA, replicate scans of 3,380
people with calcium). From zero: Sevrukov AB et al. AJR 2005 (abstract). All of them stand in
data/reference/progression.csv.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.derivation.scan.rescan import Measure, rescan_limit

RISE, WITHIN_NOISE, FALL = "rise", "within_noise", "fall"
NOT_COMPARABLE, UNKNOWN = "not_comparable", "unknown"

SENTENCES: Mapping[str, str] = {
    RISE: "a rise beyond what a rescan of the same day would show",
    WITHIN_NOISE: "no more than a rescan of the same day may show: neither growth nor regression",
    FALL: (
        "a fall beyond what a rescan of the same day would show: check both scans; no therapy "
        "has been shown to reverse established calcium"
    ),
    NOT_COMPARABLE: (
        "the scans are not comparable: they were not made alike (scanner, slices, voltage, gating)"
    ),
    UNKNOWN: "no limit is published for this change, or a score is missing",
}

FROM_ZERO = 11.6


def detectable_rise(
    first: FloatArray, bmi: FloatArray, measure: Measure = "agatston"
) -> FloatArray:
    """The upper 95 % limit of a rescan difference, (n,): AU, or mm3 of volume.

    ``first``: first score or volume; ``bmi`` in kg/m2, where it is missing MESA's mean. From zero
    there is a limit of the Agatston score only, and NaN for volume.
    """
    from_zero = FROM_ZERO if measure == "agatston" else np.nan
    limit = rescan_limit(first, bmi, measure)
    return np.where(first == 0, from_zero, np.where(first > 0, limit, np.nan))


def judge_change(
    first: FloatArray,
    later: FloatArray,
    bmi: FloatArray,
    comparable: npt.NDArray[np.bool_] | None = None,
    measure: Measure = "agatston",
) -> npt.NDArray[np.object_]:
    """The verdict (n,) on each change: one of the keys of `SENTENCES`.

    ``comparable``: (n,), None where all scans were made alike. A fall is judged by the limit of the
    first score. A fall is never called regression.
    """
    limit = detectable_rise(first, bmi, measure)
    change = later - first
    verdict = np.full(np.shape(change), UNKNOWN, dtype=object)
    known = ~np.isnan(change)
    verdict[known & (np.abs(change) <= limit)] = WITHIN_NOISE
    verdict[known & (change > limit)] = RISE
    verdict[known & (-change > limit)] = FALL
    # no change is no change, whatever the limit
    verdict[known & (change == 0)] = WITHIN_NOISE
    if comparable is not None:
        verdict[known & ~comparable] = NOT_COMPARABLE
    return verdict
