"""Tables of other libraries as pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.errors import CohortError, Problem


def read_table(table: Any) -> pd.DataFrame:
    """A pandas, polars, DuckDB or Arrow table as pandas; what speaks Arrow's stream is read.

    Raises CohortError for anything else.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if hasattr(table, "__arrow_c_stream__"):
        import pyarrow as pa

        frame: pd.DataFrame = pa.table(table).to_pandas()
        return frame
    rule = f"a {type(table).__name__} is no table"
    remedy = "Give a table of pandas, polars or Arrow with named columns"
    raise CohortError([Problem("table", rule, remedy)], "table")
