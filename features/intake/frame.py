"""Patients in a table in memory, columns named as in the dictionary: read whole or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pandas as pd

from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError, Problem
from features.intake.cells.conversion import UNKNOWN
from features.intake.map_check import name_by_dictionary
from features.intake.rows import RowRules, examine_rows
from features.intake.validation.findings import Reject

Unknown = Literal["refuse", "ignore"]

_NAME = "covariates"
_SHOWN_ROWS = 5


def make_frame_rules(
    columns: Sequence[str], dictionary: Dictionary, unknown: Unknown = "refuse"
) -> RowRules | None:
    """How rows with these columns are read; None where no column is a variable.

    Raises CohortError where two columns are the same variable, or, unless ``unknown`` is "ignore",
    one is none.
    """
    chosen = name_by_dictionary(columns, dictionary, _NAME)
    foreign = [name for name in columns if name.casefold() not in dictionary]
    if foreign and unknown == "refuse":
        rule, remedy = "is not in the data dictionary", "Rename or leave out the column"
        raise CohortError([Problem(name, rule, remedy) for name in foreign], _NAME)
    if not chosen.variables:
        return None
    alone = replace(chosen, patient_id=None)
    return RowRules.for_columns(columns, alone, dictionary, name=_NAME)


def read_frame(frame: pd.DataFrame, rules: RowRules) -> Columns:
    """The canonical covariates of all rows, numbered from 1.

    Raises CohortError that names, for each broken rule, column and rows, never a value.
    """
    names = list(map(str, frame))
    rows = frame.set_axis(pd.RangeIndex(1, len(frame) + 1)).set_axis(names, axis=1)
    found = examine_rows(rows[list(rules.columns)], rules)
    if found.findings.rejects:
        problems = [_describe(one, rules) for one in found.findings.rejects]
        raise CohortError(problems, _NAME)
    return found.columns


def read_covariates(frame: pd.DataFrame, dictionary: Dictionary) -> pd.DataFrame:
    """The canonical covariates of a table, indexed as it is; categories as text.

    Raises CohortError where a column is no variable, and as `read_frame` does.
    """
    rules = make_frame_rules(list(map(str, frame)), dictionary)
    if rules is None:
        return pd.DataFrame(index=frame.index)
    covariates = read_frame(frame, rules).covariates
    kinds = {str(n): "str" for n, kind in covariates.dtypes.items() if kind == "category"}
    return covariates.astype(kinds).set_axis(frame.index)


def _describe(one: Reject, rules: RowRules) -> Problem:
    """What rows break, in the words of the dictionary: there is no map to mend."""
    rule, shown = one.rule, ", ".join(str(row) for row in one.rows[:_SHOWN_ROWS])
    variable = rules.dictionary.get(rules.names.get(one.column, one.column))
    if rule == UNKNOWN and variable is not None:
        known = ", ".join(variable.codes)
        rule = f"must be one of {known}" if known else "must be yes or no (1 or 0)"
    more = ", ..." if len(one.rows) > _SHOWN_ROWS else ""
    remedy = f"Correct or leave out row {shown}{more} (the first row is 1)"
    return Problem(one.column, rule, remedy, len(one.rows))
