"""What is no variable is told once, of any model that is served."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from features.errors import CohortError
from models.serving.served_table import ForeignColumns

KNOWN = {"age", "sex", "cac_agatston"}


def test_a_table_without_a_variable_is_refused() -> None:
    with pytest.raises(CohortError, match="none of the columns is a variable"):
        ForeignColumns().look_at(pd.DataFrame({"cac": [100.0]}), KNOWN)
    ForeignColumns().look_at(pd.DataFrame({"cac": []}), KNOWN)


def test_other_columns_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    foreign = ForeignColumns()
    with caplog.at_level("WARNING"):
        for _ in range(2):
            foreign.look_at(pd.DataFrame({"Age": [61.0], "cac": [100.0]}), KNOWN)
    (told,) = caplog.records
    assert told.getMessage() == "Columns ignored, not in the dictionary: cac"


def test_a_progression_model_refuses_what_has_no_variable() -> None:
    pytest.importorskip("mlflow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow would rather have types than look at them itself
        from models.serving.served_progression import ServedProgression

    served = ServedProgression()
    served._forecaster = SimpleNamespace(dictionary=KNOWN)  # type: ignore[assignment]
    context: Any = None
    with pytest.raises(CohortError, match="none of the columns is a variable"):
        served.predict(context, pd.DataFrame({"cac": [100.0]}))
