"""A `RiskPredictor` compiled by numba for batches: the same numbers to rounding, much faster.

The scoring path never imports this module, so a served model needs no numba; batch jobs do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from models.compilation import compiled
from models.compiled.compiled_incidence import CompiledLink
from models.compiled.compiled_products import (
    ExpectedFactors,
    ProductTables,
    add_products,
    expect_factors,
    tabulate_products,
)
from models.learners.compiled_completion import (
    BLOCK,
    CompletionTables,
    complete_compiled,
    fill_gaps,
    find_gaps_compiled,
    standardise_block,
    tabulate,
)
from models.learners.completion import Completed, Completion
from models.learners.linear import GapReading
from models.learners.shapes.bends import weigh_cubes
from models.learners.trees.compiled_trees import NO_TREES, TreeTables, add_trees, tabulate_trees
from models.margins import CauseModel
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.predictor import RiskPredictor

Integers = npt.NDArray[np.int64]


class LinearTables(NamedTuple):
    """The linear margins of k causes as the loop reads them.

    ``constant``: (k,); ``straight``: (u, k) of completed features. Bends look at what is recorded:
    they add ``levelled`` (u, k) times it, and each of their pieces ``weights`` (b, k) times the
    cube of what the feature ``columns`` (b,) exceeds its knot ``knots`` (b,) by.
    ``boosted_weights``: (k,) of the trees' output.
    """

    constant: FloatArray
    straight: FloatArray
    levelled: FloatArray
    columns: Integers
    knots: FloatArray
    weights: FloatArray
    products: ProductTables
    boosted_weights: FloatArray


class TurnedTables(NamedTuple):
    """Slopes that differ from those by which gaps were completed, by `LinearPart.read`.

    The slope of the modelled feature ``features`` (t,) in the margin of the cause ``causes`` (t,)
    is moved by ``corrections`` (t, d) where the gaps have pattern d.
    """

    causes: Integers
    features: Integers
    corrections: FloatArray


@dataclass(frozen=True)
class CompiledPredictor(RiskPredictor):
    """What `compile_predictor` makes of a predictor.

    ``trees``: one per cause; None where some booster's output must be asked of the booster itself.
    """

    linear: LinearTables = field(repr=False)
    trees: tuple[TreeTables, ...] | None = field(repr=False)

    def see(self, X: pd.DataFrame) -> Completed:
        """See `RiskPredictor.see`."""
        seen = complete_compiled(self.completion, *self._columns_of(X))
        return replace(seen, clock=self.read_clock(X))

    def margin(self, X: pd.DataFrame) -> FloatArray:
        """See `RiskPredictor.margin`."""
        if self.trees is None:
            return self.margin_of(self.see(X))
        columns, positions = self._columns_of(X)
        tables = self.linear, self.trees
        margins = add_up_margins(self.completion, self.causes, *tables, columns, positions)
        clock = self.read_clock(X)
        return margins if clock is None else self.with_clock([*margins.T], clock)

    def _columns_of(self, X: pd.DataFrame) -> tuple[FloatArray, Integers]:
        self.refuse_absent(X)
        return columns_of(X, self.feature_names)


def compile_predictor(predictor: RiskPredictor) -> CompiledPredictor:
    """The predictor for batches; the link too, where risks compete."""
    if isinstance(predictor, CompiledPredictor):
        return predictor
    link = predictor.link
    if isinstance(link, CompetingRisksLink):
        link = CompiledLink(link.baseline, link.time_scale)
    return CompiledPredictor(
        predictor.feature_names,
        predictor.completion,
        predictor.causes,
        link,
        tabulate_linear(predictor.completion, predictor.causes),
        tabulate_boosted(predictor.causes),
        clock=predictor.clock,
        absences=predictor.absences,
    )


def columns_of(X: pd.DataFrame, feature_names: Sequence[str]) -> tuple[FloatArray, Integers]:
    """All columns (m, n) of X, and where the features are among them; nothing is copied."""
    positions = X.columns.get_indexer(pd.Index(feature_names)).astype(np.int64)
    return np.ascontiguousarray(X.to_numpy(np.float64).T), positions


def add_up_margins(
    completion: Completion,
    causes: Sequence[CauseModel],
    linear: LinearTables,
    trees: tuple[TreeTables, ...],
    columns: FloatArray,
    positions: Integers,
) -> FloatArray:
    """Margins (n, k) of the causes; ``columns`` (m, n) and ``positions``: see `columns_of`."""
    gaps = find_gaps_compiled(completion, columns, positions)
    readings = [
        one.linear.read(gaps) if one.linear and one.linear_weight else None for one in causes
    ]
    by_pattern = np.empty((len(gaps.patterns), len(causes)))
    for k, (cause, reading) in enumerate(zip(causes, readings, strict=True)):
        by_pattern[:, k] = gap_margin(cause, reading)
    margins = by_pattern[gaps.pattern]
    tables = tabulate(completion, gaps, positions)
    turned = _tabulate_turned(causes, readings, len(gaps.patterns))
    expected = expect_factors(linear.products, causes, readings, gaps)
    _add_margins(columns, tables, linear, turned, expected, trees, margins)
    return margins


def gap_margin(cause: CauseModel, reading: GapReading | None) -> FloatArray | float:
    """What each pattern of gaps (d,) adds to the margin of the cause, its constant included."""
    margin: FloatArray | float = cause.constant
    if reading is not None:
        margin = margin + cause.linear_weight * reading.margin
    if cause.boosted is not None and cause.boosted_weight:
        margin = margin - cause.boosted_weight * cause.boosted.offset
    return margin


def _tabulate_turned(
    causes: Sequence[CauseModel], readings: Sequence[GapReading | None], n_patterns: int
) -> TurnedTables:
    numbers, features, corrections = [], [], [np.empty((0, n_patterns))]
    for k, (cause, reading) in enumerate(zip(causes, readings, strict=True)):
        if reading is None:
            continue
        turned = np.flatnonzero(reading.moved.any(axis=0))
        numbers += [k] * len(turned)
        features += turned.tolist()
        corrections.append(cause.linear_weight * reading.moved.T[turned])
    return TurnedTables(
        np.array(numbers, np.int64), np.array(features, np.int64), np.concatenate(corrections)
    )


def tabulate_boosted(causes: Sequence[CauseModel]) -> tuple[TreeTables, ...] | None:
    """The trees of each cause; None where those of one must be asked of the booster itself."""
    trees = [_tabulate_trees(cause) for cause in causes]
    found = tuple(tables for tables in trees if tables is not None)
    return found if len(found) == len(trees) else None


def _tabulate_trees(cause: CauseModel) -> TreeTables | None:
    if cause.boosted is None or not cause.boosted_weight:
        return NO_TREES
    return tabulate_trees(cause.boosted.booster)


def tabulate_linear(completion: Completion, causes: Sequence[CauseModel]) -> LinearTables:
    """The linear parts of the causes."""
    n_causes = len(causes)
    constant, straight = np.zeros(n_causes), np.zeros((len(completion.used), n_causes))
    levelled = np.zeros_like(straight)
    pieces: dict[tuple[int, float], FloatArray] = {}
    for k, cause in enumerate(causes):
        if cause.linear is None or not cause.linear_weight:
            continue
        own = cause.linear.split_coefficients()
        bends, products = cause.linear.design.bends, cause.linear.design.products
        per_unit = cause.linear_weight * own.bent / bends.scale
        straight[:, k] = cause.linear_weight * own.straight
        np.subtract.at(levelled[:, k], bends.columns, per_unit * bends.slope)
        constant[k] = -(per_unit @ bends.intercept)
        constant[k] -= cause.linear_weight * own.products @ products.mean
        weights = per_unit[:, None] * weigh_cubes(bends.knots)
        for column, knots, of_knots in zip(bends.columns, bends.knots, weights, strict=True):
            for knot, weight in zip(knots, of_knots, strict=True):
                pieces.setdefault((int(column), float(knot)), np.zeros(n_causes))[k] += weight
    columns = np.array([column for column, _ in pieces], np.int64)
    knots = np.array([knot for _, knot in pieces], np.float64)
    of_pieces = np.array(list(pieces.values()), np.float64).reshape(-1, n_causes)
    boosted_weights = np.array([cause.boosted_weight for cause in causes])
    of_bends = levelled, columns, knots, of_pieces
    return LinearTables(constant, straight, *of_bends, tabulate_products(causes), boosted_weights)


@compiled()
def _add_margins(
    columns: FloatArray,
    tables: CompletionTables,
    linear: LinearTables,
    turned: TurnedTables,
    expected: ExpectedFactors,
    trees: tuple[TreeTables, ...],
    margins: FloatArray,
) -> None:
    """Add to ``margins`` (n, k) all but what depends on the pattern of gaps alone."""
    n, n_causes = margins.shape
    block = np.empty((len(tables.used), BLOCK))
    values = np.zeros((len(tables.positions), BLOCK), np.float32)
    total = np.empty((n_causes, BLOCK))
    output = np.empty(BLOCK, np.float32)
    for start in range(0, n, BLOCK):
        size = min(n - start, BLOCK)
        standardise_block(columns, tables, start, size, block, values)
        pattern = tables.pattern[start : start + size]
        _sum_bends(linear, block, size, total)
        add_products(linear.products, expected, block, pattern, total)
        _add_turned(turned, block, pattern, total)
        fill_gaps(tables, start, size, block)
        _add_straight(linear, block, size, total)
        for k in range(n_causes):
            add_trees(trees[k], values, size, output)
            for i in range(size):
                margins[start + i, k] += total[k, i] + linear.boosted_weights[k] * output[i]


@compiled()
def _add_turned(
    turned: TurnedTables, block: FloatArray, pattern: Integers, total: FloatArray
) -> None:
    """Add to ``total`` (k, size) what turns slopes of recorded features (u, size) back."""
    for t in range(len(turned.causes)):
        own, of_pattern, moved = (
            block[turned.features[t]],
            turned.corrections[t],
            total[turned.causes[t]],
        )
        for i in range(len(pattern)):
            moved[i] += of_pattern[pattern[i]] * own[i]


@compiled()
def _add_straight(linear: LinearTables, block: FloatArray, size: int, total: FloatArray) -> None:
    """Add to ``total`` (k, size) what is linear in completed features (u, size)."""
    for u in range(len(block)):
        for k in range(len(total)):
            for i in range(size):
                total[k, i] += linear.straight[u, k] * block[u, i]


@compiled()
def _sum_bends(linear: LinearTables, block: FloatArray, size: int, total: FloatArray) -> None:
    """Fill ``total`` (k, size) with bends of recorded features (u, size)."""
    n_causes = len(total)
    for k in range(n_causes):
        total[k] = linear.constant[k]
    for u in range(len(block)):
        for k in range(n_causes):
            for i in range(size):
                total[k, i] += linear.levelled[u, k] * block[u, i]
    for b in range(len(linear.columns)):
        column, knot = linear.columns[b], linear.knots[b]
        for k in range(n_causes):
            for i in range(size):
                above = max(block[column, i] - knot, 0.0)
                total[k, i] += linear.weights[b, k] * (above * above * above)
