"""How a score may look after some years: growth, onset and what a rescan differs by, in one law.

A power of the score grows in a straight line, at a yearly rate that differs between people of the
same covariates; where there is none, calcium begins by a complementary log-log law in time and then
grows alike; a scan shows what there is with the published noise of a rescan. So a zero may stay
zero, a fall is noise, quantiles cannot cross and the chance to pass a score cannot fall with time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_spread
from models.progression.law.normal import normal_cdf

FIRST_VISIBLE = 1.0
# Gauss-Legendre nodes of when, in the time to the scan, calcium began; rates tried after onset.
ONSET_NODES, BEGUN_RATES = 6, 6
_SMALLEST = 1e-9
_AT_ONCE = 64  # patients whose distributions stay in the cache


@dataclass(frozen=True)
class Patients:
    """``first``: Agatston score of the first scan (n,); ``log_rate``: ln of the mean yearly growth
    of its power; ``log_onset``: ln of the hazard of first calcium, in the law's own time scale,
    used where the first score is 0; ``bmi`` in kg/m2, which the noise of a scan depends on."""

    first: FloatArray
    log_rate: FloatArray
    log_onset: FloatArray
    bmi: FloatArray

    def __len__(self) -> int:
        return len(self.first)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Patients:
        """These patients alone."""
        return Patients(self.first[rows], self.log_rate[rows], self.log_onset[rows], self.bmi[rows])


@dataclass(frozen=True)
class GrowthLaw:
    """What all patients share.

    ``power`` of the score that grows evenly; ``rates`` (k,) around the patient's mean of 1, with
    ``weights`` (k,); ``onset_shape``: the cumulative hazard of first calcium rises with time to
    this power; ``artefact``: share of scans without calcium that show some, exponential around
    ``artefact_mean`` AU above the least visible score.
    """

    power: float
    rates: tuple[float, ...]
    weights: tuple[float, ...]
    onset_shape: float = 1.1
    artefact: float = 0.028
    artefact_mean: float = 3.5

    @cached_property
    def begun_rates(self) -> tuple[FloatArray, FloatArray]:
        """Fewer rates and weights, (b,), means of neighbours: for what began after a zero."""
        groups = np.array_split(np.arange(len(self.rates)), min(BEGUN_RATES, len(self.rates)))
        rates, weights = np.array(self.rates), np.array(self.weights)
        total = np.array([weights[group].sum() for group in groups])
        mean = np.array([rates[group] @ weights[group] for group in groups]) / total
        return mean, total

    def grown(self, first: FloatArray, log_rate: FloatArray, years: FloatArray) -> FloatArray:
        """True scores (n, k) after ``years`` (n,), of patients with calcium, by the law's rates."""
        start = np.maximum(first, _SMALLEST) ** self.power
        step = np.exp(log_rate) * years
        reached = start[:, None] + step[:, None] * np.array(self.rates)
        return np.asarray(reached ** (1 / self.power))

    def begun(self, log_rate: FloatArray, years: FloatArray) -> FloatArray:
        """True scores (n, j, b) by when calcium began (j) and the rate since (b)."""
        since = years[:, None] * (1 - onset_nodes()[0] ** (1 / self.onset_shape))
        step = np.exp(log_rate)[:, None] * since
        reached = FIRST_VISIBLE + step[:, :, None] * self.begun_rates[0]
        return np.asarray(reached ** (1 / self.power))

    def hazard(self, log_onset: FloatArray, years: FloatArray) -> FloatArray:
        """Cumulative hazard (n,) of first calcium."""
        return np.asarray(np.exp(log_onset) * years**self.onset_shape)

    def onset_weights(self, hazard: FloatArray) -> FloatArray:
        """Probability (n, j) that calcium began at each node; with exp(-hazard) they sum to 1."""
        place, weight = onset_nodes()
        return np.asarray(hazard[:, None] * weight * np.exp(-hazard[:, None] * place))

    def cdf(self, patients: Patients, scores: FloatArray, years: FloatArray) -> FloatArray:
        """(n, m) probability that a scan shows at most each of ``scores`` (n, m), after years (n,).

        NaN where the first score or a margin is missing. The numpy reference of
        `models.progression.law.compiled_law`.
        """
        share = np.full(scores.shape, np.nan)
        grows = patients.first > 0
        for rows, compute in ((grows, self._cdf_grown), (patients.first == 0, self._cdf_begun)):
            positions = np.flatnonzero(rows)
            for start in range(0, len(positions), _AT_ONCE):
                some = positions[start : start + _AT_ONCE]
                share[some] = compute(patients.take(some), scores[some], years[some])
        return share

    def _cdf_grown(self, patients: Patients, scores: FloatArray, years: FloatArray) -> FloatArray:
        true = self.grown(patients.first, patients.log_rate, years)
        spread = rescan_spread(true, patients.bmi[:, None])
        seen = np.maximum(scores, FIRST_VISIBLE)[:, :, None]
        below = normal_cdf((seen - true[:, None, :]) / spread[:, None, :])
        return np.asarray(below @ np.array(self.weights))

    def _cdf_begun(self, patients: Patients, scores: FloatArray, years: FloatArray) -> FloatArray:
        true = self.begun(patients.log_rate, years)
        spread = rescan_spread(true, patients.bmi[:, None, None])
        hazard = self.hazard(patients.log_onset, years)
        weights = self.onset_weights(hazard)
        above = np.maximum(scores - FIRST_VISIBLE, 0.0)
        none = 1 - self.artefact * np.exp(-above / self.artefact_mean)
        share = np.exp(-hazard)[:, None] * none
        for column in range(scores.shape[1]):
            seen = np.maximum(scores[:, column], FIRST_VISIBLE)[:, None, None]
            below = normal_cdf((seen - true) / spread) @ self.begun_rates[1]
            share[:, column] += (below * weights).sum(axis=1)
        return share

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> GrowthLaw:
        """Read back what `to_dict` gave."""
        rates, weights = tuple(stored["rates"]), tuple(stored["weights"])
        return cls(**{**stored, "rates": rates, "weights": weights})


@cache
def onset_nodes() -> tuple[FloatArray, FloatArray]:
    """Places in (0, 1), on the scale of the cumulative hazard, and weights that sum to 1."""
    place, weight = np.polynomial.legendre.leggauss(ONSET_NODES)
    return (place + 1) / 2, weight / 2
