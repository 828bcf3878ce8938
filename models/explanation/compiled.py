"""`explainer.carry_risk` compiled by numba: the same numbers to rounding, many times faster.

The scoring path never imports this module, so a served model needs no numba; batch jobs hand the
kernel in.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.explanation.explainer import CauseBackground, Explainer
from models.explanation.path_average import average_gradients
from models.explanation.tree_attribution import TreeAttribution
from models.learners.completion import Completed
from models.predictor import CauseModel

if TYPE_CHECKING:
    from models.compiled_predictor import CompiledPredictor

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

# Fixed, so that the numbers are the same on any number of threads.
_CHUNK = 32_768


def carry_risk_compiled(
    explainer: Explainer, X: pd.DataFrame, horizon: float, n_threads: int = 0
) -> tuple[FloatArray, FloatArray]:
    """What `explainer.carry_risk` gives; the same for any number of threads, 0 for all cores."""
    from models.compiled_predictor import compile_predictor

    predictor = compile_predictor(explainer.predictor)
    chunks = [X.iloc[start : start + _CHUNK] for start in range(0, max(len(X), 1), _CHUNK)]
    with ThreadPoolExecutor(n_threads or len(os.sched_getaffinity(0))) as pool:
        parts = list(pool.map(partial(_carry_chunk, explainer, predictor, horizon), chunks))
    risks, totals = zip(*parts, strict=True)
    return np.concatenate(risks), np.concatenate(totals)


def _carry_chunk(
    explainer: Explainer, predictor: CompiledPredictor, horizon: float, X: pd.DataFrame
) -> tuple[FloatArray, FloatArray]:
    from models.explanation.compiled_paths import close_compiled, interpolate_compiled

    seen, margins = predictor.see(X), predictor.margin(X)
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
