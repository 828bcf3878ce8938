"""What people use today to say how a score will be: each as a distribution function on a grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.progression.law.likelihood import Observations
from models.progression.law.normal import normal_cdf
from models.progression.law.published_law import (
    expected_score,
    percentile,
    published_accuracy,
    score_at,
)


def carry_forward(scans: Observations, grid: FloatArray) -> FloatArray:
    """The first score stays what it is."""
    return _point(scans.first, grid)


def constant_absolute(fitted: Observations, scans: Observations, grid: FloatArray) -> FloatArray:
    """Everybody gains the median yearly change of those fitted on, with and without calcium."""
    yearly = (fitted.seen - fitted.first) / fitted.years
    gain = np.where(scans.first > 0, *(
        float(np.median(yearly[(fitted.first > 0) == grows])) for grows in (True, False)
    ))  # fmt: skip
    return _point(np.maximum(scans.first + gain * scans.years, 0.0), grid)


def constant_relative(fitted: Observations, scans: Observations, grid: FloatArray) -> FloatArray:
    """Everybody's score grows by the median yearly factor of those fitted on; a zero stays zero."""
    some = (fitted.first > 0) & (fitted.seen > 0)
    factor = np.median(np.log(fitted.seen[some] / fitted.first[some]) / fitted.years[some])
    return _point(scans.first * np.exp(factor * scans.years), grid)


def published_law(
    scans: Observations, age: FloatArray, male: npt.NDArray[np.bool_], grid: FloatArray
) -> FloatArray:
    """The percentile kept, with the study's own error of ln(CAC + 1), growing as the root of time.

    After a zero, half the percentile at which the curve leaves zero. Where the study is silent
    (below 45, above 74 years, beyond ten years) the law is used at the nearest age it speaks of.
    """
    held = np.clip(age, 45.0, 74.0)
    years = np.minimum(scans.years, 10.0)
    expected = expected_score(scans.first, held, male, years)
    share = percentile(np.zeros(len(held)), held, male) / 2
    expected = np.where(scans.first > 0, expected, score_at(share, held + years, male))
    accuracy = published_accuracy()
    spread = np.where(male, accuracy.spread[1], accuracy.spread[0]) * np.sqrt(scans.years / 5)
    centre = np.log1p(expected) + np.where(male, accuracy.mean[1], accuracy.mean[0])
    return normal_cdf((np.log1p(grid) - centre[:, None]) / spread[:, None])


def _point(score: FloatArray, grid: FloatArray) -> FloatArray:
    return (grid >= score[:, None]).astype(np.float64)
