"""The linear part of a margin: standardised features, completed, with missing indicators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.learners.completion import BoolArray, Completed, Completion, Gaps

FloatArray = npt.NDArray[np.float64]

SMALLEST_COUNT = 10


@dataclass(frozen=True)
class LinearDesign:
    """How m linear terms are made of completed features; learnt on the patients fitted on.

    The first u terms are the standardised features that ``completion`` models. The others are
    missing indicators, 0 or 1 less the ``share`` with it, one for each distinct pattern of
    missingness, named by its first feature in ``indicated``. They are not standardised: the rarer
    a gap, the less its few patients may say of the next one's risk (docs/decisions/0014).
    """

    completion: Completion
    indicated: npt.NDArray[np.intp]
    share: FloatArray

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each term belongs to."""
        return tuple(int(i) for i in np.concatenate([self.completion.used, self.indicated]))

    def directions(self, of_features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """The terms' monotone directions (m,) from the features' (p,); indicators are free."""
        free = np.zeros(len(self.indicated), np.int8)
        return np.concatenate([of_features[self.completion.used], free])

    def terms(self, seen: Completed) -> FloatArray:
        """Standardised terms (n, m) of completed features."""
        indicators = self.indicators(seen.gaps)[seen.gaps.pattern]
        return np.concatenate([seen.standard, indicators], axis=1)

    def indicators(self, gaps: Gaps) -> FloatArray:
        """The missing indicators of each pattern of gaps (d, i)."""
        return gaps.patterns[:, self.indicated] - self.share

    @classmethod
    def learn(cls, completion: Completion, missing: BoolArray) -> LinearDesign:
        """Learn the indicators from what the patients fitted on (n, p) lack."""
        indicated = _distinct_patterns(missing)
        return cls(completion, indicated, missing[:, indicated].mean(axis=0))


def _distinct_patterns(missing: BoolArray) -> npt.NDArray[np.intp]:
    """First feature of each pattern of missingness that occurs often enough, in feature order."""
    seen: set[bytes] = set()
    chosen: list[int] = []
    for position in range(missing.shape[1]):
        count = int(missing[:, position].sum())
        pattern = np.packbits(missing[:, position]).tobytes()
        if SMALLEST_COUNT <= count <= len(missing) - SMALLEST_COUNT and pattern not in seen:
            seen.add(pattern)
            chosen.append(position)
    return np.array(chosen, np.intp)


@dataclass(frozen=True)
class LinearPart:
    """A fitted linear margin.

    ``coefficients``: (m,) of the design's terms. ``slopes``: (u,) of the standardised features in a
    first fit, by which gaps are weighed: what a patient's gaps leave open of the margin is added as
    `Completion.gap_terms` says, to the terms of the missing features.
    """

    design: LinearDesign
    coefficients: FloatArray
    slopes: FloatArray
    penalty: float

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each term belongs to."""
        return self.design.term_features

    def terms(self, seen: Completed) -> FloatArray:
        """Contributions (n, m) to the margin; they sum to it."""
        terms = self.design.terms(seen)
        terms *= self.coefficients
        by_pattern = self.design.completion.gap_terms(seen.gaps, self.slopes)
        terms[:, : by_pattern.shape[1]] += by_pattern[seen.gaps.pattern]
        return terms

    def margin(self, seen: Completed) -> FloatArray:
        """Log hazard (n,) relative to the average patient fitted on."""
        n_values = seen.standard.shape[1]
        by_pattern = self.design.indicators(seen.gaps) @ self.coefficients[n_values:]
        by_pattern += self.design.completion.gap_terms(seen.gaps, self.slopes).sum(axis=1)
        margin = np.einsum("ij,j->i", seen.standard, self.coefficients[:n_values])
        return np.asarray(margin + by_pattern[seen.gaps.pattern])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON; the completion, which parts share, left out."""
        return {
            "indicated": self.design.indicated.tolist(),
            "share": self.design.share.tolist(),
            "coefficients": self.coefficients.tolist(),
            "slopes": self.slopes.tolist(),
            "penalty": self.penalty,
        }

    @classmethod
    def from_dict(cls, completion: Completion, stored: dict[str, Any]) -> LinearPart:
        """Read back what `to_dict` gave, for features completed so."""
        numbers = {name: np.array(value, np.float64) for name, value in stored.items()}
        indicated = np.array(stored["indicated"], np.intp)
        design = LinearDesign(completion, indicated, numbers["share"])
        return cls(design, numbers["coefficients"], numbers["slopes"], stored["penalty"])
