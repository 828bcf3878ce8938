"""Measures, on the patients trained on, what a file that lacks columns is to be made up by."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.dictionary.variable import Variable
from models.absent_columns import find_all_absent
from models.compiled.compiled_predictor import compile_predictor
from models.risk.absences import Absences
from models.risk.predictor import RiskPredictor

# A few patients of high risk make up much of a mean.
_PATIENTS = 2_000
_STEPS, _CLOSE, _DECIMALS = 30, 1e-6, 4
_LARGEST = 2.0  # log hazard ratio; a file that lacks so much is none to score


def fit_absences(
    predictor: RiskPredictor,
    features: pd.DataFrame,
    dictionary: Mapping[str, Variable],
    limits: Mapping[str, tuple[float, float]],
    variables: Collection[str],
    horizon: float,
) -> Absences:
    """Shifts under which mean incidence of each cause by the horizon is that of the whole file.

    Of every variable alone, every group of them, every two groups, and of all but one group with
    and without age, sex and the like. ``features``: those of the patients trained on; no outcome is
    looked at. ``variables``: those of the training file; ``limits``: see `InputRanges`.
    """
    rows = np.linspace(0, len(features) - 1, min(_PATIENTS, len(features))).astype(int)
    names = predictor.feature_names
    patients = features.iloc[rows][list(names)].astype(np.float64)
    fast = compile_predictor(replace(predictor, absences=Absences()))
    whole = fast.cumulative_incidence(patients, [horizon])[:, 0].mean(axis=0)
    found = dict[frozenset[int], FloatArray]()
    sets = _list_sets(variables, dictionary)
    files = [[name for name in variables if name not in lacking] for lacking in sets]
    for absent in find_all_absent(files, dictionary, limits, names):
        one = frozenset(predictor.positions_of(absent).tolist())
        if one and one not in found:
            blank = patients.assign(**dict.fromkeys(absent, np.nan))
            without = fast.without(absent)
            found[one] = _shift(without, without.margin(blank), whole, horizon)
    largest_first = sorted(found, key=lambda one: (-len(one), sorted(one)))
    shifts = np.array([found[one] for one in largest_first])
    return Absences(tuple(largest_first), shifts.reshape(-1, len(predictor.causes)))


def _list_sets(
    variables: Collection[str], dictionary: Mapping[str, Variable]
) -> Iterator[frozenset[str]]:
    groups = dict[str, frozenset[str]]()
    for name in variables:
        group = dictionary[name].group
        groups[group] = groups.get(group, frozenset()) | {name}
    everything, known = frozenset(variables), groups.get("demographic", frozenset())
    yield from (frozenset((name,)) for name in variables)
    yield from groups.values()
    yield from (one | other for one, other in combinations(groups.values(), 2))
    yield from (everything - own for own in groups.values())
    yield from (everything - known - own for own in groups.values())
    yield everything


def _shift(
    predictor: RiskPredictor, margins: FloatArray, wanted: FloatArray, horizon: float
) -> FloatArray:
    """What to add to the margins (k,) for these mean incidences (k,)."""
    movable = np.array([cause.linear is not None for cause in predictor.causes])
    shift = np.zeros(len(movable))
    for _ in range(_STEPS):
        mean = predictor.incidence_of(margins + shift, [horizon])[:, 0].mean(axis=0)
        step = np.log(wanted / mean)
        shift = np.clip(shift + step * movable, -_LARGEST, _LARGEST)
        if np.abs(step * movable).max(initial=0.0) < _CLOSE:
            break
    return shift.round(_DECIMALS)
