"""Arrow columns of any type as cells: numbers and yes/no stay so, everything else becomes text."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import CohortError, Problem


class NoCellsError(CohortError):
    """Columns, each named by a problem, whose values cannot be cells of a table."""


def to_frame(batch: pa.RecordBatch | pa.Table, name: str) -> pd.DataFrame:
    """Numbers as float64, NaN where missing; yes/no as bool; other columns ``str``, "" if missing.

    Yes/no with gaps is ``boolean``. Texts that come encoded by a dictionary stay so: categorical,
    with a code of -1 where missing. Whole numbers beyond 2**53, which a float cannot hold, become
    text, UUIDs and bytes of UTF-8 too. Raises NoCellsError that names every column of lists and
    the like.
    """
    columns: dict[str, Any] = {}
    refused: list[Problem] = []
    for column, field in zip(batch.columns, batch.schema, strict=True):
        try:
            columns[field.name] = _to_cells(*_plain(column, field.type))
        except (pa.ArrowException, NotImplementedError):
            refused.append(describe_no_cells(field.name))
    if refused:
        raise NoCellsError(refused, name)
    return pd.DataFrame(columns, copy=False)


def describe_no_cells(column: str) -> Problem:
    """What to say of a column that holds no cells."""
    rule = "is nested or binary: lists, structures or bytes in place of one value in each cell"
    return Problem(column, rule, "Write it again, with one number, text or date per cell")


def _plain(column: pa.Array, kind: pa.DataType) -> tuple[pa.Array, pa.DataType]:
    """The column without the name that an extension gives its type; UUIDs as people write them."""
    if not isinstance(kind, pa.BaseExtensionType):
        return column, kind
    if kind.extension_name != "arrow.uuid":
        return column.cast(kind.storage_type), kind.storage_type
    stored = column.cast(kind.storage_type).to_pylist()
    texts = [None if one is None else str(uuid.UUID(bytes=one)) for one in stored]
    return pa.array(texts, pa.large_string()), pa.large_string()


def _to_cells(column: pa.Array, kind: pa.DataType) -> Any:
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        return column.to_pandas()
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_boolean(kind):
        cells = column.to_pandas()
        return cells.astype("boolean" if column.null_count else bool)
    if pa.types.is_decimal(kind):
        column, kind = column.cast(pa.float64()), pa.float64()
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and _is_exact(column)):
        values = column.to_numpy(zero_copy_only=False)
        return values.astype(np.float64, copy=False)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = pc.local_timestamp(column)  # the day on the wall, not that of Greenwich
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        column = pc.strftime(column.cast(pa.timestamp("s"), safe=False), "%Y-%m-%d")
    text = pc.fill_null(column.cast(pa.large_string()), "")
    return pd.array(text, dtype="str")


def day_text(cell: Any) -> str:
    """A date, or the date of a moment, as ``2020-01-31``; a time of day as ``13:45:00``."""
    return str(cell.isoformat())[:10] if hasattr(cell, "year") else str(cell)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_exact(column: pa.Array) -> bool:
    limits = pc.min_max(column).as_py()
    return limits["min"] is None or max(-limits["min"], limits["max"]) <= 2**53
