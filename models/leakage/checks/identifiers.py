"""Identifiers used as features: every patient has another, or they count up with the rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from models.leakage.chance import expected_ties, is_evenly_spaced
from models.leakage.inspected_cohort import Subject, is_text, rank, to_numbers
from models.leakage.leak import Leak
from models.leakage.limits import Limits

_FEWEST_ROWS = 50
_MONOTONE = 0.98
_MANY_VALUES = 0.9
_TEXT_DISTINCT = 0.5
_TIES_MISSED = 10.0
"""Pairs of equal values expected, yet none seen: e ** -10, one cohort in 20,000."""

_FINER_THAN_MEASURED = 1e5
"""Spread of whole numbers: no instrument measures to a hundred-thousandth of a spread."""

_REMEDY = "It looks like an identifier: remove it from the map, or make it patient_id"


def check_identifiers(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Columns that number the patients."""
    del limits
    for name, column in subject.columns.items():
        known = column[column.notna()]
        if len(known) >= _FEWEST_ROWS:
            measured = _describe(known, known.index)
            if measured:
                yield Leak("identifier", str(name), measured, _REMEDY)


def _describe(known: pd.Series, ids: pd.Index) -> str:
    share = known.nunique() / len(known)
    if is_text(known):
        return f"{share:.0%} of its texts are different" if share > _TEXT_DISTINCT else ""
    if pd.api.types.is_datetime64_any_dtype(known):
        return ""
    values = to_numbers(known)
    if share == 1 and _numbers_patients(values):
        return "is another whole number for every patient"
    # Files are sorted by this or that; a count goes up in even steps, a measurement does not.
    if share < _MANY_VALUES or not is_evenly_spaced(values):
        return ""
    order = abs(float(rank(values) @ rank(np.arange(len(values), dtype=np.float64))))
    if order > _MONOTONE:
        return f"rises or falls with the rows of the file (rank correlation {order:.2f})"
    like = _follows_ids(values, ids)
    return f"follows the patient identifier (rank correlation {like:.2f})" if like else ""


def _numbers_patients(values: FloatArray) -> bool:
    """Whether distinct whole numbers would repeat themselves, or be coarser, if measured."""
    if not bool((values == np.round(values)).all()):
        return False
    finer = float(np.std(values)) > _FINER_THAN_MEASURED and not _are_dates(values)
    return finer or expected_ties(values) > _TIES_MISSED


def _are_dates(values: FloatArray) -> bool:
    """Whether they can be read as days written 19450312."""
    month, day = values // 100 % 100, values % 100
    year = values // 10_000
    dated = (year >= 1850) & (year < 2100) & (month >= 1) & (month <= 12)
    return bool((dated & (day >= 1) & (day <= 31)).all())


def _follows_ids(values: FloatArray, ids: pd.Index) -> float:
    """Rank correlation with the patient identifiers where these are numbers and it is high."""
    numbers = pd.to_numeric(ids.to_series(), errors="coerce").to_numpy(dtype=np.float64)
    if np.isfinite(numbers).mean() < _MANY_VALUES:
        return 0.0
    size = abs(float(rank(values) @ rank(numbers)))
    return size if size > _MONOTONE else 0.0
