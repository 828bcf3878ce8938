"""Models on one set of patients, and how good their risks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from features.array_types import BoolArray, FloatArray
    from features.endpoint import Endpoint
    from models.evaluation.performance import EvaluationResult
    from pipeline.settings.params import Params

MODEL = "calcirisk"
MIN_AT_RISK = 20
"""A horizon that fewer patients are followed up to is left out."""


def know_risks(risks: Mapping[str, FloatArray]) -> BoolArray:
    """(n,) of whom every risk is known; after delayed entry some horizons lead too far."""
    known = [np.isfinite(risk).all(axis=1) for risk in risks.values()]
    answer: BoolArray = np.all(known, axis=0)
    return answer


@dataclass(frozen=True)
class Predicted:
    """Models on one set of patients: their risks {model: (n, h)}, yet to be judged.

    ``over_time`` {model: (n, t)}: risks by the `time_steps`; empty for a yes/no cohort.
    """

    X: pd.DataFrame
    endpoint: Endpoint
    horizons: tuple[float, ...]
    risks: dict[str, FloatArray]
    over_time: Mapping[str, FloatArray] = field(default_factory=dict)

    def of_known(self) -> Predicted:
        """Of the patients whose risks are all known: a late entry may lead a horizon too far."""
        if not self.endpoint.is_delayed:
            return self
        known = know_risks(self.risks) & know_risks(self.over_time or self.risks)
        risks = {name: risk[known] for name, risk in self.risks.items()}
        over_time = {name: risk[known] for name, risk in self.over_time.items()}
        return Predicted(self.X[known], self.endpoint.take(known), self.horizons, risks, over_time)

    def measure(self, params: Params) -> Evaluation:
        """How good these risks are, with intervals; as params.yaml asks."""
        from models.evaluation.performance import evaluate_predictions

        chosen = params.evaluate
        result = evaluate_predictions(
            self.endpoint,
            self.risks,
            self.horizons,
            params.seed,
            chosen.n_bootstrap,
            reference=MODEL,
            n_groups=chosen.n_groups,
            over_time=self.over_time,
        )
        return Evaluation(
            self.X, self.endpoint, self.horizons, self.risks, self.over_time, result=result
        )


@dataclass(frozen=True, kw_only=True)
class Evaluation(Predicted):
    """Models on one set of patients, and how good their risks are."""

    result: EvaluationResult
