"""Weights and delayed entry in the fits, beside lifelines and beside formulas written out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from features.endpoint import EVENT
from features.splits import cross_validation_folds
from models.learners.partial_likelihood import (
    RiskSets,
    curvature,
    information,
    log_likelihood,
    residuals,
)
from models.learners.penalised_cox import fit_penalised_cox
from models.learners.penalised_logistic import fit_penalised_logistic
from models.learners.prior import Gaussian
from models.learners.trees.binned import Binned
from models.learners.trees.boosting import COX, BoostingTask, cross_validate_rounds, fit_boosted
from models.learners.views import Views
from tests.models.conftest import draw_cohort

Array = np.ndarray
POOL = ThreadPoolExecutor(2)
SETTINGS = {"max_depth": 2, "learning_rate": 0.1, "min_child_weight": 5.0}


def _drawn(n: int = 400, seed: int = 3) -> tuple[Array, Array, Array, Array, Array]:
    """Terms, start, stop, whether the event ended it, and weights from .3 to 3."""
    draws = np.random.default_rng(seed)
    X, endpoint = draw_cohort(n, seed)
    values = X.to_numpy()
    terms = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    start = np.where(draws.random(n) < 0.3, 0.0, draws.uniform(0, 4, n))
    occurred = endpoint.event == EVENT
    return terms, start, start + endpoint.time, occurred, draws.uniform(0.3, 3, n)


def _written_out(margin: Array, start: Array, stop: Array, occurred: Array, weight: Array) -> float:
    """The weighted log partial likelihood, an event at a time."""
    total = 0.0
    for i in np.flatnonzero(occurred):
        at_risk = (start < stop[i]) & (stop >= stop[i])
        total += weight[i] * (margin[i] - np.log((weight * np.exp(margin))[at_risk].sum()))
    return total


@pytest.mark.parametrize("rounded", [False, True])
def test_the_likelihood_is_the_one_written_out_an_event_at_a_time(rounded: bool) -> None:
    terms, start, stop, occurred, weight = _drawn()
    if rounded:  # ties of events, and entries at the very time of events
        start, stop = np.floor(start), np.floor(start) + np.ceil(stop - start)
    margin = terms @ np.full(terms.shape[1], 0.3)
    sets = RiskSets(stop, occurred, None, start, weight)
    expected = _written_out(margin, start, stop, occurred, weight)
    assert log_likelihood(sets, margin) == pytest.approx(expected, rel=1e-12)


def test_derivatives_are_those_of_the_likelihood() -> None:
    terms, start, stop, occurred, weight = _drawn(60)
    sets = RiskSets(np.ceil(stop), occurred, None, np.floor(start), weight)
    margin, step = terms @ np.full(terms.shape[1], 0.3), 1e-4

    def moved(i: int, by: float) -> float:
        return log_likelihood(sets, margin + by * (np.arange(60) == i))

    slope, bend = residuals(sets, margin), curvature(sets, margin)
    for i in range(60):
        up, middle, down = (moved(i, by) for by in (step, 0.0, -step))
        assert slope[i] == pytest.approx((up - down) / (2 * step), abs=1e-6)
        assert -bend[i] == pytest.approx((up - 2 * middle + down) / step**2, abs=1e-4)
    own = np.eye(60)
    assert np.diag(information(sets, own, margin)) == pytest.approx(bend, abs=1e-9)


@pytest.mark.parametrize("penalty", [0.0, 0.02])
@pytest.mark.parametrize("delayed", [False, True])
# lifelines calls pandas with positional arguments
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")
@pytest.mark.filterwarnings("ignore:It appears your weights are not integers")
def test_coefficients_are_those_of_lifelines(penalty: float, delayed: bool) -> None:
    terms, start, stop, occurred, weight = _drawn()
    table = pd.DataFrame(terms).assign(T=stop, E=occurred, W=weight, S=start)
    columns = {"entry_col": "S"} if delayed else {}
    theirs = CoxPHFitter(penalizer=penalty).fit(
        table if delayed else table.drop(columns="S"),
        "T",
        "E",
        weights_col="W",
        robust=True,
        fit_options={"precision": 1e-12, "r_precision": 1e-15},
        **columns,
    )
    # its penalty counts rows
    ridge = Gaussian.ridge(terms.shape[1], penalty * len(stop))
    sets = RiskSets(stop, occurred, None, start if delayed else None, weight)
    ours, _ = fit_penalised_cox(terms, sets, ridge)
    assert ours == pytest.approx(theirs.params_.to_numpy(), abs=1e-6)


def test_a_whole_number_of_weight_is_that_many_patients() -> None:
    terms, start, stop, occurred, _ = _drawn()
    times = np.random.default_rng(5).integers(1, 4, len(stop))
    again = np.repeat(np.arange(len(stop)), times)
    ridge = Gaussian.ridge(terms.shape[1], 5.0)
    weighted = RiskSets(stop, occurred, None, start, times.astype(float))
    repeated = RiskSets(stop[again], occurred[again], None, start[again])
    ours, _ = fit_penalised_cox(terms, weighted, ridge)
    theirs, _ = fit_penalised_cox(terms[again], repeated, ridge)
    assert ours == pytest.approx(theirs, abs=1e-8)
    assert weighted.n_events == repeated.n_events
    margin = terms @ ours
    jumps = weighted.baseline_increments(margin)
    assert jumps == pytest.approx(repeated.baseline_increments(margin[again]), rel=1e-10)

    offset = np.zeros(len(stop))
    of_weights = fit_penalised_logistic(terms, occurred, ridge, offset, weight=times.astype(float))
    of_rows = fit_penalised_logistic(terms[again], occurred[again], ridge, offset[again])
    assert of_weights == pytest.approx(of_rows, abs=1e-8)


def test_entry_at_zero_and_a_weight_of_one_change_nothing() -> None:
    terms, _, stop, occurred, _ = _drawn()
    plain = RiskSets(stop, occurred)
    told = RiskSets(stop, occurred, None, np.zeros(len(stop)), np.ones(len(stop)))
    margin = terms @ np.full(terms.shape[1], 0.4)
    assert log_likelihood(plain, margin) == log_likelihood(told, margin)
    assert (residuals(plain, margin) == residuals(told, margin)).all()
    ridge = Gaussian.ridge(terms.shape[1], 3.0)
    first, second = (fit_penalised_cox(terms, sets, ridge)[0] for sets in (plain, told))
    assert (first == second).all()


def test_margins_far_apart_under_delayed_entry_are_a_step_too_far_and_no_error() -> None:
    sets = RiskSets(np.array([1.0, 2.0, 3.0]), np.ones(3, bool), None, np.array([0, 1.5, 0.0]))
    assert log_likelihood(sets, np.array([2_000.0, -1_000.0, -500.0])) == -np.inf


@pytest.fixture(scope="module")
def binned() -> Binned:
    X, endpoint = draw_cohort(900, seed=12, missing=0.05)
    return Binned.of(Views.learn(X, list(cross_validation_folds(endpoint, 4, 0)), POOL))


def _task() -> BoostingTask:
    _, endpoint = draw_cohort(900, seed=12, missing=0.05)
    label = np.where(endpoint.event == EVENT, endpoint.time, -endpoint.time)
    return BoostingTask(label, COX, (1, -1, 0, 0, 0), None, {"nthread": 1, "seed": 0})


def _with_sets(start: Array | None, weight: Array | None) -> BoostingTask:
    task = _task()

    def sets(rows: Array | None) -> RiskSets:
        stop = np.abs(task.label) + (0.0 if start is None else start)
        return RiskSets(stop, task.label > 0, rows, start, weight)

    return replace(task, weight=weight, sets=sets)


def test_trees_grown_on_our_derivatives_are_those_of_xgboost(binned: Binned) -> None:
    theirs = cross_validate_rounds(_task(), binned.of_folds, SETTINGS, 40, 40, POOL)
    ours = cross_validate_rounds(_with_sets(None, None), binned.of_folds, SETTINGS, 40, 40, POOL)
    assert ours.out_of_fold == pytest.approx(theirs.out_of_fold, abs=0.02)
    assert np.corrcoef(ours.out_of_fold, theirs.out_of_fold)[0, 1] > 0.999
    assert ours.loss == pytest.approx(theirs.loss, abs=1e-3)


def test_trees_heed_weights_in_their_risk_sets(binned: Binned) -> None:
    weight = np.random.default_rng(2).choice([0.2, 3.0], 900)
    task = _with_sets(None, weight)
    assert task.sets is not None
    everyone = task.sets(None)
    heeding = cross_validate_rounds(task, binned.of_folds, SETTINGS, 200, 20, POOL)
    part = fit_boosted(task, binned, heeding)
    seen = binned.views.everyone.seen
    deaf = fit_boosted(_task(), binned, replace(heeding, settings=SETTINGS))
    gained = log_likelihood(everyone, part.margin(seen)) - log_likelihood(
        everyone, deaf.margin(seen)
    )
    assert gained > 5


def test_trees_heed_entry(binned: Binned) -> None:
    start = np.random.default_rng(2).uniform(0, 6, 900)
    task = _with_sets(start, None)
    assert task.sets is not None
    path = cross_validate_rounds(task, binned.of_folds, SETTINGS, 200, 20, POOL)
    everyone = task.sets(None)
    gained = log_likelihood(everyone, path.out_of_fold) - log_likelihood(everyone, np.zeros(900))
    assert gained > 20
