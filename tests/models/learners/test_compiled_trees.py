"""Boosters as tables: XGBoost's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from models.learners.trees.compiled_trees import add_trees, tabulate_trees

N = 400


def grow(depth: int, objective: str, rounds: int = 12) -> xgboost.Booster:
    draws = np.random.default_rng(1)
    X = draws.normal(size=(600, 5)).round(1).astype(np.float32)
    label = (X[:, 0] + X[:, 1] * X[:, 2] + draws.normal(size=600) > 0).astype(float)
    if objective == "survival:cox":
        label = (label + 0.1) * np.where(draws.random(600) < 0.5, 1, -1)
    settings = {"objective": objective, "max_depth": depth, "seed": 3, "nthread": 1}
    return xgboost.train(settings, xgboost.DMatrix(X, label=label), rounds)


def draw() -> np.ndarray:
    # rounded, so that values fall on thresholds
    return np.random.default_rng(2).normal(size=(N, 5)).round(1).astype(np.float32)


@pytest.mark.parametrize("objective", ["survival:cox", "binary:logistic"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_tables_give_the_very_numbers_of_the_booster(depth: int, objective: str) -> None:
    booster, values = grow(depth, objective), draw()
    tables = tabulate_trees(booster)
    assert tables is not None
    output = np.empty(N, np.float32)
    add_trees(tables, np.ascontiguousarray(values.T), N, output)
    asked = booster.inplace_predict(values, predict_type="margin", validate_features=False)
    assert (output == asked).all()


def test_deep_trees_and_unknown_objectives_have_no_tables() -> None:
    assert tabulate_trees(grow(5, "survival:cox")) is None
    assert tabulate_trees(grow(2, "reg:squarederror")) is None


def test_tables_that_differ_from_the_booster_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.learners.trees import compiled_trees

    monkeypatch.setattr(compiled_trees, "_find_base", lambda learner: np.float32(0.25))
    assert tabulate_trees(grow(3, "survival:cox")) is None
