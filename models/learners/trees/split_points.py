"""Split points of trees that are no patient's value.

XGBoost puts a split at a value that some patient has. Moved to a round number strictly between that
value and the next lower one, it sends every patient fitted on the same way, and is nobody's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xgboost

Values = npt.NDArray[np.float32]

_MOST_DIGITS = 9


def move_split_points(booster: xgboost.Booster, values: Values) -> xgboost.Booster:
    """The booster with every split between two values, the same for all patients fitted on.

    ``values``: (n, p) as it was fitted on, by the position of the feature; NaN where missing. A
    split that leaves no float between its two values stays where it is.
    """
    import xgboost

    model = json.loads(booster.save_raw("json"))
    known = [np.unique(column[np.isfinite(column)]) for column in values.T]
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        conditions = tree["split_conditions"]
        inner = np.flatnonzero(np.array(tree["left_children"]) != -1)
        for node in inner:
            feature = tree["split_indices"][node]
            conditions[node] = _move(np.float32(conditions[node]), known[feature])
    moved = xgboost.Booster()
    moved.load_model(bytearray(json.dumps(model).encode()))
    return moved


def _move(split: np.float32, known: Values) -> float:
    """A round number above the next lower value and below the split: ``value < split`` stays."""
    at = int(np.searchsorted(known, split))
    upper = float(known[at]) if at < len(known) else float(split)
    # no value is known between the split and the one above it
    upper = max(upper, float(split))
    lower = float(known[at - 1]) if at else upper - max(1.0, abs(upper))
    return float(_between(lower, upper))


def _between(lower: float, upper: float) -> np.float32:
    """The number of fewest digits strictly between, as float32; the upper one where none is."""
    middle = (lower + upper) / 2
    scale = np.floor(np.log10(upper - lower)) if upper > lower else 0.0
    for digits in range(int(-scale) - 1, int(-scale) + _MOST_DIGITS):
        found = np.float32(np.round(middle, digits))
        if np.float32(lower) < found < np.float32(upper):
            return found
    return np.float32(upper)
