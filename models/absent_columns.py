"""Which features a file cannot tell of any patient, because it lacks their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from features.derivation.catalogue import derive_features
from features.dictionary.variable import Variable

_ROWS = 3  # codes of a category that are tried


def find_absent(
    present: Collection[str],
    dictionary: Mapping[str, Variable],
    limits: Mapping[str, tuple[float, float]],
    feature_names: Collection[str],
) -> tuple[str, ...]:
    """The features that not even a patient of whom all ``present`` variables are known has.

    Usual patients are made up, numbers in the middle of the training patients' ``limits`` (of the
    dictionary's where there are none); a feature that one of them lacks is absent.
    """
    usual = {
        name: [_usual(dictionary[name], row, limits.get(name)) for row in range(_ROWS)]
        for name in present
        if name in dictionary
    }
    features = derive_features(pd.DataFrame(usual, index=range(_ROWS)), dictionary)
    lacking = features.isna().any()
    return tuple(name for name in feature_names if lacking.get(name))


def _usual(variable: Variable, row: int, limits: tuple[float, float] | None) -> float | str:
    if variable.kind == "category":
        return variable.codes[min(row, len(variable.codes) - 1)]
    if variable.kind == "boolean":
        return float(min(row, 1))
    low, high = limits or variable.limits
    return (low + high) / 2
