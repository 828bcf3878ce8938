"""What the list shows of a patient for work, beside the risks: kept in columns of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from clinic.scored_patients.store import IDENTIFIER, WORK_COLUMNS
from features.array_types import FloatArray
from features.derivation.calcium import agatston
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary

_UNKNOWN = -1.0


def work_columns(
    chunk: pd.DataFrame, covariates: pd.DataFrame | None, joined: Sequence[bool], horizon: str
) -> list[list[Any]]:
    """One list per name of `WORK_COLUMNS`; -1 and "" where something is not known.

    ``joined``: for whom the covariates are this patient's; ``horizon``: the risk that has limits.
    """
    n = len(chunk)
    found: dict[str, list[Any]] = {
        "category": _column(chunk, "risk_category", ""),
        "low": _column(chunk, f"{horizon}_low", _UNKNOWN),
        "high": _column(chunk, f"{horizon}_high", _UNKNOWN),
        "disagrees": [int(value == 1) for value in _column(chunk, "reference_disagrees", 0)],
    }
    blank: dict[str, Any] = {"age": _UNKNOWN, "sex": "", "cac": _UNKNOWN}
    known = None if covariates is None else covariates.reindex(chunk[IDENTIFIER])
    for name in blank:
        if known is None or (name != "cac" and name not in known):
            found[name] = [blank[name]] * n
            continue
        values = (_scores(known) if name == "cac" else known[name]).tolist()
        found[name] = [
            value if there and not pd.isna(value) else blank[name]
            for value, there in zip(values, joined, strict=True)
        ]
    return [found[name] for name in WORK_COLUMNS]


def _scores(covariates: pd.DataFrame) -> FloatArray:
    return Columns(covariates, Dictionary.load()).derived(agatston)


def _column(chunk: pd.DataFrame, name: str, blank: Any) -> list[Any]:
    if name not in chunk:
        return [blank] * len(chunk)
    values = chunk[name]
    if not isinstance(blank, str):
        values = pd.to_numeric(values, errors="coerce").fillna(blank)
    return list(values.tolist())
