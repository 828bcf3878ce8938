"""The class that MLflow calls for a progression model: it hands everything to the Forecaster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

from models.progression.forecaster import THRESHOLDS, Forecaster
from models.serving.served_table import ForeignColumns, require_table

ARTIFACT = "model"


class ServedProgression(PythonModel):  # type: ignore[misc]
    """Later scores, from covariates in the dictionary's names and units."""

    _forecaster: Forecaster | None = None

    def __init__(self) -> None:
        self._foreign = ForeignColumns()

    def load_context(self, context: PythonModelContext) -> None:
        """Read the native model folder."""
        self._forecaster = Forecaster.load(Path(context.artifacts[ARTIFACT]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """What `Forecaster.forecast` gives. ``params``: ``years``, ``thresholds`` (AU).

        Columns that are not in the dictionary are ignored, with a line in the log that names the
        first 200. Raises CohortError where values break the dictionary or no column is one of its
        variables, HorizonError. No message holds a patient's value.
        """
        if self._forecaster is None:
            self.load_context(context)
        assert self._forecaster is not None
        require_table(model_input)
        self._foreign.look_at(model_input, self._forecaster.dictionary)
        given = params or {}
        years, thresholds = given.get("years"), given.get("thresholds")
        return self._forecaster.forecast(
            model_input,
            None if years is None or not len(years) else list(years),
            THRESHOLDS if thresholds is None or not len(thresholds) else list(thresholds),
            unknown="ignore",
        )
