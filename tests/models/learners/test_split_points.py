from __future__ import annotations

import json

import numpy as np
import pytest
import xgboost

from models.learners.trees.split_points import move_split_points


def _fit(values: np.ndarray, label: np.ndarray) -> xgboost.Booster:
    settings = {"objective": "survival:cox", "max_depth": 3, "tree_method": "hist", "seed": 1}
    return xgboost.train(settings, xgboost.DMatrix(values, label), num_boost_round=40)


def _splits(booster: xgboost.Booster) -> list[tuple[int, float]]:
    model = json.loads(booster.save_raw("json"))
    return [
        (tree["split_indices"][node], tree["split_conditions"][node])
        for tree in model["learner"]["gradient_booster"]["model"]["trees"]
        for node, left in enumerate(tree["left_children"])
        if left != -1
    ]


@pytest.fixture(scope="module")
def patients() -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(2)
    n = 3000
    values = np.column_stack(
        [
            draws.normal(130, 18, n).round(),  # few values
            np.where(draws.random(n) < 0.5, 0, draws.normal(4, 2, n)),  # many
            (draws.random(n) < 0.3).astype(float),  # yes and no
            np.where(draws.random(n) < 0.2, np.nan, draws.lognormal(0, 1, n).round(2)),
        ]
    ).astype(np.float32)
    hazard = np.exp(0.02 * values[:, 0] + 0.3 * values[:, 1] + 0.5 * values[:, 2])
    time = draws.exponential(1 / hazard) * 100 + 0.01
    return values, np.where(draws.random(n) < 0.4, time, -time)


def test_no_split_is_a_patient_s_value_and_every_patient_goes_the_same_way(
    patients: tuple[np.ndarray, np.ndarray],
) -> None:
    values, label = patients
    booster = _fit(values, label)
    assert sum(np.float32(split) in values[:, feature] for feature, split in _splits(booster)) > 100
    moved = move_split_points(booster, values)
    for feature, split in _splits(moved):
        assert np.float32(split) not in values[:, feature]
    before = booster.inplace_predict(values, predict_type="margin")
    after = moved.inplace_predict(values, predict_type="margin")
    assert (before == after).all()


def test_a_moved_split_is_as_round_as_its_neighbours_allow() -> None:
    values = np.repeat([[120.0], [130.0]], 200, axis=0).astype(np.float32)
    label = np.arange(400.0, 0.0, -1)  # those with 130 have the event first
    splits = {split for _, split in _splits(move_split_points(_fit(values, label), values))}
    assert splits == {125.0}


def test_yes_and_no_are_split_between_them(patients: tuple[np.ndarray, np.ndarray]) -> None:
    values, label = patients
    splits = _splits(move_split_points(_fit(values, label), values))
    yes_no = {split for feature, split in splits if feature == 2}
    assert yes_no
    assert all(0 < split < 1 for split in yes_no)


def test_the_same_model_moves_to_the_same_bytes(patients: tuple[np.ndarray, np.ndarray]) -> None:
    values, label = patients
    booster = _fit(values, label)
    first, second = (move_split_points(booster, values).save_raw("ubj") for _ in range(2))
    assert first == second
