"""What the leakage gate looks at: the columns, what became of the patients, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.endpoint import EVENT, Endpoint

ENOUGH_PATIENTS = 20_000
"""Shares and correlations are settled by this many; only duplicates need everyone."""

_MOST_LEVELS = 30


@dataclass(frozen=True)
class Marker:
    """One (n,) array of numbers read from a column, NaN where the value is missing.

    ``kind``: the value itself, a flag for one level of a category, or a flag for missing.
    """

    column: str
    kind: Literal["value", "level", "missing"]
    values: FloatArray

    @property
    def known(self) -> BoolArray:
        """(n,) where there is a number."""
        return np.asarray(np.isfinite(self.values), dtype=np.bool_)

    @property
    def what(self) -> str:
        """The subject of a sentence about it; the level is not named, it may be a rare one."""
        return {"value": "it", "level": "one of its levels", "missing": "its being missing"}[
            self.kind
        ]


@dataclass(frozen=True)
class Subject:
    """``columns``: one row per patient, indexed by patient id, any dtypes, in the file's order.

    ``held_out``: (n,) which patients are held out. ``sources``: for a column, the columns of the
    file it is read from.
    """

    columns: pd.DataFrame
    endpoint: Endpoint
    site: pd.Series | None = None
    entry: pd.Series | None = None
    held_out: BoolArray | None = None
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.endpoint):
            raise ValueError(
                f"columns and endpoint must be of the same patients, got {len(self.columns)} "
                f"and {len(self.endpoint)}"
            )

    @cached_property
    def sample(self) -> Subject:
        """At most 20,000 of the patients, evenly spaced over the rows, for slow statistics."""
        if len(self.columns) <= ENOUGH_PATIENTS:
            return self
        rows = np.linspace(0, len(self.columns) - 1, ENOUGH_PATIENTS).astype(np.intp)
        return Subject(
            self.columns.iloc[rows],
            self.endpoint.take(rows),
            None if self.site is None else self.site.iloc[rows],
            None if self.entry is None else self.entry.iloc[rows],
            None if self.held_out is None else self.held_out[rows],
            self.sources,
        )

    @cached_property
    def has_event(self) -> BoolArray:
        """(n,) whether the event was seen."""
        return np.asarray(self.endpoint.event == EVENT)

    @cached_property
    def markers(self) -> tuple[Marker, ...]:
        """Every column as numbers: values, levels of categories, and what is missing."""
        return tuple(
            marker
            for name, column in self.columns.items()
            for marker in _mark(str(name), column)
            if len(np.unique(marker.values[marker.known])) > 1
        )

    @cached_property
    def entry_number(self) -> FloatArray | None:
        """(n,) date or year of entry as a number, if it is known of everyone."""
        if self.entry is None or self.entry.isna().any():
            return None
        return to_numbers(self.entry)


def _mark(name: str, column: pd.Series) -> list[Marker]:
    marks = [Marker(name, "missing", np.asarray(column.isna(), dtype=np.float64))]
    if is_text(column):
        levels = column.value_counts().index[:_MOST_LEVELS]
        known = column.notna().to_numpy()
        for level in levels:
            flags = (column == level).to_numpy(dtype=np.float64)
            flags[~known] = np.nan
            marks.append(Marker(name, "level", flags))
        return marks
    return [Marker(name, "value", to_numbers(column)), *marks]


def is_text(column: pd.Series) -> bool:
    """Whether the column holds text or categories, neither numbers nor dates."""
    numeric = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    return not numeric and not pd.api.types.is_datetime64_any_dtype(column)


def to_numbers(column: pd.Series) -> FloatArray:
    """(n,) numbers; dates as days since 1970."""
    if pd.api.types.is_datetime64_any_dtype(column):
        days = (column - pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))).dt.total_seconds()
        return days.to_numpy(dtype=np.float64) / 86_400
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def is_flag(values: FloatArray) -> bool:
    """Whether all known values are 0 or 1."""
    known = values[np.isfinite(values)]
    return bool(((known == 0) | (known == 1)).all())


def rank(values: FloatArray) -> FloatArray:
    """(n,) mean ranks centred at 0 and scaled to unit norm; missing values lie in the middle."""
    ranks = pd.Series(values).rank().to_numpy(dtype=np.float64)
    centred = np.where(np.isfinite(ranks), ranks - np.nanmean(ranks), 0.0)
    size = float(np.sqrt((centred**2).sum()))
    scaled: FloatArray = centred / size if size > 0 else centred
    return scaled
