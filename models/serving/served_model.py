"""The class that MLflow calls: it hands everything to the Scorer."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

from features.errors import CohortError, Problem
from models.scorer import Scorer
from models.serving.served_table import require_table

ARTIFACT = "model"
# Ignored columns are named once, as long as they are few: a client may invent names for ever.
_TOLD, _LONGEST_NAME = 200, 60

_log = logging.getLogger(__name__)


class ServedModel(PythonModel):  # type: ignore[misc]
    """Risk by horizon, reasons and flags, from covariates in the dictionary's names and units."""

    _scorer: Scorer | None = None
    _ignored: frozenset[str] = frozenset()

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
        self._look_at_columns(model_input, self._scorer)
        given = params or {}
        horizons = given.get("horizons")
        return self._scorer.score(
            model_input,
            horizons=None if horizons is None or not len(horizons) else list(horizons),
            n_reasons=int(given.get("n_reasons", 0)),
            unknown="ignore",
        )

    def _look_at_columns(self, patients: pd.DataFrame, scorer: Scorer) -> None:
        known = scorer.dictionary
        foreign = frozenset(str(n) for n in patients if str(n).casefold() not in known)
        if len(patients) and len(foreign) == len(set(patients)):
            rule = "none of the columns is a variable of the data dictionary"
            remedy = "Name them as `calcirisk variables` does; in Spark, hand over a struct"
            raise CohortError([Problem("", rule, remedy)], "covariates")
        named = {name[:_LONGEST_NAME] for name in foreign} - self._ignored
        new = sorted(named)[: max(_TOLD - len(self._ignored), 0)]
        if new:
            self._ignored |= frozenset(new)
            _log.warning("Columns ignored, not in the dictionary: %s", ", ".join(new))
