"""A `Forecaster` compiled by numba for batches: the same numbers to rounding, much faster."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from models.learners.compiled_completion import complete_compiled
from models.learners.completion import Completed
from models.progression.forecaster import Forecaster
from models.progression.law.compiled_law import distribution
from models.progression.predictor import ProgressionPredictor


class CompiledProgression(ProgressionPredictor):
    """What `compile_forecaster` makes of a predictor."""

    def see(self, X: pd.DataFrame) -> Completed:
        """See `ProgressionPredictor.see`."""
        self.refuse_absent(X)
        positions = X.columns.get_indexer(pd.Index(self.feature_names)).astype(np.int64)
        return complete_compiled(self.completion, X.to_numpy(np.float64).T, positions)


def compile_forecaster(forecaster: Forecaster) -> Forecaster:
    """The forecaster for many patients."""
    own = forecaster.predictor
    values = {field.name: getattr(own, field.name) for field in fields(own)}
    predictor = CompiledProgression(**{**values, "read": distribution})
    explainer = replace(forecaster.explainer, predictor=predictor)
    return replace(forecaster, predictor=predictor, explainer=explainer)
