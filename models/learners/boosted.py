"""The boosted part of a margin: shallow, monotone XGBoost trees on completed features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.learners.completion import Completed, Completion, Gaps

if TYPE_CHECKING:
    import xgboost

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BoostedPart:
    """A fitted booster over completed features.

    ``offset`` is the booster's mean output over the patients fitted on, so that the margin is,
    like the linear one, relative to the average patient. ``slopes``: (u,) of the margin in the
    standardised features, by least squares: what a patient's gaps leave open of the margin is added
    as `Completion.gap_terms` says.
    """

    completion: Completion
    booster: xgboost.Booster
    offset: float
    slopes: FloatArray

    def margin(self, seen: Completed) -> FloatArray:
        """Log hazard, or log odds, (n,) relative to the average patient fitted on."""
        by_pattern = self.gap_margin(seen.gaps)
        return np.asarray(self.output(seen.values) - self.offset + by_pattern[seen.gaps.pattern])

    def gap_margin(self, gaps: Gaps) -> FloatArray:
        """What each pattern of gaps (d,) adds to the margin."""
        return np.asarray(self.completion.gap_terms(gaps, self.slopes).sum(axis=1))

    def gap_terms(self, seen: Completed) -> FloatArray:
        """What each modelled feature's gap (n, u) adds to the margin."""
        return self.completion.gap_terms(seen.gaps, self.slopes)[seen.gaps.pattern]

    def output(self, values: npt.NDArray[np.float32]) -> FloatArray:
        """The booster's raw output (n,) for completed values (n, p)."""
        if not len(values):
            return np.zeros(0)
        raw = self.booster.inplace_predict(values, predict_type="margin", validate_features=False)
        return np.asarray(raw, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """What neither the booster nor the completion holds, as plain numbers for JSON."""
        return {"offset": self.offset, "slopes": self.slopes.tolist()}

    @classmethod
    def from_dict(
        cls, completion: Completion, booster: xgboost.Booster, stored: dict[str, Any]
    ) -> BoostedPart:
        """Read back what `to_dict` gave, for features completed so."""
        return cls(completion, booster, stored["offset"], np.array(stored["slopes"], np.float64))
