"""The normal distribution function in plain numpy: scoring needs no scipy."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray

# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: absolute error below 1.5e-7.
P = 0.3275911
A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def normal_cdf(z: FloatArray) -> FloatArray:
    """Probability that a standard normal number is at most ``z``; absolute error below 1e-7."""
    x = np.abs(z) * np.sqrt(0.5)
    t = 1.0 / (1.0 + P * x)
    tail = 0.5 * t * (A[0] + t * (A[1] + t * (A[2] + t * (A[3] + t * A[4])))) * np.exp(-x * x)
    return np.asarray(np.where(z > 0, 1.0 - tail, tail))
