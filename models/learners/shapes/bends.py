"""How the hazard may bend along a continuous feature: restricted cubic splines with three knots.

Harrell FE (2015), Regression Modeling Strategies, 2nd edition, section 2.4.5: linear beyond the
outer knots, which lie at the 10th, 50th and 90th percentile. With three knots there is one term
beside the line, whose slope rises steadily from 0 to a last value; here it stands upright on the
line, so that a ridge shrinks what bends and what is straight apart from one another, and at half
the size of a straight term, so that it shrinks it harder (docs/decisions/0028).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray

KNOTS = (0.1, 0.5, 0.9)
FEWEST_VALUES = 10
SIZE = 0.5  # standard deviation of a bent term, where a straight one has 1
_LEAST_SCALE = 0.05  # a term that varies less than this around the line bends nothing


@dataclass(frozen=True)
class Bends:
    """Bent terms of the u standardised features at ``columns`` (b,); learnt on those fitted on.

    ``knots``: (b, 3). The term is ``(spline - intercept - slope * z) / scale``, each (b,).
    """

    columns: npt.NDArray[np.intp]
    knots: FloatArray
    intercept: FloatArray
    slope: FloatArray
    scale: FloatArray

    def terms(self, standard: FloatArray) -> FloatArray:
        """Bent terms (n, b) of standardised features (n, u)."""
        z = standard[:, self.columns]
        return (restricted_cubic(z, self.knots) - self.intercept - self.slope * z) / self.scale

    @property
    def end_slopes(self) -> tuple[FloatArray, FloatArray]:
        """Slopes of the terms (b,) before the first and after the last knot: the extremes."""
        first, middle, last = self.knots.T
        steepest = 3.0 * (middle - first) / (last - first)
        return -self.slope / self.scale, (steepest - self.slope) / self.scale

    @classmethod
    def learn(cls, standard: FloatArray, missing: npt.NDArray[np.bool_]) -> Bends:
        """Learn from standardised features (n, u) where they were not missing."""
        found: list[tuple[float, ...]] = []
        for column in range(standard.shape[1]):
            z = standard[~missing[:, column], column]
            learnt = _learn_one(z) if len(np.unique(z)) >= FEWEST_VALUES else None
            if learnt is not None:
                found.append((column, *learnt))
        table = np.array(found).reshape(-1, 7)
        return cls(table[:, 0].astype(np.intp), table[:, 1:4], *table[:, 4:].T)

    @classmethod
    def none(cls) -> Bends:
        """No bent term."""
        nothing = np.zeros(0)
        return cls(np.zeros(0, np.intp), np.zeros((0, 3)), nothing, nothing, nothing)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {
            "columns": self.columns.tolist(),
            "knots": self.knots.tolist(),
            "intercept": self.intercept.tolist(),
            "slope": self.slope.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Bends:
        """Read back what `to_dict` gave."""
        numbers = {name: np.array(value, np.float64) for name, value in stored.items()}
        return cls(
            numbers["columns"].astype(np.intp),
            numbers["knots"].reshape(-1, 3),
            numbers["intercept"],
            numbers["slope"],
            numbers["scale"],
        )


def _learn_one(z: FloatArray) -> tuple[float, ...] | None:
    """Knots, intercept, slope and scale; None where knots coincide or nothing bends."""
    knots = np.quantile(z, KNOTS)
    if np.diff(knots).min() < _LEAST_SCALE:
        return None
    spline = restricted_cubic(z[:, None], knots[None])[:, 0]
    spread = z - z.mean()
    slope = float(spread @ spline / (spread @ spread))
    intercept = float(spline.mean() - slope * z.mean())
    spread_around = float((spline - intercept - slope * z).std())
    if spread_around < _LEAST_SCALE:
        return None
    return (*map(float, knots), intercept, slope, spread_around / SIZE)


def restricted_cubic(z: FloatArray, knots: FloatArray) -> FloatArray:
    """The restricted cubic spline (n, b) that is 0 before the first of its knots (b, 3)."""
    bent = np.zeros(z.shape)
    for knot, weight in zip(knots.T, weigh_cubes(knots).T, strict=True):
        bent += _cube(z - knot) * weight
    return bent


def weigh_cubes(knots: FloatArray) -> FloatArray:
    """The weight (b, 3) that each knot's cube has in the spline with these knots (b, 3)."""
    first, middle, last = knots.T
    size, between = (last - first) ** -2.0, last - middle
    after_middle = -size * (last - first) / between
    return np.stack([size, after_middle, size * (middle - first) / between], axis=1)


def _cube(distance: FloatArray) -> FloatArray:
    above = np.maximum(distance, 0.0)
    return above * above * above
