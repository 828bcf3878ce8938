"""Arrow columns of any type as cells: numbers stay numbers, everything else becomes text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.intake.decoding import refuse


def to_frame(batch: pa.RecordBatch | pa.Table, name: str) -> pd.DataFrame:
    """Numbers and booleans as float64, NaN where missing; other columns ``str``, "" where missing.

    Texts that come encoded by a dictionary stay so: categorical, with a code of -1 where missing.
    Whole numbers beyond 2**53, which a float cannot hold, become text. Raises CohortError for
    nested columns.
    """
    columns: dict[str, Any] = {}
    for column, field in zip(batch.columns, batch.schema, strict=True):
        try:
            columns[field.name] = _to_cells(column, field.type)
        except (pa.ArrowException, NotImplementedError) as error:
            remedy = "Write it again, with one number, text or date per cell"
            raise refuse(name, "holds nested columns", remedy, field.name) from error
    return pd.DataFrame(columns, copy=False)


def _to_cells(column: pa.Array, kind: pa.DataType) -> Any:
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        return column.to_pandas()
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.int8()), pa.int8()
    if pa.types.is_decimal(kind):
        column, kind = column.cast(pa.float64()), pa.float64()
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and _is_exact(column)):
        values = column.to_numpy(zero_copy_only=False)
        return values.astype(np.float64, copy=False)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        column = pc.strftime(column.cast(pa.timestamp("s"), safe=False), "%Y-%m-%d")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise NotImplementedError("bytes are no cells")
    text = pc.fill_null(column.cast(pa.large_string()), "")
    return pd.array(text, dtype="str")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_exact(column: pa.Array) -> bool:
    limits = pc.min_max(column).as_py()
    return limits["min"] is None or max(-limits["min"], limits["max"]) <= 2**53
