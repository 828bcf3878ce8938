"""Who the patients of a cohort are, by what became of them; and what is missing.

Counts are told in tens, small ones not at all (features/disclosure.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray
from features.cohort import Cohort
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from features.disclosure import (
    SMALL,
    SMALLEST_COUNT,
    is_small,
    share_of_told,
    tell_absent,
    tell_levels,
    tell_missing,
)
from features.endpoint import CENSORED, COMPETING, EVENT
from features.splits import require_endpoint

_OUTCOMES = {"event": EVENT, "competing": COMPETING, "censored": CENSORED}


def table_one(cohort: Cohort, dictionary: Mapping[str, Variable] | None = None) -> pd.DataFrame:
    """Every variable overall and by outcome; a row per number or yes/no, one per level.

    Columns: variable, level_or_unit, statistic ("patients", "median (quartiles)" or "n (%)"),
    overall, event, competing, censored, missing; text. Counts of single variables are in tens; a
    group of fewer than 10 shows no number.
    """
    known = dictionary or Dictionary.load()
    event = require_endpoint(cohort).event
    groups = {"overall": np.ones(len(cohort), dtype=np.bool_)}
    groups |= {name: event == code for name, code in _OUTCOMES.items()}
    sizes = {name: int(rows.sum()) for name, rows in groups.items()}
    first = {name: SMALL if is_small(n) else f"{n}" for name, n in sizes.items()}
    rows = [{"variable": "patients", "level_or_unit": "", "statistic": "n", **first}]
    for name, values in cohort.covariates.items():
        variable = known[str(name)]
        described = _describe(values, variable, groups)
        missing = tell_missing(int(values.isna().sum()), len(values))
        for position, cells in enumerate(described):
            told = missing if position == 0 else ""
            rows.append({"variable": str(name), **cells, "missing": told})
    return pd.DataFrame(rows).fillna({"missing": ""})


def _describe(
    values: pd.Series, variable: Variable, groups: Mapping[str, BoolArray]
) -> list[dict[str, str]]:
    """A row of cells per level of a category; one of a number or a yes/no."""
    if variable.kind == "number":
        given = values.to_numpy(dtype=np.float64)
        cells = {name: _median(given[rows]) for name, rows in groups.items()}
        unit = variable.unit or ""
        return [{"level_or_unit": unit, "statistic": "median (quartiles)", **cells}]
    levels = variable.codes if variable.kind == "category" else (1.0, 0.0)
    chosen = [values.eq(level).fillna(value=False).to_numpy(dtype=bool) for level in levels]
    absent = values.isna().to_numpy(bool)
    columns = {
        name: _levels([int((one & rows).sum()) for one in chosen], int((absent & rows).sum()))
        for name, rows in groups.items()
    }
    shown = levels if variable.kind == "category" else ("yes",)
    return [
        {
            "level_or_unit": str(level),
            "statistic": "n (%)",
            **{name: told[position] for name, told in columns.items()},
        }
        for position, level in enumerate(shown)
    ]


def _levels(counts: list[int], missing: int) -> list[str]:
    known = sum(counts)
    return [SMALL for _ in counts] if is_small(known) else tell_levels(counts, missing)


def _median(values: npt.NDArray[np.float64]) -> str:
    known = values[np.isfinite(values)]
    if len(known) < SMALLEST_COUNT:
        return "" if not len(known) else SMALL
    lower, middle, upper = np.quantile(known, [0.25, 0.5, 0.75])
    return f"{middle:.4g} ({lower:.4g} to {upper:.4g})"


def missingness(cohort: Cohort) -> pd.DataFrame:
    """Share of patients without a value, overall and by outcome, most missing first.

    Columns: variable, missing (count in tens, text), share, event, competing, censored (of counts
    in tens; NaN where the count is 1 to 9, or the group is too small for a share of tens).
    """
    event = require_endpoint(cohort).event
    rows = []
    absent_of = cohort.covariates.isna()
    most_first = absent_of.sum().sort_values(ascending=False, kind="stable").index
    for name in most_first:
        absent = absent_of[name].to_numpy()
        missing = tell_absent(int(absent.sum()), len(absent))
        row = {"variable": str(name), "missing": missing, "share": _share(absent)}
        row |= {group: _share(absent[event == code]) for group, code in _OUTCOMES.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _share(absent: BoolArray) -> float:
    if len(absent) < SMALLEST_COUNT:
        return float("nan")
    return share_of_told(int(absent.sum()), len(absent))
