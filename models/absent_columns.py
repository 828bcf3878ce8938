"""Which features a file cannot tell of any patient, because it lacks their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from features.derivation.catalogue import derive_features
from features.derivation.scan_technique import OF_TECHNIQUE
from features.dictionary.variable import Variable
from models.input_ranges import InputRanges

_ROWS = 3  # codes of a category that are tried


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
    files, usual = [trained_on, *files], {}
    for name in dictionary:
        if name in OF_TECHNIQUE:  # the scans of usual patients are made alike
            continue
        present = [name in variables for variables in files]
        if any(present):
            values = [
                _usual(dictionary[name], row, ranges.limits.get(name)) for row in range(_ROWS)
            ]
            usual[name] = [value if there else None for there in present for value in values]
    index = pd.RangeIndex(_ROWS * len(files))
    features = derive_features(pd.DataFrame(usual, index=index), dictionary)
    known = [name for name in feature_names if name in features]
    missing = features[known].isna().to_numpy().reshape(len(files), _ROWS, len(known))
    return [
        tuple(name for name, lacking in zip(known, any_of.tolist(), strict=True) if lacking)
        for any_of in np.asarray((missing[1:] & ~missing[0]).any(axis=1))
    ]


def _usual(variable: Variable, row: int, limits: tuple[float, float] | None) -> float | str:
    if variable.kind == "category":
        return variable.codes[min(row, len(variable.codes) - 1)]
    if variable.kind == "boolean":
        return float(min(row, 1))
    low, high = limits or variable.limits
    return (low + high) / 2
