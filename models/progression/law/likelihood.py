"""How well the growth law agrees with later scans, as a function of each scan's two margins.

A scan is one observation: a score that was seen, or none. Onset lies somewhere before the scan that
first shows calcium (interval-censored); measurement noise has its own part in the law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_spread
from models.progression.law.growth_law import FIRST_VISIBLE, GrowthLaw, onset_nodes
from models.progression.law.normal import normal_cdf

# So rare an observation that no law explains it counts like this and pulls no further.
OUTLIER, OUTLIER_SPAN = 1e-4, 5000.0
_ROOT_TAU = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Observations:
    """Later scans (n,): first score, score seen ``years`` after it, body mass index."""

    first: FloatArray
    seen: FloatArray
    years: FloatArray
    bmi: FloatArray

    def __len__(self) -> int:
        return len(self.first)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Observations:
        """These scans alone."""
        return Observations(self.first[rows], self.seen[rows], self.years[rows], self.bmi[rows])


@dataclass(frozen=True)
class Slopes:
    """Log likelihood (n,) of each observation, its first and minus its second derivative."""

    value: FloatArray
    first: FloatArray
    curvature: FloatArray


def density(seen: FloatArray, true: FloatArray, bmi: FloatArray) -> FloatArray:
    """How likely a scan of each true score (n, k) shows ``seen`` (n,): a density, or a share."""
    spread = rescan_spread(true, bmi[:, None])
    z = (seen[:, None] - true) / spread
    shown = np.exp(-0.5 * z * z) / (_ROOT_TAU * spread)
    hidden = normal_cdf((FIRST_VISIBLE - true) / spread)
    return np.asarray(np.where(seen[:, None] < FIRST_VISIBLE, hidden, shown))


def grown_likelihood(law: GrowthLaw, of: Observations, log_rate: FloatArray) -> FloatArray:
    """Likelihood (n,) of scans of patients who had calcium at first."""
    true = law.grown(of.first, log_rate, of.years)
    fitting = density(of.seen, true, of.bmi) @ np.array(law.weights)
    return np.asarray((1 - OUTLIER) * fitting + OUTLIER / OUTLIER_SPAN)


def begun_densities(law: GrowthLaw, of: Observations, log_rate: FloatArray) -> FloatArray:
    """Density (n, j) of what was seen, given when calcium began."""
    true = law.begun(log_rate, of.years)
    n, places, rates = true.shape
    flat = density(
        np.repeat(of.seen, places), true.reshape(n * places, rates), np.repeat(of.bmi, places)
    )
    return np.asarray((flat @ law.begun_rates[1]).reshape(n, places))


def none_density(law: GrowthLaw, seen: FloatArray) -> FloatArray:
    """Density (n,) of what a scan without calcium shows: nothing, or an artefact."""
    above = np.maximum(seen - FIRST_VISIBLE, 0.0)
    shown = law.artefact * np.exp(-above / law.artefact_mean) / law.artefact_mean
    return np.where(seen < FIRST_VISIBLE, 1 - law.artefact, shown)


def begun_likelihood(
    law: GrowthLaw, of: Observations, by_onset: FloatArray, log_onset: FloatArray
) -> FloatArray:
    """Likelihood (n,) of scans after a zero; ``by_onset``: what `begun_densities` gave."""
    hazard = law.hazard(log_onset, of.years)
    after = (law.onset_weights(hazard) * by_onset).sum(axis=1)
    fitting = np.exp(-hazard) * none_density(law, of.seen) + after
    return np.asarray((1 - OUTLIER) * fitting + OUTLIER / OUTLIER_SPAN)


def onset_slopes(
    law: GrowthLaw, of: Observations, by_onset: FloatArray, log_onset: FloatArray
) -> Slopes:
    """Log likelihood of scans after a zero and its slopes in the log hazard, exactly."""
    hazard = law.hazard(log_onset, of.years)
    place, _ = onset_nodes()
    weighted = law.onset_weights(hazard) * by_onset
    none = np.exp(-hazard) * none_density(law, of.seen)
    late = 1 - hazard[:, None] * place
    total = (1 - OUTLIER) * (none + weighted.sum(axis=1)) + OUTLIER / OUTLIER_SPAN
    once = (1 - OUTLIER) * (-hazard * none + (weighted * late).sum(axis=1))
    again = (weighted * (late**2 - hazard[:, None] * place)).sum(axis=1)
    twice = (1 - OUTLIER) * (none * (hazard**2 - hazard) + again)
    slope = once / total
    return Slopes(np.log(total), slope, slope**2 - twice / total)


def rate_value(
    law: GrowthLaw, of: Observations, log_rate: FloatArray, log_onset: FloatArray
) -> FloatArray:
    """Log likelihood (n,) of every scan."""
    value = np.zeros(len(of))
    grows = of.first > 0
    if grows.any():
        value[grows] = np.log(grown_likelihood(law, of.take(grows), log_rate[grows]))
    began = ~grows
    if began.any():
        scans = of.take(began)
        by_onset = begun_densities(law, scans, log_rate[began])
        value[began] = np.log(begun_likelihood(law, scans, by_onset, log_onset[began]))
    return value
