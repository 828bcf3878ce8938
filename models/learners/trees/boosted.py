"""The boosted part of a margin: shallow, monotone XGBoost trees on completed features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.learners.completion import Completed, Completion

if TYPE_CHECKING:
    import xgboost


@dataclass(frozen=True)
class BoostedPart:
    """A fitted booster over completed features.

    ``offset`` is the booster's mean output over the patients fitted on, so that the margin is,
    like the linear one, relative to the average patient. Where a linear part stands beside it, the
    trees were grown on top of that one's margin, and add what it cannot say.
    """

    completion: Completion
    booster: xgboost.Booster
    offset: float

    def margin(self, seen: Completed) -> FloatArray:
        """Log hazard, or log odds, (n,) relative to the average patient fitted on."""
        return np.asarray(self.output(seen.values) - self.offset)

    def output(self, values: npt.NDArray[np.float32]) -> FloatArray:
        """The booster's raw output (n,) for completed values (n, p)."""
        if not len(values):
            return np.zeros(0)
        raw = self.booster.inplace_predict(values, predict_type="margin", validate_features=False)
        return np.asarray(raw, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """What neither the booster nor the completion holds, as plain numbers for JSON."""
        return {"offset": self.offset}

    @classmethod
    def from_dict(
        cls, completion: Completion, booster: xgboost.Booster, stored: dict[str, Any]
    ) -> BoostedPart:
        """Read back what `to_dict` gave, for features completed so."""
        return cls(completion, booster, stored["offset"])
