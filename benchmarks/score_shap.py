"""The same scoring job with `shap.TreeExplainer` in place of our attribution of the trees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from models.explanation.explainer import Explainer, carry_risk
from models.scorer import Scorer

N_BACKGROUND = 100  # as many as SHAP's own documentation advises


@dataclass(frozen=True)
class ShapAttribution:
    """What `TreeAttribution` does, asked of SHAP: one stratum, interventional."""

    booster: Any
    background: npt.NDArray[np.float32]

    @cached_property
    def _explainer(self) -> Any:
        import shap

        return shap.TreeExplainer(self.booster, self.background)

    def attribute(self, features: npt.NDArray[np.float32], weights: FloatArray) -> FloatArray:
        """(n, p) contributions to the margin, times the weights (n, 1)."""
        contributions = self._explainer.shap_values(features, check_additivity=False)
        return np.asarray(contributions, np.float64) * weights


def with_shap(scorer: Scorer, background: pd.DataFrame) -> tuple[Scorer, Scorer]:
    """Scorers that explain against these patients, in one stratum: ours, and through SHAP."""
    predictor = scorer.predictor
    ours = Explainer.fit(predictor, background, scorer.about.horizons, n_strata=1)
    seen = predictor.see(background[list(predictor.feature_names)]).values
    causes = tuple(
        replace(kept, trees=kept.trees and ShapAttribution(cause.boosted.booster, seen))
        for kept, cause in zip(ours.causes, predictor.causes, strict=True)
    )
    theirs = replace(ours, causes=causes, kernel=carry_risk)
    return replace(scorer, explainer=ours), replace(scorer, explainer=theirs)
