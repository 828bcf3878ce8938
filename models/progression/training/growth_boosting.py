"""The boosted part of a margin of growth: XGBoost on the law's likelihood, over the linear part.

Shallow, monotone trees learn what the linear part leaves; rounds by cross-validation, on margins
that the linear part gives patients it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.progression.training.margins import Margin

if TYPE_CHECKING:
    import xgboost

_LEAST_CURVATURE = 0.05


@dataclass(frozen=True)
class Grown:
    """Scans to boost on: completed features (s, p), the likelihood, the linear margin (s,)."""

    values: npt.NDArray[np.float32]
    margin: Margin
    base: FloatArray


@dataclass(frozen=True)
class Boosted:
    """Rounds that cross-validation chose, and the booster's output (s,) where it was held out."""

    rounds: int
    held_out: tuple[FloatArray, ...]


def settings_of(tuned: Mapping[str, Any], signs: npt.NDArray[np.int8], seed: int) -> dict[str, Any]:
    """What XGBoost is told."""
    return {
        "tree_method": "hist",
        "base_score": 0.0,
        "monotone_constraints": "(" + ",".join(map(str, signs)) + ")",
        "seed": seed,
        "seed_per_iteration": True,
        "nthread": 1,
        **tuned,
    }


def cross_validate(
    folds: Sequence[tuple[Grown, Grown]],
    settings: dict[str, Any],
    max_rounds: int,
    patience: int,
    pool: Executor,
) -> Boosted:
    """Grow a booster in each fold (fit, held out) until the mean loss has not improved."""
    from xgboost import Booster, DMatrix

    matrices = [tuple(DMatrix(one.values, nthread=1) for one in pair) for pair in folds]
    boosters = [Booster(settings, cache=list(pair)) for pair in matrices]
    start = sum(float(-out.margin(out.base).value.sum()) for _, out in folds)
    losses = [start]

    def grow(fold: int, current: int) -> float:
        booster, (matrix, held), (fit, out) = boosters[fold], matrices[fold], folds[fold]
        _step(booster, matrix, fit, current)
        reached = np.asarray(booster.predict(held, output_margin=True), np.float64)
        return -float(out.margin(out.base + reached).value.sum())

    for current in range(max_rounds):
        losses.append(sum(pool.map(grow, range(len(folds)), repeat(current))))
        if len(losses) - 1 - int(np.argmin(losses)) >= patience:
            break
    rounds = int(np.argmin(losses))
    held_out = tuple(
        np.zeros(held.num_row())
        if rounds == 0
        else np.asarray(
            booster.predict(held, output_margin=True, iteration_range=(0, rounds)), np.float64
        )
        for booster, (_, held) in zip(boosters, matrices, strict=True)
    )
    return Boosted(rounds, held_out)


def fit(grown: Grown, settings: dict[str, Any], rounds: int) -> xgboost.Booster:
    """The booster of all scans."""
    from xgboost import Booster, DMatrix

    matrix = DMatrix(grown.values, nthread=1)
    booster = Booster(settings, cache=[matrix])
    for current in range(rounds):
        _step(booster, matrix, grown, current)
    return booster


def _step(booster: xgboost.Booster, matrix: xgboost.DMatrix, grown: Grown, current: int) -> None:
    output = np.asarray(booster.predict(matrix, output_margin=True, training=True), np.float64)
    slopes = grown.margin(grown.base + output)
    curvature = np.maximum(slopes.curvature, _LEAST_CURVATURE)
    gradient = -slopes.first.astype(np.float32)
    booster.boost(matrix, current, grad=gradient, hess=curvature.astype(np.float32))
