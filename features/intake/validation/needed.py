"""What a model needs of every patient."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from features.cohort_map.entries import ValueSource
from features.derivation.columns import Columns
from features.dictionary.variable import Variable
from features.errors import CohortError, Problem
from features.intake.validation.findings import Findings


def require_needed(present: Collection[str], dictionary: Mapping[str, Variable], name: str) -> None:
    """Raise CohortError where a source has no column for what every patient needs."""
    absent = [one for one, known in dictionary.items() if known.needed and one not in present]
    if absent:
        remedy = "Add the column, or score with another model"
        raise CohortError([Problem(one, _rule(dictionary[one]), remedy) for one in absent], name)


def check_needed(
    columns: Columns,
    dictionary: Mapping[str, Variable],
    findings: Findings,
    sources: Mapping[str, ValueSource] | None = None,
) -> None:
    """Reject the rows (index of the covariates) without a value that the model can use.

    ``sources``: where each variable was read from. A row that is rejected for what stands there is
    not rejected for the want of it as well.
    """
    for name, known in dictionary.items():
        if known.needed is None:
            continue
        low, high, why = known.needed
        value, rows = columns[name], columns.covariates.index
        with np.errstate(invalid="ignore"):
            useless = ~((value >= low) & (value <= high))
        if sources is not None and name in sources:
            read_from = sources[name].columns
            useless &= ~rows.isin(findings.find_rejected([*read_from, ", ".join(read_from)]))
        rule = f"no {name} from {_range(known)}: {why}"
        findings.reject(name, rule, "Score with another model", pd.Series(useless, rows))


def _rule(variable: Variable) -> str:
    assert variable.needed is not None
    return f"must be given, {_range(variable)}: {variable.needed.why}"


def _range(variable: Variable) -> str:
    assert variable.needed is not None
    unit = f" {variable.unit}" if variable.unit else ""
    return f"{variable.needed.low:g} to {variable.needed.high:g}{unit}"
