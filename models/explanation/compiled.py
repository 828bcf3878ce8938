"""`explainer.carry_risk` compiled by numba: the same numbers to rounding, many times faster.

The scoring path never imports this module, so a served model needs no numba; batch jobs hand the
kernel in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.explanation.explainer import CauseBackground, Explainer, Kernel, carry_risk
from models.explanation.path_average import average_gradients
from models.explanation.tree_attribution import TreeAttribution
from models.learners.linear import LinearDesign
from models.predictor import CauseModel, RiskPredictor

if TYPE_CHECKING:
    from models.explanation.compiled_sums import Terms

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
    columns = np.ascontiguousarray(X.to_numpy(np.float64).T)
    seen = [_see(cause, columns) for cause in predictor.causes]
    margins = np.stack([margin for margin, _ in seen], axis=1)
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
        _add_linear(cause, background, columns, worth, total)
        if background.trees is not None:
            add_trees_compiled(background.trees, seen[k][1], cause.boosted_weight * worth, total)
    return risk, total


def margins_compiled(predictor: RiskPredictor, X: pd.DataFrame) -> FloatArray:
    """What ``predictor.margin`` gives (n, k)."""
    return predictor.margin(X)


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


def _see(cause: CauseModel, columns: FloatArray) -> tuple[FloatArray, Features]:
    """Margin (n,), to the last bit that of ``cause.margin``, and the features that trees see."""
    from models.explanation.compiled_sums import prepare

    p, n = columns.shape
    linear, boosted = np.zeros(n), cause.boosted
    values = np.empty((n, p if boosted is not None else 0), np.float32)
    fill = np.zeros(0, np.float32) if boosted is None else boosted.fill
    prepare(columns, _terms(cause), fill, linear, values)
    margin = np.full(n, cause.shift)
    if cause.linear is not None and cause.linear_weight:
        margin += cause.linear_weight * linear
    if boosted is not None and cause.boosted_weight:
        margin += cause.boosted_weight * (boosted.output(values) - boosted.offset)
    return margin, values


def _terms(cause: CauseModel, weight: float = 1.0) -> Terms:
    if cause.linear is None:
        none, nothing = np.zeros(0, np.int64), np.zeros(0)
        return none, none, nothing, nothing, nothing, nothing, nothing
    design: LinearDesign = cause.linear.design
    return (
        design.used.astype(np.int64),
        design.indicated.astype(np.int64),
        design.fill,
        design.mean,
        design.scale,
        design.bound,
        weight * cause.linear.coefficients,
    )


def _add_linear(
    cause: CauseModel,
    background: CauseBackground,
    columns: FloatArray,
    worth: FloatArray,
    total: FloatArray,
) -> None:
    from models.explanation.compiled_sums import add_linear

    if cause.linear is None or background.mean_terms is None:
        return
    means = np.zeros((len(columns), worth.shape[1]))
    np.add.at(means, np.array(cause.linear.term_features, np.intp), background.mean_terms.T)
    add_linear(columns, _terms(cause, cause.linear_weight), means, worth, total)
