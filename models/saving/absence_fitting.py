"""Measures, on the patients trained on, what a file that lacks columns is to be made up by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.array_types import FloatArray
from features.dictionary.variable import Variable
from models.absent_columns import find_all_absent
from models.input_ranges import InputRanges
from models.risk.absences import ABOVE, BASE, Absences
from models.risk.predictor import RiskPredictor

# The less a file lacks, the less it takes to see what that moves.
_FEW, _MANY = 1_000, 4_000
_WORTH_PAIRING = 0.02  # log hazard ratio; two groups that move less are as good as their sum
# Each step leaves about a fifth of what is amiss, the share of the patients who have an event.
_STEPS, _DECIMALS = 4, 4
_LARGEST = 2.0  # log hazard ratio; a file that lacks so much is none to score
_ALWAYS = frozenset(("age", "sex"))  # what hardly any file lacks
_SAME_THING = {"morphology": "calcium"}  # what a group tells is told by another one as well


@dataclass(frozen=True)
class _Trial:
    """A predictor that knows of no absence, patients, and the mean incidence (k,) of a whole file.

    Evenly spaced by risk, each for as many patients by their weights: a few patients of high risk
    make up much of a mean.
    """

    predictor: RiskPredictor
    patients: pd.DataFrame
    horizon: float
    whole: FloatArray

    @classmethod
    def of(
        cls,
        predictor: RiskPredictor,
        by_risk: pd.DataFrame,
        weight: FloatArray,
        horizon: float,
        n_patients: int,
    ) -> Self:
        n, passed = min(n_patients, len(by_risk)), np.cumsum(weight)
        rows = np.searchsorted(passed, (np.arange(n) + 0.5) * passed[-1] / n, side="right")
        patients = by_risk.iloc[rows]
        incidence = predictor.cumulative_incidence(patients, [horizon])
        return cls(predictor, patients, horizon, incidence[:, 0].mean(axis=0))

    def shift(self, absent: Collection[str]) -> FloatArray:
        """What to add to the margins (k,) for the mean incidences of a whole file."""
        predictor = self.predictor.without(absent)
        margins = predictor.margin(self.patients.assign(**dict.fromkeys(absent, np.nan)))
        movable = np.array([cause.linear is not None for cause in predictor.causes])
        shift = np.zeros(len(movable))
        for _ in range(_STEPS):
            moved = margins.copy()
            moved[:, : len(shift)] += shift
            incidence = predictor.incidence_of(moved, [self.horizon])
            step = np.log(self.whole / incidence[:, 0].mean(axis=0))
            shift = np.clip(shift + step * movable, -_LARGEST, _LARGEST)
        return shift.round(_DECIMALS)


def fit_absences(
    predictor: RiskPredictor,
    features: pd.DataFrame,
    risk: FloatArray,
    dictionary: Mapping[str, Variable],
    ranges: InputRanges,
    horizon: float,
    weight: FloatArray | None = None,
) -> Absences:
    """Shifts under which mean incidence of each cause by the horizon is that of the whole file.

    Of every variable alone, every group, two groups that both move the mean, and all of them;
    of all but one group beside the demographic variables; of all but age and sex, and of all but
    these and one variable or group.
    ``features``, ``risk`` (n,): those of the patients trained on; no outcome is looked at.
    ``ranges``: of the training file. ``weight``: (n,) how many each patient stands for, None where
    each stands for one.
    """
    variables = ranges.variables or ()
    plain = replace(predictor, absences=Absences())
    order = np.argsort(risk, kind="stable")
    by_risk = features.iloc[order][list(plain.feature_names)].astype(np.float64)
    stands_for = np.ones(len(order)) if weight is None else weight[order]
    few, many = (_Trial.of(plain, by_risk, stands_for, horizon, n) for n in (_FEW, _MANY))
    found, group = dict[frozenset[int], FloatArray](), dict[frozenset[int], int]()

    def measure(
        trial: _Trial,
        lacking: Sequence[frozenset[str]],
        number: int = ABOVE,
        beside: FloatArray | float = 0.0,
    ) -> list[float]:
        """Keep the shifts of these sets, and what is ``beside``; gives the largest of each."""
        files = [[name for name in variables if name not in one] for one in lacking]
        moved = []
        for absent in find_all_absent(files, dictionary, ranges, plain.feature_names):
            one = frozenset(plain.positions_of(absent).tolist())
            if one and one not in found:
                found[one], group[one] = trial.shift(absent) + beside, number
            moved.append(float(np.abs(found[one]).max()) if one else 0.0)
        return moved

    # nobody is scored by hazards of ages without one
    may_lack = [name for name in variables if name != plain.clock]
    groups = _group(may_lack, dictionary)
    everything, known = frozenset(may_lack), groups.get("demographic", frozenset())
    of_groups = list(groups.values())
    with threadpool_limits(1, user_api="blas"):
        others = everything - _ALWAYS
        measure(many, [others], BASE)
        # few patients say well enough what one more column moves
        base = next(iter(found), frozenset[int]())
        told_of_base = few.shift([plain.feature_names[place] for place in sorted(base)])
        beside = found[base] - told_of_base if base else 0.0
        things = _group(sorted(others), dictionary, _SAME_THING)
        for number, own in enumerate(things.values(), start=1):
            measure(many, [others - own], number)
            measure(few, [others - {name} for name in sorted(own)], number, beside)
        moved = measure(many, of_groups)
        moving = [one for one, by in zip(of_groups, moved, strict=True) if by > _WORTH_PAIRING]
        measure(many, [one | other for one, other in combinations(moving, 2)])
        measure(many, [everything - known - own for own in of_groups])
        measure(many, [everything])
        measure(few, [frozenset((name,)) for name in may_lack])
    largest_first = sorted(found, key=lambda one: (-len(one), sorted(one)))
    shifts = np.array([found[one] for one in largest_first])
    numbers = tuple(group[one] for one in largest_first)
    return Absences(tuple(largest_first), shifts.reshape(-1, len(plain.causes)), numbers)


def _group(
    variables: Collection[str],
    dictionary: Mapping[str, Variable],
    other_names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, frozenset[str]]:
    groups = dict[str, frozenset[str]]()
    for name in variables:
        group = dictionary[name].group
        group = other_names.get(group, group)
        groups[group] = groups.get(group, frozenset()) | {name}
    return groups
