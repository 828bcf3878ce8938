"""Contributions to the risk of each patient, and their sums by variable and by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.own_features import group_of, owner_of
from features.errors import ModelError

if TYPE_CHECKING:
    from features.derivation.catalogue import Feature


OTHER_CAUSES = "other_causes"
OTHER_CAUSES_LABEL = "Death from other causes"
TOLERANCE = 1e-6
SMALLEST_REASON = 0.0005  # what reads "+0.0 percentage points" is no reason


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

    def top_reasons(
        self, n_reasons: int, catalogue: Sequence[Feature], labels: Mapping[str, str]
    ) -> pd.DataFrame:
        """The largest contributions of each patient, one row per patient and rank.

        Columns ``rank`` (from 1), ``variable``, ``label``, ``points`` (signed percentage points);
        contributions that round to nothing are left out. ``labels``: variable -> label.
        """
        summed = self.by_variable(catalogue)
        values, names = summed.to_numpy(), np.array(summed.columns)
        order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :n_reasons]
        grid = np.indices(order.shape)
        rows, ranks = grid[0], grid[1]
        points = np.take_along_axis(values, order, axis=1)
        kept = np.abs(points) >= SMALLEST_REASON
        variables = names[order[kept]]
        return pd.DataFrame(
            {
                "rank": ranks[kept] + 1,
                "variable": variables,
                "label": [labels.get(name, name) for name in variables],
                "points": 100 * points[kept],
            },
            index=self.index[rows[kept]],
        )


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
