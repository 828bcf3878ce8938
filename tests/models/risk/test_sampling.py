"""Risk models of weighted samples and of patients who came late, against the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.endpoint import AGE, Endpoint
from features.errors import HorizonError
from features.sample.survey import Survey
from models.evaluation.performance import evaluate_predictions
from models.risk.predictor import RiskPredictor
from models.risk.risk_model import RiskModel
from models.risk.sampling import weights_of_fit
from tests.models.conftest import draw_cohort

Drawn = tuple[pd.DataFrame, Endpoint]


def _model() -> RiskModel:
    return RiskModel(n_folds=3, max_rounds=40, minimum_events=20, n_threads=2)


def _true_risk(X: pd.DataFrame, years: float) -> np.ndarray:
    event = 0.05 * np.exp(0.7 * X["a"] - 0.5 * X["b"])
    other = 0.03 * np.exp(0.6 * X["b"])
    return np.asarray(event / (event + other) * (1 - np.exp(-(event + other) * years)))


@pytest.fixture(scope="module")
def new() -> pd.DataFrame:
    return draw_cohort(8_000, seed=10)[0]


@pytest.fixture(scope="module")
def sampled() -> Drawn:
    """Of 6,000 patients all with an event and a quarter of the others, by inverse probability."""
    X, endpoint = draw_cohort(6_000, seed=9)
    kept = (endpoint.event > 0) | (np.random.default_rng(1).random(6_000) < 0.25)
    weight = np.where(endpoint.event > 0, 1.0, 4.0)[kept]
    return X[kept].reset_index(drop=True), replace(endpoint.take(kept), survey=Survey(weight))


def test_a_weighted_sample_gives_the_risk_of_the_population(
    sampled: Drawn, new: pd.DataFrame
) -> None:
    X, endpoint = sampled
    true = _true_risk(new, 8).mean()
    weighted = _model().fit(X, endpoint)
    heedless = _model().fit(X, replace(endpoint, survey=None))
    assert weighted.predict_risk(new, [8]).mean() == pytest.approx(true, rel=0.05)
    assert heedless.predict_risk(new, [8]).mean() > 1.3 * true
    assert weighted.report_["weighted_to"] == pytest.approx(6_000, rel=0.05)
    assert weighted.report_["effective_patients"] < len(X)
    trees = weighted.causes_[0].parts["boosted"]
    assert np.isfinite(trees.out_of_fold).all()


def test_equal_weights_leave_the_fit_as_it_is_and_others_add_up_to_what_they_are_worth() -> None:
    X, endpoint = draw_cohort(400, seed=2)
    alike = replace(endpoint, survey=Survey(np.full(400, 7.5)))
    assert weights_of_fit(alike) is None
    weight = np.random.default_rng(1).uniform(1, 9, 400)
    scaled = weights_of_fit(replace(endpoint, survey=Survey(weight)))
    assert scaled is not None
    assert scaled / weight == pytest.approx(np.full(400, scaled[0] / weight[0]))
    assert scaled.sum() == pytest.approx((scaled**2).sum())
    plain, same = (
        RiskModel(parts=("linear",), widths=(1.0,), minimum_events=20).fit(X, one)
        for one in (endpoint, alike)
    )
    assert (plain.predict_margin(X) == same.predict_margin(X)).all()


def test_weights_of_a_yes_or_no_cohort_give_its_risk(sampled: Drawn, new: pd.DataFrame) -> None:
    X, endpoint = sampled
    known = (endpoint.time >= 2) | (endpoint.event > 0)
    event = ((endpoint.event == 1) & (endpoint.time <= 2)).astype(np.int8)[known]
    assert endpoint.survey is not None
    fixed = Endpoint(np.full(len(event), 2.0), event, 2.0, survey=Survey(endpoint.weight[known]))
    risk = _model().fit(X[known], fixed).predict_risk(new, [2]).mean()
    assert risk == pytest.approx(_true_risk(new, 2).mean(), rel=0.08)


@pytest.fixture(scope="module")
def late() -> Drawn:
    """Who was event-free when observation began, up to six years after the clock had."""
    draws = np.random.default_rng(4)
    X, _ = draw_cohort(6_000, seed=11)
    event = draws.exponential(1 / (0.05 * np.exp(0.7 * X["a"] - 0.5 * X["b"])))
    other = draws.exponential(1 / (0.03 * np.exp(0.6 * X["b"])))
    start = np.where(draws.random(6_000) < 0.3, 0.0, draws.uniform(0, 6, 6_000))
    times = np.stack([start + draws.uniform(2, 10, 6_000), event, other])
    stop, code = times.min(axis=0), times.argmin(axis=0).astype(np.int8)
    seen = stop > start
    endpoint = Endpoint.between(start[seen], stop[seen], code[seen])
    return X[seen].reset_index(drop=True), endpoint


@pytest.fixture(scope="module")
def heeding(late: Drawn) -> RiskModel:
    return _model().fit(*late)


def test_heeding_entry_gives_the_true_risk_where_ignoring_it_does_not(
    late: Drawn, heeding: RiskModel, new: pd.DataFrame
) -> None:
    X, endpoint = late
    true = _true_risk(new, 8).mean()
    immortal = _model().fit(X, Endpoint(endpoint.stop, endpoint.event))
    assert heeding.predict_risk(new, [8]).mean() == pytest.approx(true, rel=0.05)
    assert immortal.predict_risk(new, [8]).mean() < 0.87 * true
    assert heeding.report_["hazards_known_from"] == 0.0


def test_risks_given_event_free_at_entry_are_calibrated_from_there(
    late: Drawn, heeding: RiskModel
) -> None:
    X, endpoint = late
    risk = heeding.predict_risk(X, [5.0], endpoint.entered)
    known = np.isfinite(risk[:, 0])
    assert known.mean() > 0.9
    found = evaluate_predictions(endpoint.take(known), {"model": risk[known]}, [5.0], 1, 0)
    assert found.value("model", "observed_over_expected", 5.0) == pytest.approx(1.0, abs=0.05)
    assert found.value("model", "calibration_slope", 5.0) == pytest.approx(1.0, abs=0.15)


def test_hazards_by_age_are_kept_asked_by_age_and_stored(late: Drawn, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    X, endpoint = late
    by_age = Endpoint.between(endpoint.entered + 50, endpoint.stop + 50, endpoint.event, AGE)
    model = RiskModel(parts=("linear",), widths=(1.0,), penalties=(0.1,)).fit(X, by_age)
    folder = tmp_path_factory.mktemp("model")
    model.predictor_.save(folder)
    again = RiskPredictor.load(folder)
    ages = np.full(len(X), 54.0)
    risk = again.risk(X, [4.0], ages)
    assert (risk == model.predict_risk(X, [4.0], ages)).all()
    # the true hazard is the same at every age
    assert risk.mean() == pytest.approx(_true_risk(X, 4).mean(), rel=0.08)
    with pytest.raises(HorizonError, match="time scale of this model is age"):
        again.risk(X, [4.0])
