"""How the linear part is shrunk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.learners.linear import Limits
from models.learners.penalty_path import PenaltyPath, Terms, choose_penalty
from models.learners.ridge_cox import CoxTask
from models.learners.ridge_logistic import LogisticTask

POOL = ThreadPoolExecutor(2)
PENALTIES = (10.0, 1.0, 0.1, 0.01)


def _choose(
    beta: np.ndarray, seed: int, adaptivities: tuple[float, ...] = (0.0, 1.0)
) -> PenaltyPath:
    draws = np.random.default_rng(seed)
    terms = draws.normal(size=(600, len(beta)))
    time = draws.exponential(np.exp(-terms @ beta))
    task = CoxTask(time, draws.random(600) < 0.4)
    return _path(task, _free(terms), PENALTIES, adaptivities)


def _path(
    task: CoxTask | LogisticTask,
    terms: Terms,
    penalties: tuple[float, ...],
    adaptivities: tuple[float, ...],
) -> PenaltyPath:
    folds = _folds(len(terms.values))
    of_folds = [task.on(terms, fold) for fold in folds]
    return choose_penalty(task.on(terms, None), of_folds, folds, penalties, adaptivities, POOL)


def _folds(n_patients: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rows = np.arange(n_patients)
    return [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]


def _free(values: np.ndarray) -> Terms:
    return Terms(values, _limits(np.zeros(values.shape[1])), np.zeros(len(values)))


def _limits(directions: np.ndarray) -> Limits:
    return Limits(np.diag(directions), np.arange(len(directions)))


def test_where_nothing_is_to_be_learnt_the_strongest_penalty_wins() -> None:
    assert _choose(np.zeros(20), seed=0, adaptivities=(0.0,)).penalty == max(PENALTIES)


def test_a_few_terms_that_matter_among_many_are_found_by_the_adaptive_ridge() -> None:
    beta = np.concatenate([[1.0, -0.8], np.zeros(60)])
    plain = _choose(beta, seed=1, adaptivities=(0.0,))
    adaptive = _choose(beta, seed=1)
    assert adaptive.adaptivity == 1.0
    assert adaptive.score > plain.score
    error = [np.square(path.coefficients - beta).sum() for path in (adaptive, plain)]
    assert error[0] < error[1] / 2


def test_the_plain_ridge_is_always_among_those_tried() -> None:
    beta = np.full(40, 0.08)
    assert _choose(beta, seed=2, adaptivities=(1.0,)).score >= (
        _choose(beta, seed=2, adaptivities=(0.0,)).score
    )


def test_every_patient_gets_a_margin_from_a_fit_without_that_patient() -> None:
    # pure noise: margins of patients who took part in the fit would foretell their outcome
    draws = np.random.default_rng(3)
    terms, occurred = draws.normal(size=(900, 100)), draws.random(900) < 0.5
    task = LogisticTask(occurred)
    path = _path(task, _free(terms), (0.001,), (0.0,))
    assert abs(np.corrcoef(path.out_of_fold, occurred)[0, 1]) < 0.1
    assert np.corrcoef(terms @ path.coefficients, occurred)[0, 1] > 0.25


def test_logistic_coefficients_point_where_the_truth_does() -> None:
    draws = np.random.default_rng(4)
    terms = draws.normal(size=(3_000, 3))
    occurred = draws.random(3_000) < 1 / (1 + np.exp(1.0 - terms @ [1.0, -0.5, 0.0]))
    path = _path(LogisticTask(occurred), _free(terms), PENALTIES, (0.0, 1.0))
    assert path.coefficients == pytest.approx([1.0, -0.5, 0.0], abs=0.12)


def test_no_coefficient_points_against_its_direction() -> None:
    draws = np.random.default_rng(5)
    values = draws.normal(size=(800, 6))
    time = draws.exponential(np.exp(-values @ [0.5, -0.5, 0.3, 0.0, 0.0, 0.0]))
    directions = np.array([1.0, 1.0, -1.0, 1.0, -1.0, 0.0])
    terms = Terms(values, _limits(directions), np.zeros(800))
    task = CoxTask(time, np.ones(800, bool))
    path = _path(task, terms, PENALTIES, (0.0, 1.0))
    assert (path.coefficients * directions >= 0).all()
    assert path.coefficients[1] == path.coefficients[2] == 0.0
    assert path.coefficients[0] > 0.3
