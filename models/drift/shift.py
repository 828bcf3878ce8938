"""One comparison of a batch with the training patients, and whether it amounts to a drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from models.drift.distance import adjust

Kind = Literal[
    "distribution", "scale", "relation", "missing", "unseen", "rejected", "output", "calibration"
]

FALSE_ALARMS = 0.01
"""Share of batches without drift in which anything at all may be called one, over all tests."""

_OUTPUTS = ("output", "calibration")

LIMITS: dict[str, float] = {
    # Stability index beyond sampling: 0.1 to 0.25 is a moderate shift by the usual reading.
    "stability": 0.1,
    # Largest gap of cumulative shares: 0.1 is what a shift by a quarter of the spread gives.
    "gap": 0.1,
    # Mean logarithm in standard deviations: Agatston scores 1.5 times as high are off by 0.2.
    "scale": 0.15,
    # The same, in deviations from what the closest other variable lets expect.
    "relation": 0.5,
    # Difference of the shares missing.
    "missing": 0.05,
    # Share of patients with a level that no training patient had.
    "unseen": 0.0,
    # Share of rows that cannot be scored: above it, ingest refuses a cohort by default.
    "rejected": 0.1,
    # Observed over expected events, as a distance from 1.
    "calibration": 0.1,
    # Share of later scans inside a part of their forecast, as a distance from what it should be.
    "inside": 0.05,
}


@dataclass(frozen=True)
class Shift:
    """``size`` on the scale that ``measure`` names, ``expected`` its mean without drift.

    ``p_value`` is of this test alone, ``adjusted`` among all tests of the batch. ``told`` says in
    words what has changed, in shares of patients.
    """

    kind: Kind
    name: str
    measure: str
    size: float
    expected: float
    p_value: float
    told: str
    adjusted: float = 1.0

    @property
    def beyond_chance(self) -> bool:
        """Whether sampling alone does not explain it, however small it is."""
        return self.adjusted < FALSE_ALARMS

    @property
    def drifted(self) -> bool:
        """Beyond chance, and large enough to matter."""
        beyond = self.size - (self.expected if self.measure == "stability" else 0.0)
        return self.beyond_chance and beyond > LIMITS[self.measure]


def adjust_all(shifts: Sequence[Shift]) -> tuple[Shift, ...]:
    """The shifts with their p-values adjusted for being so many, inputs first, then outputs.

    Half of the false alarms are granted to the hundreds of comparisons of inputs, half to the few
    of predictions and calibration, which would else drown among them.
    """
    families = (
        [one for one in shifts if one.kind not in _OUTPUTS],
        [one for one in shifts if one.kind in _OUTPUTS],
    )
    return tuple(
        replace(one, adjusted=min(1.0, len(families) * p))
        for family in families
        for one, p in zip(family, adjust([one.p_value for one in family]), strict=True)
    )
