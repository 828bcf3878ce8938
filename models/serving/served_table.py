"""What a served model is asked with must be a table."""

from __future__ import annotations

import pandas as pd

from features.errors import CohortError, Problem


def require_table(given: object) -> None:
    """Raises CohortError where patients came as anything but a table."""
    # MLflow's `instances` and `inputs` arrive as loose columns, whose rows it may have mixed up
    if not isinstance(given, pd.DataFrame):
        rule = "patients must come as a table"
        remedy = "Send a pandas DataFrame, in JSON dataframe_split or dataframe_records"
        raise CohortError([Problem("", rule, remedy)], "covariates")
