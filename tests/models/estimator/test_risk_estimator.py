from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.endpoint import Endpoint
from features.errors import HorizonError
from models.estimator.risk_estimator import RiskEstimator
from models.estimator.target import Target, as_target
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp
from models.risk.risk_model import RiskModel

SMALL: dict[str, Any] = {
    "minimum_events": 2,
    "n_folds": 2,
    "max_rounds": 3,
    "penalties": (1.0,),
    "widths": (1.0,),
    "n_threads": 1,
}


def small(horizon: float | None = None) -> RiskEstimator:
    return RiskEstimator(RiskModel(**SMALL), horizon=horizon)


@pytest.fixture(scope="module")
def patients() -> tuple[pd.DataFrame, Target]:
    """300 patients whose first column doubles the hazard; death competes."""
    draws = np.random.default_rng(3)
    X = pd.DataFrame(draws.normal(size=(300, 3)), columns=["a", "b", "c"])
    X.loc[::17, "b"] = np.nan
    times = np.stack(
        [
            draws.exponential(8 / np.exp(0.7 * X["a"])),
            np.full(300, 12.0),
            draws.exponential(30, 300),
        ]
    )
    code = np.array([1, 0, 2], dtype=np.int8)[times.argmin(axis=0)]
    return X, as_target(Endpoint(times.min(axis=0), code))


@pytest.fixture(scope="module")
def fitted(patients: tuple[pd.DataFrame, Target]) -> RiskEstimator:
    return small(horizon=5).fit(*patients)


@pytest.mark.slow
def test_it_passes_every_check_of_scikit_learn() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    reason = "folds are dealt by patient, and weights scaled to what they are worth (0049)"
    excused = {"check_sample_weight_equivalence_on_dense_data": reason}
    results = check_estimator(small(), on_skip=None, on_fail=None, expected_failed_checks=excused)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert failed == {}
    # what it skips needs another array library to be set up
    assert sum(one["status"] == "passed" for one in results) >= 40


def test_predict_is_the_risk_by_the_horizon_and_score_the_c_index_of_it(
    fitted: RiskEstimator, patients: tuple[pd.DataFrame, Target]
) -> None:
    X, y = patients
    risk = fitted.predict(X)
    np.testing.assert_array_equal(risk, fitted.predict_cumulative_incidence(X, [2, 5])[:, 1])
    assert ((risk > 0) & (risk < 1)).all()
    expected = harrell_c(FollowUp.of(Endpoint(y["time"], y["event"])), risk)
    assert fitted.score(X, y) == pytest.approx(expected)
    assert fitted.score(X, y) > 0.6


def test_who_is_free_of_everything_has_had_neither_event(
    fitted: RiskEstimator, patients: tuple[pd.DataFrame, Target]
) -> None:
    X, _ = patients
    free = fitted.predict_survival_function(X, [1, 5, 10])
    assert (np.diff(free, axis=1) < 0).all()
    # the competing event takes its share
    assert (free < 1 - fitted.predict_cumulative_incidence(X, [1, 5, 10])).all()


def test_tables_and_arrays_give_the_same_risks(patients: tuple[pd.DataFrame, Target]) -> None:
    X, y = patients
    expected = small().fit(X, y).predict(X)
    np.testing.assert_array_equal(small().fit(X.to_numpy(), y).predict(X.to_numpy()), expected)
    table = pl.from_pandas(X)
    np.testing.assert_array_equal(small().fit(table, y).predict(table), expected)


def test_it_lives_in_pipelines_searches_and_cross_validation(
    patients: tuple[pd.DataFrame, Target],
) -> None:
    X, y = patients
    assert cross_val_score(small(), X, y, cv=2).mean() > 0.55
    chain = make_pipeline(StandardScaler(), small())
    assert chain.fit(X, y).score(X, y) > 0.6
    grid = {"model__parts": [("linear",), ("linear", "boosted")]}
    search = GridSearchCV(small(), grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.55
    assert clone(search.best_estimator_).get_params()["model__n_folds"] == 2


def test_an_unfitted_one_says_so_and_lengths_must_agree(
    patients: tuple[pd.DataFrame, Target],
) -> None:
    X, y = patients
    with pytest.raises(NotFittedError):
        small().predict(X)
    with pytest.raises(ValueError, match="X has 300 patients, y has 299"):
        small().fit(X, y[:-1])


def test_an_explanation_is_what_shap_plots(
    fitted: RiskEstimator, patients: tuple[pd.DataFrame, Target]
) -> None:
    X, _ = patients
    values = fitted.explain(X[:10], background=X).to_shap()
    assert values.shape == (10, 4)
    np.testing.assert_allclose(
        values.values.sum(axis=1) + values.base_values, fitted.predict(X[:10]), atol=1e-6
    )
    assert values.feature_names == ["a", "b", "c", "Death from other causes"]
    np.testing.assert_array_equal(values.data[:, :3], X[:10].to_numpy())


def test_a_yes_or_no_by_a_horizon_is_learnt_as_one_in_cross_validation_too() -> None:
    draws = np.random.default_rng(4)
    X = pd.DataFrame(draws.normal(size=(400, 2)), columns=["a", "b"])
    event = (draws.random(400) < 1 / (1 + np.exp(1.5 - X["a"]))).astype(np.int8)
    fixed = Endpoint(np.full(400, 10.0), event.to_numpy(), 10.0)
    of_endpoint = small().fit(X, fixed)
    fitted = small().fit(X, as_target(fixed))
    np.testing.assert_array_equal(fitted.predict(X), of_endpoint.predict(X))
    assert fitted.predict(X).mean() == pytest.approx(event.mean(), abs=0.01)
    with pytest.raises(HorizonError, match="no other horizon"):
        fitted.predict_cumulative_incidence(X, [5])
    assert cross_val_score(small(), X, as_target(fixed), cv=2).mean() > 0.6
