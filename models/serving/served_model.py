"""The class that MLflow calls: it hands everything to the Scorer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

from models.scorer import Scorer
from models.serving.served_table import ForeignColumns, require_table

ARTIFACT = "model"


class ServedModel(PythonModel):  # type: ignore[misc]
    """Risk by horizon, reasons and flags, from covariates in the dictionary's names and units."""

    _scorer: Scorer | None = None

    def __init__(self) -> None:
        self._foreign = ForeignColumns()

    def load_context(self, context: PythonModelContext) -> None:
        """Read the native model folder; score nobody once, so that every table is in memory."""
        self._scorer = Scorer.load(Path(context.artifacts[ARTIFACT]))
        self._scorer.score(pd.DataFrame(index=range(0)), n_reasons=0)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """What `Scorer.score` gives. ``params``: ``horizons`` (years), ``n_reasons``.

        Columns that are not in the dictionary are ignored, with a line in the log that names the
        first 200. Raises CohortError where values break the dictionary or no column is one of its
        variables, HorizonError. No message holds a patient's value.
        """
        if self._scorer is None:
            self.load_context(context)
        assert self._scorer is not None
        require_table(model_input)
        self._foreign.look_at(model_input, self._scorer.dictionary)
        given = params or {}
        horizons = given.get("horizons")
        return self._scorer.score(
            model_input,
            horizons=None if horizons is None or not len(horizons) else list(horizons),
            n_reasons=int(given.get("n_reasons", 0)),
            unknown="ignore",
        )
