"""What each further group of features adds: the recipe on nested sets of features.

A feature belongs to the first step at which every variable it is computed from is known, so that
no step gets a hint of a later one (a percentile of calcium needs calcium; an LDL cholesterol
corrected for the statin needs therapy).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import Feature
from features.dictionary.variable import OWN_GROUP
from features.endpoint import Endpoint
from models.evaluation.cross_validation import RiskEstimator

STEPS = ("clinical", "+ calcium", "+ morphology", "+ therapy and lifestyle", "+ own variables")
"""In the order in which they are added."""

_STEP_OF_GROUP = {
    "demographic": 0,
    "history": 0,
    "lipids": 0,
    "vital": 0,
    "laboratory": 0,
    "calcium": 1,
    "morphology": 2,
    "therapy": 3,
    "lifestyle": 3,
    "mineral": 3,
    "emerging": 3,
    OWN_GROUP: 4,
}
# Every clinical risk equation has them: without them calcium would look better than it is.
_CLINICAL = {
    "smoking_status",
    "cigarettes_per_day",
    "pack_years",
    "years_since_quitting",
    "bp_treated",
    "prior_pci",
}


def nested_features(
    catalogue: Sequence[Feature], groups: Mapping[str, str], columns: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Names of the features, among ``columns``, that each of the STEPS may use.

    ``groups`` {variable: dictionary group}. A step that adds none to the one before is left out.
    """
    kept = set(columns)
    known = [feature for feature in catalogue if feature.name in kept]
    nested: dict[str, tuple[str, ...]] = {}
    before = 0
    for number, step in enumerate(STEPS):
        names = tuple(one.name for one in known if _step_of(one, groups) <= number)
        if len(names) > before:
            nested[step] = names
        before = len(names)
    return nested


def _step_of(feature: Feature, groups: Mapping[str, str]) -> int:
    # volume may be summed from density bands, yet it is how much calcium there is
    if feature.group == "calcium":
        return _STEP_OF_GROUP["calcium"]
    inputs = feature.inputs or (feature.variable,)
    return max(0 if name in _CLINICAL else _STEP_OF_GROUP[groups[name]] for name in inputs)


@dataclass
class OfFeatures:
    """A recipe that is shown these features only."""

    names: tuple[str, ...]
    build: Callable[[], RiskEstimator]

    def fit(self, X: pd.DataFrame, endpoint: Endpoint) -> Self:
        """Fit what ``build`` makes on these columns of the features (n, p)."""
        self.model_ = self.build().fit(X[list(self.names)], endpoint)
        return self

    def predict_risk(
        self, X: pd.DataFrame, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk (n, h) by each horizon (years), from ``start`` (n,) on."""
        given = () if start is None else (start,)
        return self.model_.predict_risk(X[list(self.names)], horizons, *given)
