"""Weights of the parts."""

from __future__ import annotations

import numpy as np
import pytest

from models.learners.partial_likelihood import RiskSets, log_likelihood
from models.risk.stacking import settle_weights, stack_weights_cox, stack_weights_logistic


def _times(margin: np.ndarray, seed: int) -> RiskSets:
    draws = np.random.default_rng(seed)
    return RiskSets(draws.exponential(np.exp(-margin)), np.ones(len(margin), bool))


def test_two_honest_halves_of_a_margin_get_weight_one_each() -> None:
    halves = np.random.default_rng(0).normal(0, 0.7, size=(20_000, 2))
    weights = stack_weights_cox(halves, _times(halves.sum(axis=1), 1))
    assert weights == pytest.approx([1.0, 1.0], abs=0.04)


def test_a_part_that_is_twice_too_bold_is_halved_and_noise_is_left_out() -> None:
    draws = np.random.default_rng(2)
    truth, noise = draws.normal(0, 0.7, 20_000), draws.normal(size=20_000)
    weights = stack_weights_cox(np.stack([2 * truth, noise], axis=1), _times(truth, 3))
    assert weights == pytest.approx([0.5, 0.0], abs=0.03)


def test_a_part_that_points_the_wrong_way_gets_nothing() -> None:
    truth = np.random.default_rng(4).normal(size=5_000)
    assert stack_weights_cox(-truth[:, None], _times(truth, 5))[0] == pytest.approx(0.0, abs=1e-9)


def test_logistic_weights_carry_an_intercept_that_gives_the_observed_share() -> None:
    draws = np.random.default_rng(6)
    margin = draws.normal(size=(30_000, 1))
    occurred = draws.random(30_000) < 1 / (1 + np.exp(2.0 - margin[:, 0]))
    weight, intercept = stack_weights_logistic(margin, occurred)
    assert (weight, intercept) == pytest.approx((1.0, -2.0), abs=0.06)


def test_the_luckiest_of_many_numbers_of_trees_is_no_reason_to_take_trees() -> None:
    taken = 0
    for seed in range(40):
        draws = np.random.default_rng([7, seed])
        truth = draws.normal(0, 0.7, 300)
        sets = _times(truth, seed + 100)
        # what 200 trees add one after another that have nothing to find
        added = np.cumsum(0.02 * draws.normal(size=(200, 300)), axis=0)
        luckiest = max(added, key=lambda each: log_likelihood(sets, truth + each))
        taken += bool(stack_weights_cox(np.stack([truth, luckiest], axis=1), sets)[1])
    assert taken <= 1  # 4 where trees have to gain a log likelihood of 2


def test_few_events_leave_the_weight_near_one_and_many_find_it() -> None:
    truth = np.random.default_rng(8).normal(0, 0.7, 40_000)
    many = stack_weights_cox(truth[:, None] / 0.8, _times(truth, 9))[0]
    assert many == pytest.approx(0.8, abs=0.02)
    # without the belief the 50 weights spread by .2 around .8
    few = [
        stack_weights_cox(some[:, None] / 0.8, _times(some, 9 + seed))[0]
        for seed, some in enumerate(truth[: 50 * 40].reshape(50, 40))
    ]
    assert np.mean(few) == pytest.approx(0.96, abs=0.03)
    assert np.std(few) < 0.08


def test_settled_weights_are_those_of_a_margin_with_less_noise() -> None:
    draws = np.random.default_rng(10)
    truth, noise = draws.normal(0, 0.8, 60_000), draws.normal(0, 0.3, 60_000)
    sets = _times(truth, 11)
    # out of four folds each margin comes from three quarters of the patients
    out_of_fold = stack_weights_cox((truth + noise / np.sqrt(0.75))[:, None], sets)
    of_everybody = stack_weights_cox((truth + noise)[:, None], sets)
    assert settle_weights(out_of_fold, 4) == pytest.approx(of_everybody, abs=0.015)
    assert settle_weights(out_of_fold, 4)[0] > out_of_fold[0] + 0.02
    assert settle_weights(np.array([0.0, 1.0]), 5).tolist() == [0.0, 1.0]
