"""XGBoost as it is usually run, beside the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost

from features.endpoint import EVENT, Endpoint
from models.evaluation.comparisons.xgboost_rival import XGBoostRival
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from tests.models.conftest import draw_cohort

SETTINGS = {"max_depth": 2, "learning_rate": 0.1, "min_child_weight": 5.0}


def _rival(**others: object) -> XGBoostRival:
    plain = XGBoostRival(SETTINGS, {}, 200, 15, n_folds=4, n_threads=1, seed=0)
    return replace(plain, **others)  # type: ignore[arg-type]


def test_its_trees_are_those_of_plain_xgboost_on_the_features_with_their_gaps() -> None:
    X, endpoint = draw_cohort(600, seed=3, missing=0.2)
    rival = _rival().fit(X, endpoint)
    label = np.where(endpoint.event == EVENT, endpoint.time, -endpoint.time)
    plain = {"objective": "survival:cox", "seed_per_iteration": True, "nthread": 1, "seed": 0}
    booster = xgboost.train(
        {**plain, **SETTINGS},
        xgboost.DMatrix(X, label=label),
        rival.boosters_[0].num_boosted_rounds(),
    )
    theirs = booster.predict(xgboost.DMatrix(X), output_margin=True)
    assert rival.predict_margin(X)[:, 0] == pytest.approx(theirs - theirs.mean(), abs=1e-5)


def test_it_learns_what_only_a_gap_tells() -> None:
    draws = np.random.default_rng(5)
    frail = draws.random(1_500) < 0.3
    time = draws.exponential(1 / np.where(frail, 0.3, 0.05))
    endpoint = Endpoint(np.minimum(time, 6.0), (time < 6.0).astype(np.int8))
    X = pd.DataFrame({"waist": np.where(frail, np.nan, draws.normal(90, 10, 1_500))})
    fitted = np.arange(1_500) < 1_000
    rival = _rival().fit(X[fitted], endpoint.take(fitted))
    risk = rival.predict_risk(X[~fitted], [5.0])[:, 0]
    assert harrell_c(FollowUp.of(endpoint.take(~fitted)), risk, 5.0) > 0.65
    # the truth: 1 - exp(-0.3 * 5) and 1 - exp(-0.05 * 5)
    assert risk[frail[~fitted]].mean() == pytest.approx(1 - np.exp(-1.5), abs=0.07)
    assert risk[~frail[~fitted]].mean() == pytest.approx(1 - np.exp(-0.25), abs=0.07)


def test_its_mean_risk_of_a_yes_or_no_is_what_happened() -> None:
    X, endpoint = draw_cohort(900, seed=7)
    happened = ((endpoint.event == EVENT) & (endpoint.time <= 5)).astype(np.int8)
    yes_no = Endpoint(np.full(900, 5.0), happened, 5.0)
    risk = _rival().fit(X, yes_no).predict_risk(X, [5.0])[:, 0]
    assert risk.mean() == pytest.approx(happened.mean(), abs=0.01)


def test_directions_hold_for_the_event() -> None:
    X, endpoint = draw_cohort(600, seed=9)
    fitted = _rival(directions={"a": -1}).fit(X, endpoint)
    rising = pd.concat([X.iloc[[0]]] * 20).assign(a=np.linspace(-2, 2, 20))
    assert (np.diff(fitted.predict_margin(rising)[:, 0]) <= 1e-6).all()


def test_a_competing_event_too_rare_to_be_learnt_has_no_trees() -> None:
    X, endpoint = draw_cohort(600, seed=11, competing=False)
    event = endpoint.event.copy()
    event[np.flatnonzero(event == 0)[:5]] = 2
    fitted = _rival().fit(X, Endpoint(endpoint.time, event))
    assert fitted.boosters_[1] is None
    assert np.isfinite(fitted.predict_risk(X, [5.0])).all()
