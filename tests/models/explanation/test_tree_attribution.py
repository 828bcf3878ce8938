from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xgboost

from features.array_types import FloatArray
from features.errors import ModelError
from models.compiled.explanation.compiled_risk import add_trees_compiled
from models.explanation.shapley_weights import shapley_weights
from models.explanation.tree_attribution import TreeAttribution
from tests.models.explanation.brute_force import interventional_shapley

NAMES = [f"f{i}" for i in range(6)]


def draw_features(n: int, seed: int, missing: float = 0.15) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(seed)
    # Rounded, so that values fall on thresholds: "below" must mean what it means to XGBoost.
    features = random.normal(size=(n, len(NAMES))).round(1).astype(np.float32)
    features[random.random(features.shape) < missing] = np.nan
    return features


def grow(depth: int, rounds: int = 8, **options: Any) -> xgboost.Booster:
    features = draw_features(600, seed=1)
    filled = np.nan_to_num(features, nan=0.7)
    margin = filled[:, 0] + filled[:, 1] * filled[:, 2] + np.abs(filled[:, 3])
    random = np.random.default_rng(2)
    time = random.exponential(size=600) * np.exp(-margin)
    label = np.where(random.random(600) < 0.5, time, -time)
    settings = {"objective": "survival:cox", "max_depth": depth, "seed": 3, "nthread": 1, **options}
    return xgboost.train(settings, xgboost.DMatrix(features, label=label), rounds)


def raw(booster: xgboost.Booster) -> bytes:
    return bytes(booster.save_raw("json"))


def margin_of(booster: xgboost.Booster) -> Any:
    def margin(features: FloatArray) -> FloatArray:
        matrix = xgboost.DMatrix(features.astype(np.float32))
        return np.asarray(booster.predict(matrix, output_margin=True), np.float64)

    return margin


def one_stratum(booster: xgboost.Booster, background: npt.NDArray[np.float32]) -> TreeAttribution:
    return TreeAttribution.fit(raw(booster), NAMES, background, np.zeros(len(background), np.intp))


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_contributions_are_the_shapley_values_found_by_trying_every_coalition(depth: int) -> None:
    booster, background, patients = grow(depth), draw_features(20, 4), draw_features(10, 5)
    expected = interventional_shapley(
        margin_of(booster), patients.astype(np.float64), background.astype(np.float64)
    )
    found = one_stratum(booster, background).attribute(patients, np.ones((10, 1)))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(expected).max() > 0.1


@pytest.mark.parametrize("depth", [3, 6])
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # SHAP on matplotlib
def test_contributions_agree_with_shap(depth: int) -> None:
    import shap

    booster, background, patients = grow(depth), draw_features(60, 6, 0), draw_features(40, 7, 0)
    explainer = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
    found = one_stratum(booster, background).attribute(patients, np.ones((40, 1)))
    np.testing.assert_allclose(found, explainer.shap_values(patients), atol=1e-5)


def test_a_feature_asked_twice_on_one_path_must_meet_both_conditions() -> None:
    booster = grow(4, colsample_bytree=0.34)
    trees = json.loads(raw(booster))["learner"]["gradient_booster"]["model"]["trees"]
    assert any(len(set(tree["split_indices"])) < len(tree["left_children"]) // 3 for tree in trees)
    background, patients = draw_features(15, 8), draw_features(8, 9)
    expected = interventional_shapley(
        margin_of(booster), patients.astype(np.float64), background.astype(np.float64)
    )
    found = one_stratum(booster, background).attribute(patients, np.ones((8, 1)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_tree_of_one_leaf_contributes_nothing() -> None:
    booster = grow(3, rounds=2, gamma=1e9)
    attribution = one_stratum(booster, draw_features(10, 10))
    patients = draw_features(4, 11)
    assert not attribution.attribute(patients, np.ones((4, 1))).any()
    total = np.zeros(patients.shape)
    add_trees_compiled(attribution, patients, np.ones((4, 1)), total)
    assert not total.any()


def test_a_patient_like_the_only_background_patient_owes_nothing_to_any_feature() -> None:
    patient = draw_features(1, 12)
    found = one_stratum(grow(3), patient).attribute(patient, np.ones((1, 1)))
    np.testing.assert_array_equal(found, np.zeros((1, len(NAMES))))


def test_contributions_against_a_stratum_sum_to_the_margin_less_its_mean_margin() -> None:
    booster, background, patients = grow(3), draw_features(90, 13), draw_features(30, 14)
    stratum = np.arange(90) % 3
    attribution = TreeAttribution.fit(raw(booster), NAMES, background, stratum)
    margin = margin_of(booster)
    for s in range(3):
        weights = np.tile(np.eye(3)[s], (30, 1))
        total = attribution.attribute(patients, weights).sum(axis=1)
        expected = margin(patients) - margin(background[stratum == s]).mean()
        np.testing.assert_allclose(total, expected, atol=1e-5)


def test_the_compiled_kernel_gives_the_sums_of_the_plain_one() -> None:
    booster, patients = grow(4), draw_features(700, 15)
    stratum = np.arange(50) % 4
    attribution = TreeAttribution.fit(raw(booster), NAMES, draw_features(50, 16), stratum)
    weights = np.random.default_rng(17).random((700, 4))
    compiled = np.zeros(patients.shape)
    add_trees_compiled(attribution, patients, weights, compiled)
    np.testing.assert_allclose(compiled, attribution.attribute(patients, weights), atol=1e-12)


def test_one_patient_gets_the_numbers_that_he_gets_among_many() -> None:
    attribution, patients = one_stratum(grow(3), draw_features(30, 18)), draw_features(500, 19)
    together = attribution.attribute(patients, np.ones((500, 1)))
    alone = attribution.attribute(patients[250:251], np.ones((1, 1)))
    np.testing.assert_allclose(alone[0], together[250], atol=1e-14)
    assert attribution.attribute(patients[:0], np.ones((0, 1))).shape == (0, len(NAMES))


def test_features_are_found_by_name_whatever_their_order_in_the_booster() -> None:
    features = draw_features(300, 20)
    label = np.where(features[:, 0] > 0, 1.0, -2.0)
    matrix = xgboost.DMatrix(features[:, :2], label=label, feature_names=["b", "a"])
    booster = xgboost.train({"objective": "survival:cox", "max_depth": 2}, matrix, 2)
    attribution = TreeAttribution.fit(
        raw(booster), ["a", "b"], features[:, [1, 0]], np.zeros(300, np.intp)
    )
    found = attribution.attribute(features[:, [1, 0]], np.ones((300, 1)))
    assert np.abs(found[:, 1]).mean() > 10 * np.abs(found[:, 0]).mean()


def test_what_is_kept_of_the_background_rebuilds_the_attribution() -> None:
    booster, patients = grow(3), draw_features(5, 21)
    fitted = one_stratum(booster, draw_features(40, 22))
    restored = TreeAttribution.restore(raw(booster), NAMES, fitted.counts, fitted.fingerprint)
    weights = np.ones((5, 1))
    np.testing.assert_array_equal(
        restored.attribute(patients, weights), fitted.attribute(patients, weights)
    )
    with pytest.raises(ModelError, match="another booster"):
        TreeAttribution.restore(raw(grow(2)), NAMES, fitted.counts, fitted.fingerprint)


def test_boosters_that_cannot_be_explained_exactly_are_refused() -> None:
    features, label = draw_features(50, 23, 0), np.ones(50)
    linear = xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(features, label=label), 1)
    with pytest.raises(ModelError, match="plain trees"):
        one_stratum(linear, features)
    deep = grow(12, rounds=1, min_child_weight=0, reg_lambda=0)
    assert one_stratum(deep, features).counts.sum() > 0  # six features fit on any path
    with pytest.raises(ModelError, match="does not name"):
        TreeAttribution.fit(
            raw(xgboost.train({}, xgboost.DMatrix(features, label, feature_names=NAMES), 1)),
            ["f0", "f1"],
            features,
            np.zeros(50, np.intp),
        )


def test_weights_of_two_features_are_those_of_the_definition() -> None:
    weights = shapley_weights(2)
    both, first, second, neither = 0b11, 0b01, 0b10, 0b00
    # The patient reaches the leaf, the background patient fails both: the credit is shared.
    assert weights[both, :, neither].tolist() == [1 / 2, 1 / 2]
    # The background already meets the second condition: the first feature alone opens the way.
    assert weights[both, :, second].tolist() == [1, 0]
    # Each meets one: giving the first opens the way only while the second is the background's.
    assert weights[first, :, second].tolist() == [1 / 2, -1 / 2]
    assert weights[neither, :, neither].tolist() == [0, 0]
