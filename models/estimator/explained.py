"""An explanation that SHAP's plots take. Apart, for what is served must not need shap."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from models.explanation.explanation import OTHER_CAUSES_LABEL, Explanation

if TYPE_CHECKING:
    import shap


@dataclass(frozen=True)
class Explained(Explanation):
    """Contributions to the risk, with the ``features`` (n, p) of the patients explained."""

    features: pd.DataFrame

    @classmethod
    def of(cls, explanation: Explanation, features: pd.DataFrame) -> Self:
        """The same explanation beside the features that it explains."""
        given = {one.name: getattr(explanation, one.name) for one in fields(Explanation)}
        return cls(**given, features=features)

    def to_shap(self) -> shap.Explanation:
        """For SHAP's plots: contributions to the risk as fractions, a column per feature.

        The last is what runs through dying of something else first. The plots may show the
        patients' values.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # SHAP on matplotlib
            import shap

        names = list(self.feature_names)
        return shap.Explanation(
            values=np.column_stack([self.values, self.other]),
            base_values=np.full(len(self), self.base_risk),
            data=self.features[names].assign(other=np.nan).to_numpy(np.float64),
            feature_names=[*names, OTHER_CAUSES_LABEL],
        )
