"""Which features a file cannot tell of any patient, because it lacks their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from features.derivation.catalogue import derive_features
from features.derivation.characteristics import BY_COLUMN
from features.derivation.scan_technique import OF_TECHNIQUE
from features.dictionary.variable import Variable
from models.input_ranges import InputRanges

ROWS = 3  # codes of a category that are tried


def find_absent(
    present: Collection[str],
    dictionary: Mapping[str, Variable],
    ranges: InputRanges,
    feature_names: Collection[str],
) -> tuple[str, ...]:
    """The features that not even a patient of whom all ``present`` variables are known has.

    Usual patients are made up, numbers in the middle of the training patients' limits (of the
    dictionary's where there are none); a feature that one of them lacks is absent, but for who
    would lack it in the training file as well: what such a gap tells was learnt.
    """
    return find_all_absent([present], dictionary, ranges, feature_names)[0]


def find_all_absent(
    files: Sequence[Collection[str]],
    dictionary: Mapping[str, Variable],
    ranges: InputRanges,
    feature_names: Collection[str],
) -> list[tuple[str, ...]]:
    """What `find_absent` says of each of several files with these variables."""
    # of a model that does not say what it was trained on, every gap is one of the file
    trained_on = dictionary if ranges.variables is None else ranges.variables
    everything = [frozenset(variables) for variables in (trained_on, *files)]
    missing = np.zeros((len(everything), ROWS, len(feature_names)), bool)
    columns = [variables.intersection(BY_COLUMN) for variables in everything]
    for alike in set(columns):
        places = [place for place, one in enumerate(columns) if one == alike]
        derived = _derive_usual([everything[place] for place in places], dictionary, ranges)
        found = derived.reindex(columns=list(feature_names), fill_value=0.0)
        missing[places] = found.isna().to_numpy().reshape(len(places), ROWS, -1)
    return [
        tuple(name for name, lacking in zip(feature_names, any_of.tolist(), strict=True) if lacking)
        for any_of in np.asarray((missing[1:] & ~missing[0]).any(axis=1))
    ]


def _derive_usual(
    files: Sequence[Collection[str]], dictionary: Mapping[str, Variable], ranges: InputRanges
) -> pd.DataFrame:
    """Features of the usual patients of each file (files times rows), in their order."""
    usual = {}
    for name, variable in dictionary.items():
        if name in OF_TECHNIQUE:  # the scans of usual patients are made alike
            continue
        present = [name in variables for variables in files]
        if any(present):
            values = [usual_value(variable, row, ranges.limits.get(name)) for row in range(ROWS)]
            usual[name] = [value if there else None for there in present for value in values]
    return derive_features(pd.DataFrame(usual, index=pd.RangeIndex(ROWS * len(files))), dictionary)


def usual_value(variable: Variable, row: int, limits: tuple[float, float] | None) -> float | str:
    """Of the usual patient in this row: a code, no or yes, or the middle of the limits."""
    if variable.kind == "category":
        return variable.codes[min(row, len(variable.codes) - 1)]
    if variable.kind == "boolean":
        return float(min(row, 1))
    low, high = limits or variable.limits
    return (low + high) / 2
