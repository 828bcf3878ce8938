"""How a simulated patient's calcium grows: the true distribution of every later score.

The square root of the score grows in a straight line, by a yearly rate that is gamma distributed
around a mean given by the patient; a zero stays zero until calcium begins, at a hazard that rises
with age. On top lies what a rescan of the same day would differ by. Level and spread are set by the
figures in docs/simulation.md; who grows faster: Kronmal RA et al. Circulation 2007;115:2722.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv, ndtr

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_spread
from features.simulation.draws import Columns, Draws, by_group

# Mean yearly growth of the square root with and, once it has begun, without calcium at first.
_GROWN, _BEGUN = 1.0, 0.78
_SHAPE = 2.2
# Yearly hazard of calcium at 62, and how much steeper a year of age makes it.
_ONSET, _ONSET_BY_AGE = 0.085, 0.042
# A scan of a heart without calcium shows some now and then: 4.1 % of pairs disagree (Chung 2008).
_FALSE_CALCIUM, _FALSE_MEAN = 0.028, 3.5
_FIRST_VISIBLE = 1.0
_FARTHEST = 8.5  # standard deviations beyond which the share is 0 or 1 to the last digit
_AT_ONCE = 64  # patients whose distributions stay in the cache

_RATE_NODES, _ONSET_NODES = 48, 24


def growth_margin(patient: Columns) -> FloatArray:
    """Log of how fast calcium grows, relative to the average patient.

    Vitamin K2 and all that trials found without effect are absent on purpose; statins make plaque
    denser, so that the score of their takers grows faster while their events fall.
    """
    margin = 0.006 * (patient["age"].astype(float) - 66) + 0.24 * patient["_male"]
    margin = margin + 0.10 * (patient["_ethnicity"] == 0)
    margin = margin + 0.006 * np.maximum(patient["_usual_sbp"] - 125, 0)
    margin = margin + 0.012 * (patient["bmi"].astype(float) - 28) + 0.22 * patient["diabetes"]
    margin = margin + 0.0025 * np.clip(patient["glucose"].astype(float) - 100, -15, 100)
    margin = margin + 0.008 * np.maximum(60 - patient["egfr"].astype(float), 0)
    margin = margin + 0.10 * patient["family_history"]
    margin = margin + 0.10 * (patient["smoking_status"] == "current")
    margin = margin + 0.25 * patient["vitamin_k_antagonist"]
    return np.asarray(margin + by_group(patient["_statin"], (0.0, 0.05, 0.10, 0.16)) - 0.25)


def onset_margin(patient: Columns) -> FloatArray:
    """Log hazard of first calcium, relative to the average patient, without what age brings.

    LDL, HDL and calcium supplements matter here and not to growth; family history: OR 1.55
    (Pandey AK et al. Atherosclerosis 2014;232:369); supplements: RR 1.22 (Anderson JJB 2016).
    """
    margin = 0.42 * patient["_male"] + 0.15 * (patient["_ethnicity"] == 0)
    margin = margin + 0.010 * np.maximum(patient["_usual_sbp"] - 120, 0)
    margin = margin + 0.02 * (patient["bmi"].astype(float) - 28) + 0.35 * patient["diabetes"]
    margin = margin + 0.003 * np.clip(patient["glucose"].astype(float) - 100, -15, 100)
    margin = margin + 0.015 * np.maximum(60 - patient["egfr"].astype(float), 0)
    margin = margin + 0.42 * patient["family_history"]
    margin = margin + 0.20 * (patient["smoking_status"] == "current")
    margin = margin + 0.25 * patient["vitamin_k_antagonist"]
    margin = margin + 0.004 * (patient["ldl_cholesterol"].astype(float) - 118)
    margin = margin - 0.010 * (patient["hdl_cholesterol"].astype(float) - 51)
    return np.asarray(margin + 0.20 * (patient["calcium_supplement"].astype(float) >= 500) - 0.35)


@dataclass(frozen=True)
class TrueGrowth:
    """The true distribution of each patient's (n,) score at any later time.

    ``first``: Agatston score of the first scan; ``rate``: mean yearly growth of its square root,
    once there is calcium; ``onset``: yearly hazard of first calcium at entry, where there is none;
    ``bmi`` in kg/m2. The columns of truth.parquet that begin with ``growth_`` hold it.
    """

    first: FloatArray
    rate: FloatArray
    onset: FloatArray
    bmi: FloatArray

    @classmethod
    def of(cls, patient: Columns) -> TrueGrowth:
        """The growth of complete patients."""
        first = patient["cac_agatston"].astype(float)
        level = np.where(first > 0, _GROWN, _BEGUN)
        by_age = _ONSET_BY_AGE * (patient["age"].astype(float) - 62)
        return cls(
            first,
            np.asarray(level * np.exp(growth_margin(patient))),
            np.asarray(_ONSET * np.exp(onset_margin(patient) + by_age)),
            patient["bmi"].astype(float),
        )

    @classmethod
    def from_truth(cls, truth: pd.DataFrame) -> TrueGrowth:
        """What `to_columns` wrote, read back."""
        names = ("growth_first", "growth_rate", "growth_onset", "growth_bmi")
        return cls(*(truth[name].to_numpy(np.float64) for name in names))

    def to_columns(self) -> Columns:
        """The columns of truth.parquet."""
        return {
            "growth_first": self.first,
            "growth_rate": self.rate,
            "growth_onset": self.onset,
            "growth_bmi": self.bmi,
        }

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> TrueGrowth:
        """These patients alone."""
        return TrueGrowth(self.first[rows], self.rate[rows], self.onset[rows], self.bmi[rows])

    def cdf(self, scores: FloatArray, years: float) -> FloatArray:
        """(n, m) probability that a scan after ``years`` shows at most each of ``scores`` (m,)."""
        share = np.zeros((len(self.first), len(scores)))
        grows = self.first > 0
        for rows, compute in (
            (np.flatnonzero(grows), TrueGrowth._cdf_grown),
            (np.flatnonzero(~grows), TrueGrowth._cdf_begun),
        ):
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                share[some] = compute(self.take(some), scores, years)
        return share

    def _cdf_grown(self, scores: FloatArray, years: float) -> FloatArray:
        share = np.zeros((len(self.first), len(scores)))
        for rate in _rate_nodes():
            true = (np.sqrt(self.first) + rate * self.rate * years) ** 2
            share += self._rescan_cdf(scores, true) / _RATE_NODES
        return share

    def _cdf_begun(self, scores: FloatArray, years: float) -> FloatArray:
        artefact = _FALSE_CALCIUM * np.exp(-np.maximum(scores - _FIRST_VISIBLE, 0) / _FALSE_MEAN)
        hazard = self.onset * np.expm1(_ONSET_BY_AGE * years) / _ONSET_BY_AGE
        share = np.asarray(np.exp(-hazard)[:, None] * (1 - artefact))
        begun, coarse = -np.expm1(-hazard), _rate_nodes()[1::3]
        for node in (np.arange(_ONSET_NODES) + 0.5) / _ONSET_NODES:
            since = years - self._onset_years(-np.log1p(-node * begun))
            for rate in coarse:
                true = (1 + rate * self.rate * since) ** 2
                weight = begun / (_ONSET_NODES * len(coarse))
                share += weight[:, None] * self._rescan_cdf(scores, true)
        return share

    def _onset_years(self, spent: FloatArray) -> FloatArray:
        """Years until the cumulative hazard has reached ``spent``."""
        return np.asarray(np.log1p(spent * _ONSET_BY_AGE / self.onset) / _ONSET_BY_AGE)

    def _rescan_cdf(self, scores: FloatArray, true: FloatArray) -> FloatArray:
        seen = np.maximum(scores, _FIRST_VISIBLE)
        z = (seen - true[:, None]) / rescan_spread(true, self.bmi)[:, None]
        # most scores are so far off that it is 0 or 1
        share, near = (z > 0).astype(np.float64), np.abs(z) < _FARTHEST
        share[near] = ndtr(z[near])
        return share

    def draw(
        self, draws: Draws, name: str, years: FloatArray, begins: FloatArray, pace: FloatArray
    ) -> FloatArray:
        """Scores (n,) of scans after ``years`` (n,).

        ``begins``: the patient's own exponential draw, ``pace`` their own rate around the mean,
        the same for every scan; ``name``: stream of this scan's own noise.
        """
        root = np.sqrt(self.first) + pace * self.rate * years
        since = years - self._onset_years(begins)
        root = np.where(self.first > 0, root, 1 + pace * self.rate * np.maximum(since, 0))
        true = np.where((self.first > 0) | (since > 0), root**2, 0.0)
        seen = true + rescan_spread(true, self.bmi) * draws.normal(f"{name} rescan")
        false = draws.happens(f"{name} false", _FALSE_CALCIUM)
        artefact = _FIRST_VISIBLE + draws.stream(f"{name} artefact").exponential(
            _FALSE_MEAN, draws.n
        )
        seen = np.where(true > 0, seen, np.where(false, artefact, 0.0))
        return np.asarray(np.where(seen < _FIRST_VISIBLE, 0.0, np.round(seen, 2)))


def draw_pace(draws: Draws, name: str) -> FloatArray:
    """Each patient's own rate (n,) around the mean of 1."""
    return np.asarray(draws.stream(name).gamma(_SHAPE, 1 / _SHAPE, draws.n))


def _rate_nodes() -> FloatArray:
    """Rates that stand for equal shares of the patients."""
    middle = (np.arange(_RATE_NODES) + 0.5) / _RATE_NODES
    return np.asarray(gammaincinv(_SHAPE, middle) / _SHAPE)
