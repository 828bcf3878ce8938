"""What missing features are expected to be, given the others, and how far they may be off.

Standardised features are taken to share a few common factors: z = L u + e with u standard normal
and e independent (factor analysis: Thurstone 1931, Psychological Review 38:406-427). What is known
of a patient says where u lies; u says what the rest is expected to be. Any pattern of gaps costs
one small system, so that a night's batch with thousands of patterns is completed as fast as one
with two (docs/decisions/0014).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.contraction import contract

LARGEST_DEVIATION = 4.0
_CHUNK = 2_048


def by_row(rows: FloatArray, factors: FloatArray) -> FloatArray:
    """Matrix product (n, k) of (n, m) and (m, k): a row has the same bits whatever rows are there.

    BLAS adds up in another order where the number of rows is another.
    """
    return contract("nm,mk->nk", rows, factors)


@dataclass(frozen=True)
class Gaps:
    """Which features are missing: the distinct patterns, and each patient's.

    ``patterns``: (d, p), True where missing. ``pattern``: (n,), each patient's row among them.
    ``covariance``: (d, q, q) of the common factors of patients with the pattern. ``used``: (u,) the
    modelled features.
    """

    patterns: BoolArray
    pattern: npt.NDArray[np.intp]
    covariance: FloatArray = field(repr=False)
    used: npt.NDArray[np.intp]

    def select(self, patterns: npt.NDArray[np.intp]) -> Gaps:
        """Some of the patterns alone, as if each had one patient."""
        chosen = self.patterns[patterns], np.arange(len(patterns)), self.covariance[patterns]
        return Gaps(*chosen, self.used)

    @property
    def known(self) -> BoolArray:
        """By pattern and modelled feature (d, u), whether it is known."""
        return ~self.patterns[:, self.used]


@dataclass(frozen=True)
class Completed:
    """Patients as a model sees them.

    ``standard``: (n, u) standardised features, the missing ones as expected. ``values``: (n, p)
    features in their own units, for trees: the missing ones at their mean, so that what is known of
    one feature moves no other; those that are not modelled 0. ``clock``: (n,) the age at which each
    is event-free, where the time scale of the model is age.
    """

    standard: FloatArray
    values: npt.NDArray[np.float32]
    gaps: Gaps
    clock: FloatArray | None = None

    @property
    def missing(self) -> BoolArray:
        """What was missing (n, p)."""
        return self.gaps.patterns[self.gaps.pattern]

    @property
    def recorded(self) -> FloatArray:
        """Standardised features (n, u), 0 where missing."""
        return np.where(self.gaps.known[self.gaps.pattern], self.standard, 0.0)

    def __len__(self) -> int:
        return len(self.standard)

    def take(self, rows: npt.NDArray[np.intp]) -> Completed:
        """These patients alone."""
        gaps = replace(self.gaps, pattern=self.gaps.pattern[rows])
        clock = None if self.clock is None else self.clock[rows]
        return Completed(self.standard[rows], self.values[rows], gaps, clock)


@dataclass(frozen=True)
class Completion:
    """How p features are standardised and completed; learnt on the patients fitted on.

    ``used``: (u,) positions of the features that vary enough to be modelled. ``mean``, ``scale``,
    ``bound``: (u,); standardised values of continuous features are held within
    ``LARGEST_DEVIATION`` standard deviations, so that one absurd value cannot drive a patient's
    risk. ``loadings``: (u, q) of the common factors; ``noise``: (u,) variance of what is each
    feature's own.
    """

    n_features: int
    used: npt.NDArray[np.intp]
    mean: FloatArray
    scale: FloatArray
    bound: FloatArray
    loadings: FloatArray = field(repr=False)
    noise: FloatArray = field(repr=False)

    @property
    def n_factors(self) -> int:
        """How many common factors there are."""
        return int(self.loadings.shape[1])

    def complete(self, features: FloatArray) -> Completed:
        """Features (n, p), NaN where missing, as a model sees them."""
        missing = np.isnan(features)
        gaps = self.find_gaps(missing)
        standard = np.empty((len(features), len(self.used)))
        values = np.zeros(features.shape, np.float32)
        for start in range(0, len(features), _CHUNK):
            rows = slice(start, start + _CHUNK)
            own = features[rows][:, self.used]
            block = standard[rows]
            np.subtract(own, self.mean, out=block)
            block /= self.scale
            np.minimum(block, self.bound, out=block)
            np.maximum(block, -self.bound, out=block)
            covariance = gaps.covariance[gaps.pattern[rows]]
            patient, gap = np.nonzero(missing[rows][:, self.used])
            expected = self._expect(block, (patient, gap), covariance)
            block[patient, gap] = expected
            own[patient, gap] = self.mean[gap]
            values[rows, self.used] = own
        return Completed(standard, values, gaps)

    def gap_terms(self, gaps: Gaps, slopes: FloatArray) -> FloatArray:
        """By pattern and feature (d, u): what gaps add to the margin, the sum half its variance.

        ``slopes``: (u,) of the margin in the standardised features. A hazard is exp(margin): if the
        margin is normal around what is expected, the mean hazard is that of the expected margin
        plus half the variance.
        """
        missing = gaps.patterns[:, self.used] * slopes
        spread = contract("dqr,dr->dq", gaps.covariance, by_row(missing, self.loadings))
        spread = by_row(spread, self.loadings.T)
        return np.asarray(0.5 * missing * (spread + missing * self.noise))

    def gap_variance(
        self, gaps: Gaps, slopes: FloatArray, features: npt.NDArray[np.intp]
    ) -> FloatArray:
        """Variance (d,) of the margin by pattern, where some of these features are missing.

        ``slopes``: (u,) as of `gap_terms`, which sum to half of that of all modelled features.
        """
        missing = gaps.patterns[:, self.used[features]] * slopes[features]
        lacking = np.flatnonzero(missing.any(axis=1))
        missing, variance = missing[lacking], np.zeros(len(missing))
        loaded = by_row(missing, self.loadings[features])
        spread = contract("dqr,dr->dq", gaps.covariance[lacking], loaded)
        own = contract("ij,j->i", np.square(missing), self.noise[features])
        variance[lacking] = contract("ij,ij->i", spread, loaded) + own
        return variance

    def credit_slopes(self, gaps: Gaps, slopes: FloatArray) -> FloatArray:
        """By pattern and feature (d, u): the slope once what is expected of gaps is credited.

        What is expected of a gap is a sum over the known features: each is credited with what it
        leads to expect, and the gap with nothing.
        """
        lacking = (gaps.patterns[:, self.used] * slopes) @ self.loadings
        spread = np.matmul(gaps.covariance, lacking[:, :, None])[:, :, 0]
        implied = spread @ (self.loadings / self.noise[:, None]).T
        return np.asarray(gaps.known * (slopes + implied))

    def expect(self, gaps: Gaps, feature: int) -> FloatArray:
        """By pattern and feature (d, u): by what a missing feature is expected of known ones."""
        spread = contract("dqr,r->dq", gaps.covariance, self.loadings[feature])
        expected = by_row(spread, (self.loadings / self.noise[:, None]).T)
        return np.asarray(gaps.known * expected)

    def find_gaps(self, missing: BoolArray) -> Gaps:
        """The distinct patterns of what is missing (n, p), and what each leaves open."""
        packed = np.ascontiguousarray(np.packbits(missing, axis=1))
        keys = packed.view(np.dtype((np.void, max(packed.shape[1], 1)))).ravel()
        _, first, pattern = np.unique(keys, return_index=True, return_inverse=True)
        return self.gaps_of(missing[first], pattern)

    def gaps_of(self, patterns: BoolArray, pattern: npt.NDArray[np.intp]) -> Gaps:
        """What each of the distinct patterns (d, p) leaves open; ``pattern`` (n,) of patients."""
        covariance = self._factor_covariance(~patterns[:, self.used])
        return Gaps(patterns, pattern, covariance, self.used)

    def silence(self, gaps: Gaps, silent: BoolArray) -> Gaps:
        """The gaps where known features, ``silent`` (d, u), tell nothing of the others any more.

        Each is taken back out of the covariance by the formula of Sherman and Morrison (1950,
        Annals of Mathematical Statistics 21:124-127): no system is solved anew.
        """
        covariance = gaps.covariance.copy()
        for feature in np.flatnonzero(silent.any(axis=0)):
            patterns, loading = np.flatnonzero(silent[:, feature]), self.loadings[feature]
            before = covariance[patterns]
            moved = contract("dqr,r->dq", before, loading)
            left = self.noise[feature] - contract("dq,q->d", moved, loading)
            told = moved[:, :, None] * moved[:, None, :] / left[:, None, None]
            covariance[patterns] = before + told
        return replace(gaps, covariance=covariance)

    def _factor_covariance(self, telling: BoolArray) -> FloatArray:
        """Of the common factors (d, q, q), given that these features (d, u) are known."""
        upper = np.triu_indices(self.n_factors)
        informing = (self.loadings / self.noise[:, None])[:, upper[0]] * self.loadings[:, upper[1]]
        precision = np.empty((len(telling), self.n_factors, self.n_factors))
        precision[:, upper[0], upper[1]] = by_row(telling.astype(np.float64), informing)
        precision[:, upper[1], upper[0]] = precision[:, upper[0], upper[1]]
        precision += np.eye(self.n_factors)
        return np.asarray(np.linalg.inv(precision), np.float64)

    def _expect(
        self,
        block: FloatArray,
        gaps: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
        covariance: FloatArray,
    ) -> FloatArray:
        """What is expected at each gap (patient, feature) of standardised values (n, u)."""
        patient, feature = gaps
        block[gaps] = 0.0
        known = by_row(block, self.loadings / self.noise[:, None])
        factors = contract("nqr,nr->nq", covariance, known)
        return contract("gq,gq->g", factors[patient], self.loadings[feature])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {
            "n_features": self.n_features,
            "used": self.used.tolist(),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "bounded": np.isfinite(self.bound).tolist(),
            "loadings": self.loadings.tolist(),
            "noise": self.noise.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Completion:
        """Read back what `to_dict` gave."""
        noise = np.array(stored["noise"], np.float64)
        return cls(
            stored["n_features"],
            np.array(stored["used"], np.intp),
            np.array(stored["mean"], np.float64),
            np.array(stored["scale"], np.float64),
            np.where(np.array(stored["bounded"], bool), LARGEST_DEVIATION, np.inf),
            np.array(stored["loadings"], np.float64).reshape(len(noise), -1),
            noise,
        )
