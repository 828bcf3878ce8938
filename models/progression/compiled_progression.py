"""A `Forecaster` compiled by numba for batches: the same numbers to rounding, much faster."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import pandas as pd

from features.array_types import FloatArray
from models.compiled.compiled_predictor import (
    LinearTables,
    add_up_margins,
    columns_of,
    tabulate_boosted,
    tabulate_linear,
)
from models.learners.compiled_completion import complete_compiled
from models.learners.completion import Completed
from models.learners.trees.compiled_trees import TreeTables
from models.progression.forecaster import Forecaster
from models.progression.law.compiled_law import distribution
from models.progression.predictor import ProgressionPredictor


@dataclass(frozen=True)
class CompiledProgression(ProgressionPredictor):
    """What `compile_progression` makes of a predictor. ``trees``: None where they must be asked."""

    linear: LinearTables = field(kw_only=True, repr=False)
    trees: tuple[TreeTables, ...] | None = field(kw_only=True, repr=False)

    def see(self, X: pd.DataFrame) -> Completed:
        """See `ProgressionPredictor.see`."""
        self.refuse_absent(X)
        return complete_compiled(self.completion, *columns_of(X, self.feature_names))

    def margins(self, X: pd.DataFrame) -> FloatArray:
        """See `ProgressionPredictor.margins`."""
        if self.trees is None:
            return super().margins(X)
        self.refuse_absent(X)
        parts, tables = (self.growth, self.onset), (self.linear, self.trees)
        columns, positions = columns_of(X, self.feature_names)
        return add_up_margins(self.completion, parts, *tables, columns, positions)


def compile_progression(own: ProgressionPredictor) -> CompiledProgression:
    """The predictor for many patients."""
    parts = own.growth, own.onset
    values = {one.name: getattr(own, one.name) for one in fields(ProgressionPredictor)}
    return CompiledProgression(
        **{**values, "read": distribution},
        linear=tabulate_linear(own.completion, parts),
        trees=tabulate_boosted(parts),
    )


def compile_forecaster(forecaster: Forecaster) -> Forecaster:
    """The forecaster for many patients."""
    predictor = compile_progression(forecaster.predictor)
    explainer = replace(forecaster.explainer, predictor=predictor)
    return replace(forecaster, predictor=predictor, explainer=explainer)
