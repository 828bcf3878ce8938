"""A booster from a file that anybody may have written: looked at before XGBoost is given it.

XGBoost follows every child and reads every feature that a tree names, wherever they point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.errors import ModelError
from models.storage.ubjson import read_ubjson

if TYPE_CHECKING:
    import xgboost

_OBJECTIVES = ("survival:cox", "binary:logistic", "reg:squarederror")
_MOST_TREES, _MOST_NODES = 100_000, 1 << 20
_LARGEST_FILE = 1 << 28
_LEAF, _NO_PARENT = -1, 2**31 - 1
_BY_NODE = (
    "left_children",
    "right_children",
    "parents",
    "split_indices",
    "split_conditions",
    "default_left",
    "split_type",
    "base_weights",
    "loss_changes",
    "sum_hessian",
)
_BY_CATEGORY = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


def load_booster(path: Path, feature_names: Sequence[str]) -> xgboost.Booster:
    """The booster of a model over these features.

    Raises ModelError where the file holds none, or trees that lead out of themselves.
    """
    from xgboost import Booster
    from xgboost.core import XGBoostError

    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("larger than any model of ours")
        data = path.read_bytes()
        check_booster(read_ubjson(data), list(feature_names))
        booster = Booster()
        booster.load_model(bytearray(data))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, XGBoostError) as error:
        raise ModelError(f"{path} holds no trees of ours. Fetch or train it again") from error
    return booster


def check_booster(stored: Mapping[str, Any], feature_names: Sequence[str]) -> None:
    """Raises ValueError, KeyError or TypeError where XGBoost could not be given this."""
    learner = stored["learner"]
    about, boosting = learner["learner_model_param"], learner["gradient_booster"]
    # whose names they are is compared when both are known (`models.scorer`)
    _require(len(learner["feature_names"]) in (0, len(feature_names)), "names of features")
    _require(len(learner.get("feature_types", ())) == 0, "types of features")
    _require(learner["objective"]["name"] in _OBJECTIVES, "objective")
    _require(boosting["name"] == "gbtree", "kind of booster")
    _require(_whole(about["num_feature"]) == len(feature_names), "number of features")
    _require(_whole(about["num_class"]) == 0 and _whole(about["num_target"]) == 1, "targets")
    _require(np.isfinite(float(str(about["base_score"]).strip("[]"))), "base score")
    model = boosting["model"]
    trees, n_trees = model["trees"], _whole(model["gbtree_model_param"]["num_trees"])
    _require(len(trees) == n_trees <= _MOST_TREES, "number of trees")
    _require(_whole(model["gbtree_model_param"]["num_parallel_tree"]) == 1, "parallel trees")
    _require(not np.any(_numbers(model["tree_info"], n_trees)), "groups of trees")
    rounds = _numbers(model["iteration_indptr"], n_trees + 1)
    _require(np.array_equal(rounds, np.arange(n_trees + 1)), "rounds")
    _require(not any(len(one) for one in model.get("cats", {}).values()), "categories")
    for number, tree in enumerate(trees):
        _require(tree["id"] == number, "number of a tree")
        _check_tree(tree, len(feature_names))


def _check_tree(tree: Mapping[str, Any], n_features: int) -> None:
    about = tree["tree_param"]
    n_nodes = _whole(about["num_nodes"])
    _require(1 <= n_nodes <= _MOST_NODES, "number of nodes")
    _require(_whole(about["num_feature"]) == n_features, "number of features")
    _require(_whole(about["size_leaf_vector"]) in (0, 1), "values of a leaf")
    _require(0 <= _whole(about["num_deleted"]) < n_nodes, "nodes that are gone")
    nodes = {name: _numbers(tree[name], n_nodes) for name in _BY_NODE}
    _require(all(len(tree[name]) == 0 for name in _BY_CATEGORY), "categories")
    for name in ("split_conditions", "base_weights", "loss_changes", "sum_hessian"):
        _require(bool(np.isfinite(nodes[name]).all()), "a number that is none")
    _require(not nodes["split_type"].any(), "kind of split")
    _require(bool(np.isin(nodes["default_left"], (0, 1)).all()), "default of a split")
    left, right = nodes["left_children"], nodes["right_children"]
    split = left != _LEAF
    _require(np.array_equal(split, right != _LEAF), "one child")
    features = nodes["split_indices"]
    _require(bool(((features >= 0) & (features < n_features)).all()), "a feature")
    # XGBoost goes up as well as down: when it loads a tree, and to tell how deep a node lies
    parents = nodes["parents"].astype(np.int64)
    _require(parents[0] == _NO_PARENT, "the root")
    rest = parents[1:]
    _require(bool((((rest >= 0) & (rest < n_nodes)) | (rest == _NO_PARENT)).all()), "a parent")
    _walk(left.astype(np.int64), right.astype(np.int64), parents, n_nodes)


def _walk(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    parents: npt.NDArray[np.int64],
    n_nodes: int,
) -> None:
    """Every node is reached from the root once at most, and every child is a node that knows it."""
    seen = np.zeros(n_nodes, bool)
    waiting = [0]
    while waiting:
        node = waiting.pop()
        _require(0 <= node < n_nodes and not seen[node], "a child")
        seen[node] = True
        if left[node] != _LEAF:
            children = [int(left[node]), int(right[node])]
            _require(all(0 < one < n_nodes and parents[one] == node for one in children), "a child")
            waiting += children


def _numbers(values: Any, length: int) -> npt.NDArray[Any]:
    found = np.asarray(values)
    _require(found.shape == (length,) and found.dtype.kind in "iuf", "length of a list")
    return found


def _whole(value: Any) -> int:
    text = str(value)
    _require(text.isascii() and text.isdigit() and len(text) < 10, "a whole number")
    return int(text)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
