"""`explainer.carry_risk` compiled by numba: the same numbers to rounding, many times faster.

The scoring path never imports this module, so a served model needs no numba; batch jobs hand the
kernel in.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from models.cores import count_cores
from models.explanation.carried import Carried, CauseBackground
from models.explanation.explainer import Explainer, add_ages, other_causes, worth_of
from models.explanation.path_average import average_gradients
from models.explanation.tree_attribution import TreeAttribution
from models.learners.completion import Completed
from models.learners.shapes.bends import weigh_cubes
from models.margins import CauseModel

if TYPE_CHECKING:
    from models.compiled.compiled_predictor import CompiledPredictor
    from models.compiled.explanation.compiled_sums import TermTables

Features = npt.NDArray[np.float32]

_NO_BENDS = np.zeros((0, 3)), np.zeros((0, 5))
_NO_SHAPES = *_NO_BENDS, np.zeros((0, 3), np.intp), np.zeros((0, 2))
# Chunks depend on the number of patients alone, so that numbers do not on that of threads.
_LARGEST_CHUNK = 32_768


def carry_risk_compiled(
    explainer: Explainer, X: pd.DataFrame, horizon: float, n_threads: int = 0
) -> Carried:
    """What `explainer.carry_risk` gives; the same for any number of threads, 0 for all cores."""
    from models.compiled.compiled_predictor import compile_predictor

    predictor = compile_predictor(explainer.predictor)
    size = _even_chunk(len(X))
    chunks = [X.iloc[start : start + size] for start in range(0, max(len(X), 1), size)]
    with ThreadPoolExecutor(n_threads or count_cores()) as pool:
        parts = list(pool.map(partial(_carry_chunk, explainer, predictor, horizon), chunks))
    joined = (
        np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Carried)
    )
    return Carried(*joined)


def _even_chunk(n_rows: int) -> int:
    """Patients in each of the fewest chunks that are small enough, all of one size."""
    n_chunks = max(1, -(-n_rows // _LARGEST_CHUNK))
    return max(1, -(-n_rows // n_chunks))


def _carry_chunk(
    explainer: Explainer, predictor: CompiledPredictor, horizon: float, X: pd.DataFrame
) -> Carried:
    from models.compiled.explanation.compiled_ages import integrate_over_ages_compiled
    from models.compiled.explanation.compiled_paths import close_compiled, interpolate_compiled

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
        over_ages=integrate_over_ages_compiled,
    )
    values, worth = np.zeros(X.shape), worth_of(averages, explainer, 0)
    cause, background = predictor.causes[0], explainer.causes[0]
    _add_terms(cause, background, seen, worth, values)
    if background.trees is not None:
        weighed = cause.boosted_weight * worth
        add_trees_compiled(background.trees, seen.values, weighed, values)
    add_ages(averages, margins, explainer, 0, values)
    return Carried(risk, values, other_causes(averages, margins, explainer), worth)


def add_trees_compiled(
    trees: TreeAttribution, features: Features, weights: FloatArray, total: FloatArray
) -> None:
    """Add what ``trees.attribute`` gives, to rounding, to ``total`` (n, p)."""
    from models.compiled.explanation.compiled_sums import add_trees

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
    from models.compiled.explanation.compiled_sums import add_terms

    means = np.zeros((total.shape[1], worth.shape[1]))
    np.add.at(means, np.array(cause.term_features, np.intp), background.mean_terms.T)
    tables, factors = _tabulate_terms(cause, seen, total.shape[1])
    add_terms(tables, seen.recorded, factors, seen.gaps.pattern, means, worth, total)


def _tabulate_terms(
    cause: CauseModel, seen: Completed, n_features: int
) -> tuple[TermTables, FloatArray]:
    """And the factors of products (n, c) of these patients."""
    from models.compiled.explanation.compiled_sums import TermTables

    gaps, linear = seen.gaps, cause.linear
    of_gaps = np.zeros((len(gaps.patterns), n_features))
    if linear is None:
        none, slopes = np.zeros(0, np.intp), np.zeros((len(gaps.patterns), 0))
        tables = TermTables(none, slopes, of_gaps, none, *_NO_SHAPES)
        return tables, np.zeros((len(seen), 0))
    weight, completion, bends = cause.linear_weight, linear.design.completion, linear.design.bends
    own, products = linear.split_coefficients(), linear.design.products
    reading = linear.read(gaps)
    of_gaps[:, completion.used] += weight * reading.open_terms
    if cause.absent is not None:
        of_gaps[:, completion.used] += cause.absent
    indicators = own.indicated * linear.design.indicators(gaps) + linear.absent_terms
    np.add.at(of_gaps.T, linear.design.indicated, weight * indicators.T)
    slopes = weight * reading.slopes
    pieces = np.column_stack([weigh_cubes(bends.knots), -bends.slope, -bends.intercept])
    per_unit, per_product = weight * own.bent / bends.scale, weight * own.products
    tables = TermTables(
        completion.used,
        slopes,
        of_gaps,
        bends.columns,
        bends.knots,
        per_unit[:, None] * pieces,
        np.column_stack([products.first, products.places]),
        per_product[:, None] * np.column_stack([np.ones(len(products.mean)), -products.mean]),
    )
    return tables, linear.read_factors(seen, reading)
