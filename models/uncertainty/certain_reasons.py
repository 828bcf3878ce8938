"""Of which variables a model knows whether they raise or lower a risk.

Imports, through everything it reaches, nothing beyond numpy, pandas, xgboost and pyyaml.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.array_types import BoolArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.published_priors import load_sums
from models.explanation.explainer import Explainer
from models.explanation.explanation import Explanation
from models.margins import REACH, find_certain
from models.uncertainty.risk_interval import OWNERS, RiskInterval, contribution_spread


def find_certain_reasons(
    interval: RiskInterval, explainer: Explainer, X: pd.DataFrame, explanation: Explanation
) -> BoolArray:
    """Variables (n, variables of the explanation) whose sign is known: reasons may be these alone.

    Those whose 90 % interval does not hold 0. Of several variables that describe one thing
    (`load_sums`), such as LDL, total cholesterol and apolipoprotein B, each may be uncertain and
    their sum certain: then the largest of those that point where the sum does.
    """
    sums = {f"sum {number}": tuple(one.features) for number, one in enumerate(load_sums())}
    things = {feature: thing for thing, features in sums.items() for feature in features}
    spread = contribution_spread(interval, explainer, X, explanation.worth, OWNERS, things)
    by_variable = explanation.by_variable(CATALOGUE)
    certain, values = find_certain(by_variable, spread), by_variable.to_numpy()
    names, variables = list(explanation.feature_names), list(by_variable)
    for thing, features in sums.items():
        inside = [names.index(feature) for feature in features if feature in names]
        owners = np.array(sorted({variables.index(OWNERS[names[place]]) for place in inside}), int)
        if len(owners) < 2:
            continue
        total = explanation.values[:, inside].sum(axis=1)
        size = values[:, owners] * np.sign(total)[:, None]
        is_known = (np.abs(total) > REACH * spread[thing].to_numpy()) & (size.max(axis=1) > 0)
        rows = np.flatnonzero(is_known)
        certain[rows, owners[size.argmax(axis=1)[rows]]] = True
    return certain
