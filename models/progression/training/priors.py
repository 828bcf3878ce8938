"""Which features a progression model may see, and the directions of growth that are established."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from features.derivation.catalogue import catalogue_of
from features.dictionary.variable import Variable

GROWTH, ONSET = "growth", "onset"


def list_excluded(dictionary: Mapping[str, Variable]) -> frozenset[str]:
    """Variables without an effect on calcium that a trial has shown: they enter no part."""
    return frozenset(name for name, variable in dictionary.items() if variable.no_growth)


def list_known(dictionary: Mapping[str, Variable]) -> tuple[str, ...]:
    """The features that a progression model may see: none of an excluded variable."""
    excluded = list_excluded(dictionary)
    return tuple(one.name for one in catalogue_of(dictionary) if one.variable not in excluded)


def list_signs(dictionary: Mapping[str, Variable], features: Sequence[str]) -> npt.NDArray[np.int8]:
    """Monotone direction (p,) of each feature, 0 where none is established for growth."""
    known = {
        one.name: one.monotone
        for one in catalogue_of(dictionary)
        if one.variable in dictionary and dictionary[one.variable].directed_growth
    }
    return np.array([known.get(name, 0) for name in features], np.int8)
