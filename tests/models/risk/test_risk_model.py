"""The stacked risk model."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from features.dictionary.prior import Belief, Prior, Priors
from features.endpoint import EVENT, Endpoint
from features.errors import HorizonError, ModelError, TooFewEventsError
from models.evaluation.published_effects import compare_with_published
from models.risk.absolute_risk import FixedHorizonLink
from models.risk.cause_fitting import FittedLinear
from models.risk.predictor import RiskPredictor
from models.risk.risk_model import RiskModel
from tests.models.conftest import draw_cohort

Drawn = tuple[pd.DataFrame, Endpoint]


@pytest.fixture(scope="module")
def fitted(cohort: Drawn) -> RiskModel:
    return RiskModel(seed=3).fit(*cohort)


def test_risk_is_a_probability_that_never_falls_with_the_horizon(
    fitted: RiskModel, cohort: Drawn
) -> None:
    risk = fitted.predict_risk(cohort[0], [1, 2.5, 5, 10])
    assert risk.shape == (len(cohort[0]), 4)
    assert risk.min() > 0
    assert risk.max() < 1
    assert (np.diff(risk, axis=1) > 0).all()


def test_margins_approach_the_true_log_hazards() -> None:
    X, endpoint = draw_cohort(6_000, seed=7)
    model = RiskModel(seed=0).fit(X, endpoint)
    new, _ = draw_cohort(3_000, seed=8)
    margins = model.predict_margin(new)
    assert np.corrcoef(margins[:, 0], 0.7 * new["a"] - 0.5 * new["b"])[0, 1] > 0.98
    assert np.corrcoef(margins[:, 1], 0.6 * new["b"])[0, 1] > 0.96


def test_mean_predicted_risk_of_new_patients_is_the_true_mean() -> None:
    X, endpoint = draw_cohort(6_000, seed=9)
    model = RiskModel(seed=0).fit(X, endpoint)
    new, _ = draw_cohort(20_000, seed=10)
    event = 0.05 * np.exp(0.7 * new["a"] - 0.5 * new["b"])
    other = 0.03 * np.exp(0.6 * new["b"])
    truth = event / (event + other) * (1 - np.exp(-(event + other) * 8))
    assert model.predict_risk(new, [8])[:, 0].mean() == pytest.approx(truth.mean(), rel=0.05)


def test_one_patient_gets_the_same_risk_alone_as_in_company(
    fitted: RiskModel, cohort: Drawn
) -> None:
    together = fitted.predict_risk(cohort[0], [5.0])
    for row in range(0, 600, 7):
        alone = fitted.predict_risk(cohort[0].iloc[[row]], [5.0])[0]
        assert alone == pytest.approx(together[row], abs=1e-13)
    for part in (slice(0, 501), slice(501, 1_200)):
        assert (fitted.predict_risk(cohort[0].iloc[part], [5.0]) == together[part]).all()
    assert fitted.predict_risk(cohort[0].iloc[:0], [5.0]).shape == (0, 1)


def test_a_patient_of_whom_nothing_is_known_gets_a_risk(fitted: RiskModel, cohort: Drawn) -> None:
    unknown = cohort[0].iloc[[0]] * np.nan
    assert 0 < fitted.predict_risk(unknown, [5.0])[0, 0] < 1


def test_the_order_of_columns_and_further_columns_change_nothing(
    fitted: RiskModel, cohort: Drawn
) -> None:
    shuffled = cohort[0][cohort[0].columns[::-1]].assign(unrelated=1.0)
    assert (fitted.predict_margin(shuffled) == fitted.predict_margin(cohort[0])).all()


def test_a_missing_feature_is_named(fitted: RiskModel, cohort: Drawn) -> None:
    with pytest.raises(ModelError, match="skew"):
        fitted.predict_risk(cohort[0].drop(columns="skew"), [5.0])


def test_a_horizon_beyond_follow_up_is_refused(fitted: RiskModel, cohort: Drawn) -> None:
    with pytest.raises(HorizonError, match="outside the follow-up"):
        fitted.predict_risk(cohort[0], [50.0])


def test_incidences_of_event_and_competing_event_stay_below_one(
    fitted: RiskModel, cohort: Drawn
) -> None:
    incidence = fitted.predict_cumulative_incidence(cohort[0], [3.0, 9.0])
    assert incidence.shape == (len(cohort[0]), 2, 2)
    assert (incidence.sum(axis=2) < 1).all()


def test_the_written_model_gives_the_same_numbers_to_the_last_bit(
    fitted: RiskModel, cohort: Drawn, tmp_path: Path
) -> None:
    fitted.predictor_.save(tmp_path)
    again = RiskPredictor.load(tmp_path)
    assert (again.margin(cohort[0]) == fitted.predict_margin(cohort[0])).all()
    assert (again.risk(cohort[0], [5.0]) == fitted.predict_risk(cohort[0], [5.0])).all()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_same_seed_writes_the_same_bytes_with_any_number_of_threads(
    fitted: RiskModel, cohort: Drawn, tmp_path: Path, n_threads: int
) -> None:
    fitted.predictor_.save(tmp_path / "first")
    RiskModel(seed=3, n_threads=n_threads).fit(*cohort).predictor_.save(tmp_path / "second")
    for file in sorted((tmp_path / "first").iterdir()):
        assert (tmp_path / "second" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_folder_without_a_model_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model"):
        RiskPredictor.load(tmp_path)


def test_too_few_events_are_refused_with_the_minimum() -> None:
    X, endpoint = draw_cohort(60, seed=1)
    with pytest.raises(TooFewEventsError, match="at least 50"):
        RiskModel().fit(X, endpoint)


def test_an_all_censored_cohort_is_refused(cohort: Drawn) -> None:
    X, endpoint = cohort
    censored = Endpoint(endpoint.time, np.zeros(len(endpoint), np.int8))
    with pytest.raises(TooFewEventsError, match="0 events"):
        RiskModel().fit(X, censored)


def test_few_events_are_learnt_from_with_a_warning_of_what_carries_the_model() -> None:
    X, endpoint = draw_cohort(60, seed=1)
    assert 10 <= endpoint.n_events < 50
    belief = Belief(0.3, 0.1)
    priors = Priors({str(X.columns[0]): Prior(belief, source="somebody")})
    model = RiskModel(minimum_events=10, n_folds=2, priors=priors).fit(X, endpoint)
    (warning,) = (one for one in model.warnings_ if "fewer than 50" in one)
    assert warning.startswith(f"{endpoint.n_events} events")
    assert f"of 1 of its {len(model.feature_names_in_)} features" in warning
    factor = np.exp(1.96 / endpoint.n_events**0.5)
    assert f"by a factor of {factor:.1f}." in warning


def test_patients_with_known_disease_are_learnt_from_by_effects_of_recurrent_events() -> None:
    X, endpoint = draw_cohort(300, seed=1)
    name = str(X.columns[0])
    prior = Prior(Belief(-2.0, 0.001), recurrent=Belief(2.0, 0.001), source="somebody")
    for share, expected in ((0.0, -2.0), (1.0, 2.0)):
        model = RiskModel(
            priors=Priors({name: prior}), minimum_events=10, n_folds=2, means=(1.0,), penalties=()
        )
        model.fit(X.assign(prior_cad=share), endpoint)
        linear = model.predictor_.causes[0].linear
        assert linear is not None
        slope = linear.split_coefficients().straight[0] / linear.design.completion.scale[0]
        assert np.isclose(slope, expected, rtol=0.01)
        assert model.report_["known_disease"] == share
        # a model that is not shown who has it believes the same of the same patients
        told = model.get_params() | {"priors": Priors({name: prior}).among(share)}
        blind = RiskModel(**told).fit(X, endpoint)
        assert blind.report_["known_disease"] == share
        assert np.array_equal(blind.predict_margin(X), model.predict_margin(X))


def test_where_effects_are_those_of_first_events_the_cohort_may_say_so() -> None:
    X, endpoint = draw_cohort(3_000, seed=2)
    name = str(X.columns[0])
    learnt = RiskModel(parts=("linear",)).fit(X, endpoint).predictor_.causes[0].linear
    assert learnt is not None
    true = float(learnt.split_coefficients().straight[0] / learnt.design.completion.scale[0])
    away = Belief(-5 * true, abs(true) / 50)
    prior = Prior(Belief(true, abs(true) / 5), recurrent=away, source="somebody")
    model = RiskModel(
        priors=Priors({name: prior}), parts=("linear",), penalties=(), means=(1.0,), widths=(1.0,)
    ).fit(X.assign(prior_cad=1.0), endpoint)
    linear = model.causes_[0].parts["linear"]
    assert isinstance(linear, FittedLinear) and linear.path.trust.first_events
    assert model.report_["causes"]["event"]["linear"]["first_events"]
    table = compare_with_published(linear, model.predictor_.feature_names, {}, model.priors_)
    assert table.set_index("feature").loc[name, "published"] == pytest.approx(true)


def test_few_events_per_feature_raise_a_warning(cohort: Drawn) -> None:
    X, endpoint = draw_cohort(250, seed=4)
    wide = X.assign(**{f"noise_{i}": np.random.default_rng(i).random(len(X)) for i in range(20)})
    model = RiskModel().fit(wide, endpoint)
    assert any("events per feature" in warning for warning in model.warnings_)


def test_a_cohort_without_competing_events_has_one_cause() -> None:
    X, endpoint = draw_cohort(800, seed=5, competing=False)
    model = RiskModel().fit(X, endpoint)
    assert model.predict_margin(X).shape == (800, 1)


def test_a_competing_event_too_rare_to_model_still_takes_its_share(cohort: Drawn) -> None:
    X, endpoint = cohort
    event = endpoint.event.copy()
    event[np.flatnonzero(event == 2)[10:]] = 0
    model = RiskModel().fit(X, Endpoint(endpoint.time, event))
    assert (model.predict_margin(X)[:, 1] == 0).all()
    assert model.predict_cumulative_incidence(X, [9.0])[:, 0, 1].max() > 0


def test_a_column_all_missing_or_constant_is_left_out(cohort: Drawn) -> None:
    X, endpoint = cohort
    model = RiskModel(seed=3).fit(X.assign(empty=np.nan, constant=1.0), endpoint)
    assert list(model.feature_names_in_) == list(X.columns)


def test_the_event_never_gets_rarer_along_a_monotone_feature() -> None:
    X, endpoint = draw_cohort(1_500, seed=6)
    model = RiskModel(monotone={"a": 1}, parts=("boosted",)).fit(X, endpoint)
    patient = pd.concat([X.iloc[[0]]] * 50, ignore_index=True)
    patient["a"] = np.linspace(-3, 3, 50)
    assert (np.diff(model.predict_margin(patient)[:, 0]) >= 0).all()


def test_the_hazard_bends_where_the_truth_does() -> None:
    draws = np.random.default_rng(21)
    X = pd.DataFrame(draws.normal(size=(1_500, 3)), columns=list("abc"))
    time = draws.exponential(1 / (0.05 * np.exp(0.6 * X["a"] ** 2)))
    censoring = draws.uniform(2, 12, 1_500)
    event = (time < censoring).astype(np.int8)
    model = RiskModel(parts=("linear",), penalties=(0.1, 0.03))
    model.fit(X, Endpoint(np.minimum(time, censoring), event))
    assert model.report_["causes"]["event"]["linear"]["bends"] == 3
    common = X[X["a"].abs() < 1.5]
    margin = model.predict_margin(common)[:, 0]
    assert np.corrcoef(margin, common["a"] ** 2)[0, 1] > 0.9


def test_one_part_alone_shares_the_folds_of_the_stack(fitted: RiskModel, cohort: Drawn) -> None:
    fresh = RiskModel(seed=3, parts=("linear",)).fit(*cohort)
    assert (
        fitted.alone("linear").predict_margin(cohort[0]) == fresh.predict_margin(cohort[0])
    ).all()


def test_parameters_can_be_cloned() -> None:
    model = RiskModel(max_depth=2, monotone={"a": 1})
    assert clone(model).get_params() == model.get_params()


def test_a_yes_or_no_cohort_is_learnt_by_the_same_call_and_told_what_is_lost() -> None:
    X, endpoint = draw_cohort(3_000, seed=11, competing=False)
    by_five = Endpoint(np.full(3_000, 5.0), (endpoint.event == EVENT).astype(np.int8), horizon=5.0)
    model = RiskModel(seed=0).fit(X, by_five)
    risk = model.predict_risk(X, [5.0])[:, 0]
    assert risk.mean() == pytest.approx(by_five.event.mean(), rel=0.03)
    assert np.corrcoef(risk, 0.7 * X["a"] - 0.5 * X["b"])[0, 1] > 0.9
    assert any("no other horizon" in warning for warning in model.warnings_)
    with pytest.raises(HorizonError):
        model.predict_risk(X, [3.0])


def test_a_yes_or_no_model_expects_out_of_fold_as_many_events_as_occurred() -> None:
    X, endpoint = draw_cohort(600, seed=12, competing=False)
    occurred = (endpoint.event == EVENT).astype(np.int8)
    model = RiskModel(seed=0, parts=("linear",)).fit(
        X, Endpoint(np.full(600, 5.0), occurred, horizon=5.0)
    )
    (cause,), (fitted_cause,) = model.predictor_.causes, model.causes_
    link = model.predictor_.link
    assert isinstance(link, FixedHorizonLink)
    assert abs(cause.linear_weight - 1.0) > 0.001
    odds = cause.linear_weight * fitted_cause.parts["linear"].out_of_fold + link.intercept
    assert (1 / (1 + np.exp(-odds))).sum() == pytest.approx(occurred.sum(), abs=1e-6)


def test_tuning_tries_the_budget_and_keeps_the_best(cohort: Drawn) -> None:
    plain = RiskModel(seed=3).fit(*cohort).report_["causes"]["event"]["boosted"]
    tuned = RiskModel(seed=3, n_trials=2).fit(*cohort).report_["causes"]["event"]["boosted"]
    assert tuned["out_of_fold_loss"] <= plain["out_of_fold_loss"]


def test_lengths_that_differ_are_refused(cohort: Drawn) -> None:
    with pytest.raises(ValueError, match="1199 patients"):
        RiskModel().fit(cohort[0].iloc[1:], cohort[1])


def test_a_pickled_model_gives_the_same_part_alone(cohort: Drawn) -> None:
    X, endpoint = cohort
    model = RiskModel(n_folds=3, max_rounds=20, n_threads=1).fit(X, endpoint)
    again = pickle.loads(pickle.dumps(model))
    first, second = (one.alone("boosted").predict_risk(X, [5.0]) for one in (model, again))
    assert np.array_equal(first, second)
