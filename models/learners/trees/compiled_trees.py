"""A booster's output by tables: all splits of a tree asked at once, their answers looked up.

XGBoost's own numbers to the last bit: single precision, tree after tree.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.compilation import compiled

if TYPE_CHECKING:
    import xgboost

Singles = npt.NDArray[np.float32]

MAX_SPLITS = 7
_PROBES = 512


class TreeTables(NamedTuple):
    """Tree t asks ``value[features[t, s]] < thresholds[t, s]``; bit s of a pattern is the answer.

    ``leaves``: (t, 128) what the tree adds by pattern. ``base``: where the sum starts.
    """

    features: npt.NDArray[np.int32]
    thresholds: Singles
    leaves: Singles
    base: np.float32


NO_TREES = TreeTables(
    np.zeros((0, MAX_SPLITS), np.int32),
    np.zeros((0, MAX_SPLITS), np.float32),
    np.zeros((0, 2**MAX_SPLITS), np.float32),
    np.float32(0.0),
)


def tabulate_trees(booster: xgboost.Booster) -> TreeTables | None:
    """Tables of a booster for values of which none is missing.

    None where they would not give its very numbers: trees of over 7 splits, or an objective with
    another start than is known here.
    """
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    trees = learner["gradient_booster"].get("model", {}).get("trees", [])
    base = _find_base(learner)
    if base is None or any(len(tree["left_children"]) > 2 * MAX_SPLITS + 1 for tree in trees):
        return None
    tables = TreeTables(
        np.zeros((len(trees), MAX_SPLITS), np.int32),
        np.full((len(trees), MAX_SPLITS), -np.inf, np.float32),
        np.zeros((len(trees), 2**MAX_SPLITS), np.float32),
        base,
    )
    for position, tree in enumerate(trees):
        _tabulate_tree(tables, position, tree)
    return tables if _agree(tables, booster) else None


def _find_base(learner: dict[str, Any]) -> np.float32 | None:
    """The margin that no tree has added to yet."""
    score = np.float32(json.loads(learner["learner_model_param"]["base_score"])[0])
    if learner["objective"]["name"] == "survival:cox":
        return np.float32(np.log(score))
    if learner["objective"]["name"] == "binary:logistic":
        return np.float32(-np.log(np.float32(1.0) / score - np.float32(1.0)))
    return None


def _tabulate_tree(tables: TreeTables, position: int, tree: dict[str, Any]) -> None:
    left, right = tree["left_children"], tree["right_children"]
    conditions = np.array(tree["split_conditions"], np.float32)
    splits = [node for node, child in enumerate(left) if child != -1]
    tables.features[position, : len(splits)] = [tree["split_indices"][node] for node in splits]
    tables.thresholds[position, : len(splits)] = conditions[splits]
    for pattern in range(2**MAX_SPLITS):
        node = 0
        while left[node] != -1:
            node = left[node] if pattern >> splits.index(node) & 1 else right[node]
        tables.leaves[position, pattern] = conditions[node]


def _agree(tables: TreeTables, booster: xgboost.Booster) -> bool:
    """Whether both say the same of values around all thresholds."""
    n_features = booster.num_features()
    values = np.zeros((_PROBES, n_features), np.float32)
    rng = np.random.default_rng(0)
    for feature in range(n_features):
        near = tables.thresholds[(tables.features == feature) & np.isfinite(tables.thresholds)]
        if len(near):
            values[:, feature] = rng.choice(near, _PROBES) + rng.choice([-1e-3, 0, 1e-3], _PROBES)
    asked = booster.inplace_predict(values, predict_type="margin", validate_features=False)
    output = np.empty(_PROBES, np.float32)
    add_trees(tables, np.ascontiguousarray(values.T), _PROBES, output)
    return bool((output == asked).all())


@compiled(exact=True)
def add_trees(tables: TreeTables, values: Singles, size: int, output: Singles) -> None:
    """Fill ``output`` with the margins of ``size`` patients from their ``values`` (p, size)."""
    pattern = np.empty(len(output), np.int32)
    output[:size] = tables.base
    for t in range(len(tables.features)):
        for i in range(size):
            pattern[i] = 0
        for s in range(MAX_SPLITS):
            feature, threshold = tables.features[t, s], tables.thresholds[t, s]
            for i in range(size):
                pattern[i] |= np.int32(values[feature, i] < threshold) << np.int32(s)
        for i in range(size):
            output[i] += tables.leaves[t, pattern[i]]
