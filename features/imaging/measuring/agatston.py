"""Agatston's score of connected areas."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.imaging.measuring.components import Components
from features.imaging.measuring.rules import WEIGHT_FROM_HU, MeasuringRules

# An area counts as large enough although its pixels' sizes are rounded in the file.
_ROUNDING = 1e-6


def density_weight(peak_hu: FloatArray) -> FloatArray:
    """Agatston's density factor, 1 to 4, (n,), of areas by their peak in HU.

    | peak      | 130-199 | 200-299 | 300-399 | 400 and over |
    |-----------|---------|---------|---------|--------------|
    | factor    | 1       | 2       | 3       | 4            |

    Source: Agatston AS et al. J Am Coll Cardiol 1990;15:827-832.
    """
    above = np.searchsorted(WEIGHT_FROM_HU[1:], peak_hu, side="right")
    return np.asarray(1.0 + above, dtype=np.float64)


def score_areas(
    components: Components, pixel_mm2: float, spacing_mm: float, rules: MeasuringRules
) -> tuple[FloatArray, FloatArray]:
    """Score and area of each connected area of a slice, (areas,) each; 0 where it is too small.

    The score is area (mm2) * weight * spacing / 3 mm. The area is mm2 * spacing / 3 mm: what it
    would be in slices of 3 mm, so that score / area is the mean weight at any spacing.
    """
    size = np.bincount(components.area) * pixel_mm2
    peak = np.full(len(size), -np.inf)
    np.maximum.at(peak, components.area, components.hu)
    large = size >= rules.minimum_area_mm2 - _ROUNDING
    area = np.where(large, size * spacing_mm / rules.reference_spacing_mm, 0.0)
    return area * density_weight(peak), area
