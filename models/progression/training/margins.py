"""The two margins of the growth law as learners see them: log likelihood and slopes by patient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.progression.law.compiled_likelihood import rate_values
from models.progression.law.growth_law import GrowthLaw
from models.progression.law.likelihood import Observations, Slopes, begun_densities, onset_slopes

Rows = npt.NDArray[np.intp]

_STEP = 1e-3


@dataclass(frozen=True)
class GrowthMargin:
    """Scans of all patients, as a function of the log rate; ``log_onset``: (n,) of each scan."""

    law: GrowthLaw
    scans: Observations
    log_onset: FloatArray

    def take(self, rows: Rows) -> GrowthMargin:
        """These scans alone."""
        return replace(self, scans=self.scans.take(rows), log_onset=self.log_onset[rows])

    def __call__(self, margin: FloatArray) -> Slopes:
        """Log likelihood (n,) and its slopes in the margin, by central differences."""
        low, middle, high = (
            rate_values(self.law, self.scans, margin + step, self.log_onset)
            for step in (-_STEP, 0.0, _STEP)
        )
        slope = (high - low) / (2 * _STEP)
        return Slopes(middle, slope, (2 * middle - high - low) / _STEP**2)


@dataclass(frozen=True)
class OnsetMargin:
    """Scans after a zero, as a function of the log hazard of first calcium.

    ``by_onset``: (n, j) density of what was seen by when calcium began, given the growth margin.
    """

    law: GrowthLaw
    scans: Observations
    by_onset: FloatArray

    @classmethod
    def of(cls, law: GrowthLaw, scans: Observations, log_rate: FloatArray) -> OnsetMargin:
        """For scans whose log rate (n,) is known."""
        return cls(law, scans, begun_densities(law, scans, log_rate))

    def take(self, rows: Rows) -> OnsetMargin:
        """These scans alone."""
        return replace(self, scans=self.scans.take(rows), by_onset=self.by_onset[rows])

    def __call__(self, margin: FloatArray) -> Slopes:
        """Log likelihood (n,) and its slopes in the margin, exactly."""
        return onset_slopes(self.law, self.scans, self.by_onset, margin)


Margin = GrowthMargin | OnsetMargin
