"""How far two scans of the same day differ: the published limits, as arithmetic.

Chung H et al. AJR 2008;190:W122, doi:10.2214/AJR.07.2726 (MESA, replicate scans of 3,380 people
with calcium).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from features.array_types import FloatArray

Measure = Literal["agatston", "volume"]

# Mean of MESA (Budoff MJ et al. Eur Heart J 2018;39:2401, table 1), where it is not known.
USUAL_BMI = 28.3

# share of the score, of its square root, of the body mass index; constant
_COEFFICIENTS: Mapping[Measure, tuple[float, float, float, float]] = {
    "agatston": (0.17, 4.89, 0.44, -10.84),
    "volume": (0.16, 4.30, 0.23, -5.00),
}


def rescan_limit(first: FloatArray, bmi: FloatArray, measure: Measure) -> FloatArray:
    """The upper 95 % limit of a rescan difference (n,), AU or mm3, around a first one above zero.

    ``bmi`` in kg/m2; where it is missing MESA's mean is taken.
    """
    share, root, weight, constant = _COEFFICIENTS[measure]
    body = np.where(np.isnan(bmi), USUAL_BMI, bmi)
    positive = np.maximum(first, 0.0)
    limit = share * positive + root * np.sqrt(positive) + weight * body + constant
    return np.asarray(np.maximum(limit, 0.0))


def rescan_spread(score: FloatArray, bmi: FloatArray) -> FloatArray:
    """Standard deviation (n,) of a rescan difference in AU around a score above zero.

    The published limit is the upper end of a 95 % interval of normal differences. What body mass
    adds is held at 0 or more, so that a higher true score is never less likely to pass a threshold.
    """
    share, root, weight, constant = _COEFFICIENTS["agatston"]
    body = np.where(np.isnan(bmi), USUAL_BMI, bmi)
    limit = share * score + root * np.sqrt(np.maximum(score, 0.0))
    return np.asarray((limit + np.maximum(weight * body + constant, 0.0)) / 1.96)
