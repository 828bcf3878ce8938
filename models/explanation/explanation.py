"""Contributions to the risk of each patient, their sums by variable, and the strongest in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.derivation.calcium import agatston
from features.derivation.catalogue import CATALOGUE, Feature, group_of, owner_of
from features.derivation.columns import Columns
from features.dictionary.variable import Variable
from features.errors import ModelError

OTHER_CAUSES = "other_causes"
OTHER_CAUSES_LABEL = "Death from other causes"
TOLERANCE = 1e-6
SMALLEST_REASON = 0.0005  # what reads "+0.0 percentage points" is no reason
NOT_RECORDED = "not recorded"
_SCORE = "cac_agatston"
_OWN = {
    variable: tuple(feature.name for feature in CATALOGUE if feature.variable == variable)
    for variable in dict.fromkeys(feature.variable for feature in CATALOGUE)
}


@dataclass(frozen=True)
class Explanation:
    """Why each patient's risk by ``horizon`` (years) differs from the base risk.

    ``values``: (n, p) contributions of features to the risk, as fractions, through the hazard of
    the event; ``other``: (n,) what runs through dying of something else first. ``base_risk``: the
    risk that they are counted from. ``risk``: (n,). They mark risk: association, not effect.
    ``worth``: (n, strata) what one unit of the event's margin is worth (`contribution_spread`).
    """

    values: FloatArray
    other: FloatArray
    base_risk: float
    risk: FloatArray
    feature_names: tuple[str, ...]
    horizon: float
    index: pd.Index
    worth: FloatArray

    @classmethod
    def checked(
        cls,
        values: FloatArray,
        other: FloatArray,
        base_risk: float,
        risk: FloatArray,
        feature_names: tuple[str, ...],
        horizon: float,
        index: pd.Index,
        worth: FloatArray,
    ) -> Explanation:
        """The explanation, if contributions sum to the risk less the base risk within 1e-6.

        What is left below that stems from XGBoost adding trees in single precision. Raises
        ModelError.
        """
        residual = risk - base_risk - values.sum(axis=1) - other
        broken = int((~(np.abs(residual) <= TOLERANCE)).sum())
        if broken:
            raise ModelError(
                f"Contributions of {broken} of {len(risk)} patients do not add up to their risk "
                f"within {TOLERANCE:g}. The model must not be explained; please report it"
            )
        return cls(values, other, base_risk, risk, feature_names, horizon, index, worth)

    def __len__(self) -> int:
        return len(self.risk)

    def by_variable(self, catalogue: Sequence[Feature]) -> pd.DataFrame:
        """Contributions (n, variables) summed to the variable that a clinician knows."""
        return sum_by_variable(self._frame(), catalogue)

    def by_group(self, catalogue: Sequence[Feature]) -> pd.DataFrame:
        """Contributions (n, groups) summed to the dictionary's groups."""
        owners = {feature.name: feature.group for feature in catalogue}
        return _sum_to(self._frame(), owners, group_of)

    def _frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.values, index=self.index, columns=list(self.feature_names))


def sum_by_variable(values: pd.DataFrame, catalogue: Sequence[Feature]) -> pd.DataFrame:
    """What features add (n, p), such as `Explainer.explain_other` finds, by variable."""
    return _sum_to(values, {feature.name: feature.variable for feature in catalogue}, owner_of)


def _sum_to(
    values: pd.DataFrame, owners: Mapping[str, str], own: Callable[[str], str]
) -> pd.DataFrame:
    foreign = {name: own(name) for name in values.columns if name not in owners}
    owners = {**owners, **foreign}
    of_features = [owners[name] for name in values.columns]
    # In the order of the catalogue, not of chance: tables and plots compare across models.
    there = set(of_features)
    names = list(dict.fromkeys(owner for owner in owners.values() if owner in there))
    membership = np.array([[owner == name for name in names] for owner in of_features], float)
    summed = values.to_numpy() @ membership.reshape(len(of_features), len(names))
    return pd.DataFrame(summed, index=values.index, columns=names)


def find_unknown(
    variables: Iterable[str], covariates: pd.DataFrame, features: pd.DataFrame
) -> dict[str, BoolArray]:
    """Variable -> patients (n,) of whom it is neither recorded nor worked out from others."""
    absent = np.isnan(features.to_numpy(np.float64))
    derived = {str(name): position for position, name in enumerate(features)}
    gaps = dict(zip(map(str, covariates), covariates.isna().to_numpy(bool).T, strict=True))
    unknown = {}
    for variable in variables:
        own = [derived[name] for name in _features_of(variable, derived) if name in derived]
        unknown[variable] = absent[:, own].all(axis=1)
        if variable in gaps:
            unknown[variable] &= gaps[variable]
    return unknown


def _features_of(variable: str, features: Iterable[str]) -> tuple[str, ...]:
    if variable in _OWN:
        return _OWN[variable]
    return tuple(name for name in features if owner_of(name) == variable)


def is_unknown(variable: str, covariates: pd.DataFrame, features: pd.DataFrame) -> BoolArray:
    """`find_unknown` of one variable (n,), without looking at any other."""
    own = [name for name in _features_of(variable, map(str, features)) if name in features]
    there = [variable] if variable in covariates else []
    return find_unknown([variable], covariates[there], features[own])[variable]


@dataclass(frozen=True)
class RankedReason:
    """Each patient's reason of one rank: its name ``names[codes]`` (n,) and what it adds.

    ``points``: (n,) signed percentage points to one decimal, 0 where a reason rounds to nothing and
    is none.
    """

    names: tuple[str, ...]
    codes: npt.NDArray[np.intp]
    points: FloatArray

    def name(self) -> pd.api.extensions.ExtensionArray:
        """The names (n,), "" where there is none."""
        names = pd.array([*self.names, ""], dtype="str")
        return names.take(np.where(self.points == 0, len(self.names), self.codes))

    def tell(self) -> pd.api.extensions.ExtensionArray:
        """Name and points in one text (n,): "Age +4.2"; "" where there is none."""
        tenths = np.rint(10 * self.points).astype(np.int64)
        keys = self.codes + len(self.names) * (tenths - tenths.min(initial=0))
        distinct, position = np.unique(keys, return_inverse=True)
        moved, code = np.divmod(distinct, max(len(self.names), 1))
        points = (moved + tenths.min(initial=0)) / 10
        told = [
            f"{self.names[i]} {value:+.1f}" if value else ""
            for i, value in zip(code, points, strict=True)
        ]
        return pd.array(told, dtype="str").take(position)


def rank_reasons(
    contributions: pd.DataFrame,
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    dictionary: Mapping[str, Variable],
    n_reasons: int,
    certain: BoolArray | None = None,
) -> list[RankedReason]:
    """The largest contributions of each patient: "Age", "Diabetes: no", one rank after the other.

    ``contributions``: (n, variables) to the risk, as fractions; ``certain``: (n, variables) those
    whose sign is known, all where None: no other is a reason. What is not a number is named with
    its value, and what is unknown says so.
    """
    values = contributions.to_numpy(np.float64)
    if certain is not None:
        values = np.where(certain, values, 0.0)
    order = _find_largest(values, n_reasons)
    columns, names = Columns(covariates, dictionary), list(contributions.columns)
    texts: list[str] = []
    codes = np.zeros(order.shape, np.intp)
    chosen = [names[position] for position in np.unique(order[order >= 0])]
    unknown_of = find_unknown(chosen, covariates, features)
    if _SCORE in unknown_of:
        # the features may be those of the least that it can be
        unknown_of[_SCORE] = np.isnan(columns.derived(agatston))
    for name in chosen:
        position, variable = names.index(name), dictionary[name]
        rows, ranks = np.nonzero(order == position)
        states = _list_states(variable) if variable.name in covariates else ()
        here = np.zeros(len(rows), np.intp)
        if states:
            here = np.nan_to_num(columns[variable.name][rows] + 1).astype(np.intp)
        unknown = unknown_of[name][rows]
        codes[rows, ranks] = len(texts) + np.where(unknown, len(states) + 1, here)
        stated = [f"{variable.label}: {state}" for state in (*states, NOT_RECORDED)]
        texts += [variable.label, *stated]
    ranked = []
    for rank in range(n_reasons):
        own = order[:, rank]
        added = np.where(own >= 0, values[np.arange(len(values)), own], 0.0)
        points = np.where(np.abs(added) >= SMALLEST_REASON, np.rint(1000 * added) / 10, 0.0)
        ranked.append(RankedReason(tuple(texts), codes[:, rank], points))
    return ranked


def _find_largest(values: FloatArray, n_reasons: int) -> npt.NDArray[np.intp]:
    """Positions (n, n_reasons) of the largest in size, the first of equals; -1 where too few."""
    order = np.full((len(values), n_reasons), -1, np.intp)
    left, rows = np.abs(values), np.arange(len(values))
    for rank in range(min(n_reasons, values.shape[1])):
        order[:, rank] = left.argmax(axis=1)
        left[rows, order[:, rank]] = -1.0
    return order


def _list_states(variable: Variable) -> tuple[str, ...]:
    """What a variable that is not a number can be, in the order of its codes."""
    if variable.kind == "boolean":
        return "no", "yes"
    return tuple(code.replace("_", " ") for code in variable.codes)
