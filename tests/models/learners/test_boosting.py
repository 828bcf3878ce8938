"""Training of the boosted part."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import xgboost

from features.endpoint import EVENT
from features.splits import cross_validation_folds
from models.learners.partial_likelihood import RiskSets, log_likelihood
from models.learners.trees.binned import Binned
from models.learners.trees.boosting import COX, BoostingTask, cross_validate_rounds, fit_boosted
from models.learners.views import Views
from tests.models.conftest import draw_cohort

POOL = ThreadPoolExecutor(2)
SETTINGS = {"max_depth": 2, "learning_rate": 0.1, "min_child_weight": 5.0}


@pytest.fixture(scope="module")
def task() -> BoostingTask:
    _, endpoint = draw_cohort(900, seed=12, missing=0.05)
    label = np.where(endpoint.event == EVENT, endpoint.time, -endpoint.time)
    return BoostingTask(label, COX, (1, -1, 0, 0, 0), None, {"nthread": 1, "seed": 0})


@pytest.fixture(scope="module")
def binned() -> Binned:
    X, endpoint = draw_cohort(900, seed=12, missing=0.05)
    return Binned.of(Views.learn(X, list(cross_validation_folds(endpoint, 4, 0)), POOL))


def test_out_of_fold_margins_rank_patients_the_boosters_never_saw(
    task: BoostingTask, binned: Binned
) -> None:
    path = cross_validate_rounds(task, binned.of_folds, SETTINGS, 200, 20, POOL)
    sets = RiskSets(np.abs(task.label), task.label > 0)
    assert log_likelihood(sets, path.out_of_fold) > log_likelihood(sets, np.zeros(900)) + 20


def test_boosting_stops_when_held_out_patients_no_longer_gain(
    task: BoostingTask, binned: Binned
) -> None:
    path = cross_validate_rounds(task, binned.of_folds, SETTINGS, 2_000, 10, POOL)
    assert 5 < path.rounds < 1_000


def test_the_margin_is_centred_on_the_patients_fitted_on(
    task: BoostingTask, binned: Binned
) -> None:
    path = cross_validate_rounds(task, binned.of_folds, SETTINGS, 30, 5, POOL)
    part = fit_boosted(task, binned, path)
    seen = binned.views.everyone.seen
    assert part.booster.num_boosted_rounds() == path.rounds
    assert part.margin(seen).mean() == pytest.approx(0.0, abs=1e-6)
    assert part.margin(seen.take(np.arange(0))).shape == (0,)


def test_trees_on_top_of_the_truth_find_nothing_more(task: BoostingTask, binned: Binned) -> None:
    alone = cross_validate_rounds(task, binned.of_folds, SETTINGS, 200, 10, POOL)
    standard = binned.views.everyone.seen.standard
    slopes, *_ = np.linalg.lstsq(standard, alone.out_of_fold, rcond=None)
    below = [standard @ slopes] * (len(binned.of_folds) + 1)
    on_top = cross_validate_rounds(
        replace(task, below=below), binned.of_folds, SETTINGS, 200, 10, POOL
    )
    assert on_top.rounds < alone.rounds
    assert on_top.loss < alone.loss
    assert on_top.out_of_fold.std() < alone.out_of_fold.std() / 2


def test_patients_binned_once_serve_any_number_of_outcomes(
    task: BoostingTask, binned: Binned
) -> None:
    first = cross_validate_rounds(task, binned.of_folds, SETTINGS, 30, 5, POOL)
    other = replace(task, label=-task.label)
    cross_validate_rounds(other, binned.of_folds, SETTINGS, 30, 5, POOL)
    again = cross_validate_rounds(task, binned.of_folds, SETTINGS, 30, 5, POOL)
    assert (again.out_of_fold == first.out_of_fold).all()
    assert again.loss == first.loss


def test_binned_patients_get_the_trees_that_they_get_unbinned(
    task: BoostingTask, binned: Binned
) -> None:
    path = cross_validate_rounds(task, binned.of_folds, SETTINGS, 30, 5, POOL)
    seen = binned.views.everyone.seen
    matrix = xgboost.DMatrix(seen.values, label=task.label)
    plain = xgboost.train(task.settings(SETTINGS), matrix, path.rounds)
    ours = fit_boosted(task, binned, path).booster
    theirs = plain.predict(matrix, output_margin=True)
    assert ours.inplace_predict(seen.values, predict_type="margin") == pytest.approx(theirs)
