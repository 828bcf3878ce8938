"""`explainer.carry_risk` compiled by numba: the same numbers to rounding, many times faster.

The scoring path never imports this module, so a served model needs no numba; batch jobs hand the
kernel in.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.explanation.explainer import CauseBackground, Explainer, Kernel, carry_risk
from models.explanation.path_average import average_gradients
from models.explanation.tree_attribution import TreeAttribution
from models.learners.completion import Completed
from models.predictor import CauseModel, RiskPredictor

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

_FEWEST = 2_000


def fastest_kernel(n_rows: int) -> Kernel:
    """The compiled kernel where numba is installed and there are rows enough to repay compiling."""
    if n_rows < _FEWEST:
        return carry_risk
    try:
        import numba  # noqa: F401
    except ImportError:
        return carry_risk
    return carry_risk_compiled


def carry_risk_compiled(
    explainer: Explainer, X: pd.DataFrame, horizon: float
) -> tuple[FloatArray, FloatArray]:
    """What `explainer.carry_risk` gives; the same for any number of threads."""
    from models.explanation.compiled_paths import close_compiled, interpolate_compiled

    predictor = explainer.predictor
    seen = see_compiled(predictor, X)
    margins = predictor.margin_of(seen)
    risk = predictor.link.risk(margins, [horizon])[:, 0]
    averages = average_gradients(
        predictor.link,
        margins,
        explainer.centres,
        horizon,
        risk=risk,
        interpolate=interpolate_compiled,
        close=close_compiled,
    )
    total = np.zeros(X.shape)
    for k, (cause, background) in enumerate(zip(predictor.causes, explainer.causes, strict=True)):
        worth = averages[:, :, k] * explainer.shares
        _add_terms(cause, background, seen, worth, total)
        if background.trees is not None:
            add_trees_compiled(background.trees, seen.values, cause.boosted_weight * worth, total)
    return risk, total


def margins_compiled(predictor: RiskPredictor, X: pd.DataFrame) -> FloatArray:
    """What ``predictor.margin`` gives (n, k), to rounding."""
    return predictor.margin_of(see_compiled(predictor, X))


def see_compiled(predictor: RiskPredictor, X: pd.DataFrame) -> Completed:
    """What ``predictor.see`` gives, to rounding."""
    from models.learners.compiled_completion import complete_compiled

    features = X[list(predictor.feature_names)].to_numpy(np.float64)
    return complete_compiled(predictor.completion, features)


def add_trees_compiled(
    trees: TreeAttribution, features: Features, weights: FloatArray, total: FloatArray
) -> None:
    """Add what ``trees.attribute`` gives, to rounding, to ``total`` (n, p)."""
    from models.explanation.compiled_sums import add_trees

    tables = trees.tables
    if len(tables.first_row) and len(features):
        add_trees(
            tables.split_feature,
            tables.split_threshold,
            tables.split_default_left,
            tables.first_row,
            tables.slot_feature,
            tables.values,
            features,
            weights,
            total,
        )


def _add_terms(
    cause: CauseModel,
    background: CauseBackground,
    seen: Completed,
    worth: FloatArray,
    total: FloatArray,
) -> None:
    from models.explanation.compiled_sums import add_terms

    owners = np.array(cause.term_features, np.int64)
    means = np.zeros((total.shape[1], worth.shape[1]))
    np.add.at(means, owners, background.mean_terms.T)
    add_terms(cause.terms(seen), owners, means, worth, total)
