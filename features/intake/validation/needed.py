"""What a model needs of every patient."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

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


def check_needed(columns: Columns, dictionary: Mapping[str, Variable], findings: Findings) -> None:
    """Reject the rows (index of the covariates) without a value that the model can use."""
    for name, known in dictionary.items():
        if known.needed is None:
            continue
        low, high, _ = known.needed
        value = columns[name]
        with np.errstate(invalid="ignore"):
            useless = ~((value >= low) & (value <= high))
        broken = pd.Series(useless, columns.covariates.index)
        findings.reject(name, _rule(known), "Score with another model", broken)


def _rule(variable: Variable) -> str:
    assert variable.needed is not None
    low, high, why = variable.needed
    unit = f" {variable.unit}" if variable.unit else ""
    return f"must be given, {low:g} to {high:g}{unit}: {why}"
