"""Risk models of case-cohort samples, against the truth and against the whole cohort."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.array_types import BoolArray
from features.endpoint import COMPETING, EVENT, Endpoint
from features.sample.case_cohort import (
    BARLOW,
    BORGAN,
    BOTH,
    EVENT_ALONE,
    METHODS,
    PRENTICE,
    CaseCohort,
)
from features.sample.survey import Survey
from models.evaluation.performance import evaluate_predictions
from models.evaluation.recalibration import fit_recalibration
from models.risk.baseline import fit_baseline
from models.risk.risk_model import RiskModel
from models.risk.sampling import causes_of
from models.uncertainty.fitting import fit_uncertainty
from tests.fast_part import fast_each
from tests.models.conftest import draw_cohort
from tests.models.risk.test_sampling import _true_risk

Drawn = tuple[pd.DataFrame, Endpoint]
N = 9_000


def _model(**settings: object) -> RiskModel:
    return RiskModel(n_folds=3, max_rounds=40, n_threads=2, **settings)  # type: ignore[arg-type]


def _sample(X: pd.DataFrame, endpoint: Endpoint, drawn: BoolArray, *design: object) -> Drawn:
    """Of a cohort those in its subcohort, one of five, and the cases."""
    method, cases = design
    taken = (EVENT,) if cases == EVENT_ALONE else (EVENT, COMPETING)
    kept = drawn | np.isin(endpoint.event, taken)
    part = endpoint.take(kept)
    of_sample = CaseCohort(drawn[kept], np.array(0.2), str(method), str(cases))
    survey = Survey.of_case_cohort(of_sample, part.event)
    return X[kept].reset_index(drop=True), replace(part, survey=survey)


@pytest.fixture(scope="module")
def whole() -> Drawn:
    return draw_cohort(N, seed=21)


@pytest.fixture(scope="module")
def new() -> pd.DataFrame:
    return draw_cohort(8_000, seed=10)[0]


def _drawn() -> BoolArray:
    return np.random.default_rng(3).random(N) < 0.2


@pytest.mark.parametrize(
    ("method", "cases"), fast_each(3, list(product(METHODS, (EVENT_ALONE, BOTH))))
)
def test_a_case_cohort_sample_gives_the_risk_of_its_cohort(
    method: str, cases: str, whole: Drawn, new: pd.DataFrame
) -> None:
    X, endpoint = _sample(*whole, _drawn(), method, cases)
    model = _model().fit(X, endpoint)
    true = _true_risk(new, 8)
    risk = model.predict_risk(new, [8])[:, 0]
    assert risk.mean() == pytest.approx(true.mean(), rel=0.06)
    assert np.sqrt(np.mean((risk - true) ** 2)) < 0.03
    told = model.report_["case_cohort"]
    assert told["method"] == method
    assert told["subcohort"] == _drawn().sum()
    assert told["effective_events"] < endpoint.n_events
    found = evaluate_predictions(endpoint, {"m": model.predict_risk(X, [8])}, [8.0], 1, 0)
    assert found.value("m", "observed_over_expected", 8.0) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("method", [PRENTICE, BARLOW])
def test_trees_are_grown_on_the_pseudo_likelihood(
    method: str, whole: Drawn, new: pd.DataFrame
) -> None:
    model = _model(parts=("boosted",), learning_rate=0.2)
    found = model.fit(*_sample(*whole, _drawn(), method, BOTH)).predict_margin(new)
    assert np.corrcoef(found[:, 0], 0.7 * new["a"] - 0.5 * new["b"])[0, 1] > 0.9
    assert np.corrcoef(found[:, 1], 0.6 * new["b"])[0, 1] > 0.8
    risk = model.predict_risk(new, [8])[:, 0]
    assert risk.mean() == pytest.approx(_true_risk(new, 8).mean(), rel=0.06)


@pytest.mark.parametrize("method", METHODS)
def test_the_baseline_is_that_of_the_whole_cohort(method: str, whole: Drawn) -> None:
    X, endpoint = whole
    margins = np.column_stack([0.7 * X["a"] - 0.5 * X["b"], 0.6 * X["b"]])
    cohort = fit_baseline(endpoint, margins, 100)
    for cases in (EVENT_ALONE, BOTH):
        part, sampled = _sample(X, endpoint, _drawn(), method, cases)
        margins = np.column_stack([0.7 * part["a"] - 0.5 * part["b"], 0.6 * part["b"]])
        found = fit_baseline(sampled, margins, 100).at(np.array([8.0]))
        assert found == pytest.approx(cohort.at(np.array([8.0])), rel=0.12)


@pytest.mark.parametrize("method", METHODS)
def test_a_subcohort_of_everybody_is_the_cohort_to_the_byte(
    method: str, cohort: Drawn, tmp_path: Path
) -> None:
    X, endpoint = cohort
    everyone = CaseCohort(np.ones(len(X), bool), np.array(1.0), method, BOTH)
    drawn = replace(endpoint, survey=Survey.of_case_cohort(everyone, endpoint.event))
    stored = []
    for name, one in (("plain", endpoint), ("drawn", drawn)):
        model = _model(minimum_events=20).fit(X, one)
        model.predictor_.save(tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        stored.append([path.read_bytes() for path in files])
    assert stored[0] == stored[1]


def test_events_count_for_what_the_subcohort_leaves_of_the_cohorts_information(
    whole: Drawn,
) -> None:
    _, endpoint = _sample(*whole, _drawn(), BARLOW, EVENT_ALONE)
    event, death = (cause.outcome for cause in causes_of(endpoint))
    assert event.sets().n_events == pytest.approx(
        endpoint.effective_events(EVENT, endpoint.event == EVENT)
    )
    # deaths are those of the subcohort, each once
    assert death.sets().n_events == pytest.approx((endpoint.event == COMPETING).sum())
    assert event.own is not None
    assert death.own is None


def test_intervals_and_recalibration_know_the_sample(whole: Drawn) -> None:
    X, endpoint = _sample(*whole, _drawn(), PRENTICE, EVENT_ALONE)
    few = {"parts": ("linear",), "widths": (1.0,), "penalties": (0.1,)}
    model = _model(**few).fit(X, endpoint)
    bare = _model(**few).fit(*whole)
    widths = []
    for one in (model, bare):
        limits = fit_uncertainty(one).interval(X[:200], [8.0])
        widths.append(np.diff(limits).mean())
    assert 1.1 < widths[0] / widths[1] < 2.5
    found = fit_recalibration(model.predict_margin(X), model.predictor_.link, endpoint)
    assert found.intercept == pytest.approx(0.0, abs=0.15)
    assert found.slope == pytest.approx(1.0, abs=0.15)
    assert found.competing == pytest.approx(0.0, abs=0.15)
    deaths = (endpoint.event == COMPETING) & (endpoint.time <= model.predictor_.link.max_horizon)
    assert found.errors[2] == pytest.approx(1 / np.sqrt(deaths.sum()))


def test_a_yes_or_no_cohort_is_weighed_by_inverse_probability(
    whole: Drawn, new: pd.DataFrame
) -> None:
    X, endpoint = whole
    known = (endpoint.time >= 2) | (endpoint.event > 0)
    event = ((endpoint.event == EVENT) & (endpoint.time <= 2)).astype(np.int8)[known]
    drawn = _drawn()[known]
    kept = drawn | (event == EVENT)
    design = CaseCohort(drawn[kept], np.array(0.2), BORGAN)
    survey = Survey.of_case_cohort(design, event[kept])
    fixed = Endpoint(np.full(kept.sum(), 2.0), event[kept], 2.0, survey=survey)
    risk = _model().fit(X[known][kept], fixed).predict_risk(new, [2]).mean()
    assert risk == pytest.approx(_true_risk(new, 2).mean(), rel=0.08)
