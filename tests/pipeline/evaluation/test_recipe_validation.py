from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.endpoint import Endpoint
from features.errors import CohortError
from models.evaluation import cross_validation
from models.evaluation.cross_validation import HeldOutPredictions
from models.risk.risk_model import RiskModel
from pipeline.evaluation.recipe_validation import (
    build_model,
    count_processes,
    plan_validation,
    validate_recipe,
)
from pipeline.evaluation.rivals import LABELS, build_plain
from pipeline.settings.params import Params


@pytest.fixture
def params() -> Params:
    params = Params.load()
    linear = replace(params.train.linear, means=(1.0,), widths=(0.5,), penalties=())
    boosted = replace(params.train.boosted, max_rounds=5, learning_rate=0.3)
    train = replace(params.train, n_folds=2, linear=linear, boosted=boosted)
    return replace(params, train=train, evaluate=replace(params.evaluate, n_folds=2))


@pytest.fixture
def cohort() -> Cohort:
    rng = np.random.default_rng(4)
    n = 240
    ids = pd.Index([f"p{i}" for i in range(n)], name="patient_id")
    covariates = pd.DataFrame({"age": rng.uniform(40, 80, n)}, index=ids)
    time = rng.exponential(200 / covariates["age"].to_numpy()) + 0.01
    endpoint = Endpoint(np.minimum(time, 8.0), (time < 8.0).astype(np.int8))
    site = pd.Series(rng.choice(["north", "east", "west"], n), index=ids)
    entry = pd.Series(rng.integers(2000, 2010, n).astype(float), index=ids)
    return Cohort("c", covariates, endpoint, site, entry)


def _design(params: Params, design: str, **others: Any) -> Params:
    return replace(params, evaluate=replace(params.evaluate, **{"design": design, **others}))


def test_random_folds_hold_out_everyone_once_per_repeat(cohort: Cohort, params: Params) -> None:
    plan = plan_validation(cohort, _design(params, "random", n_repeats=3))
    assert plan is not None
    assert (plan.name, len(plan.repeats), plan.n_fits) == ("cross_validation", 3, 6)
    for folds in plan.repeats:
        assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(240))
    first, second = (plan.repeats[k][0][1] for k in (0, 1))
    assert set(first) != set(second)


def test_each_site_is_left_out_in_turn(cohort: Cohort, params: Params) -> None:
    plan = plan_validation(cohort, _design(params, "site"))
    assert plan is not None
    assert (plan.name, plan.sites) == ("sites", ("east", "north", "west"))
    assert cohort.site is not None
    for site, (_, held_out) in zip(plan.sites, plan.repeats[0], strict=True):
        assert set(cohort.site.iloc[held_out]) == {site}
    assert plan.about["sites"] == 3


def test_the_last_to_enter_are_held_out_from_a_model_of_the_earlier(
    cohort: Cohort, params: Params
) -> None:
    plan = plan_validation(cohort, _design(params, "entry"))
    assert plan is not None
    assert plan.name == "temporal"
    ((fit, held_out),) = plan.repeats[0]
    assert cohort.entry is not None
    assert cohort.entry.iloc[fit].max() < cohort.entry.iloc[held_out].min()


def test_a_design_that_the_cohort_cannot_have_is_refused(cohort: Cohort, params: Params) -> None:
    with pytest.raises(CohortError, match="site: is not recorded"):
        plan_validation(replace(cohort, site=None), _design(params, "site"))


def test_no_folds_no_validation(cohort: Cohort, params: Params) -> None:
    assert plan_validation(cohort, _design(params, "random", n_folds=0)) is None


def test_recipe_parts_and_steps_are_predicted_on_the_same_folds(
    cohort: Cohort, params: Params
) -> None:
    rng = np.random.default_rng(5)
    names = ("age", "log_cac")
    X = pd.DataFrame(rng.normal(size=(240, 2)), index=cohort.covariates.index, columns=names)
    chosen = _design(params, "random", n_repeats=2)
    plan = plan_validation(cohort, chosen)
    assert plan is not None
    done = []
    validated = validate_recipe(X, cohort, (3.0,), plan, chosen, lambda: done.append(1))
    assert len(done) == plan.n_fits
    assert validated.steps == ("clinical", "+ calcium")
    risks = validated.predictions.risks
    assert set(risks) == {"calcirisk", "ridge_cox", "plain_cox", "boosted_cox", "clinical"}
    assert all(np.isfinite(risk).all() for risk in risks.values())
    assert validated.held_out.all()
    assert len(validated.others) == 1
    assert not np.allclose(risks["calcirisk"], validated.others[0].risks["calcirisk"])


def test_parts_of_a_model_of_yes_or_no_are_not_called_cox(cohort: Cohort, params: Params) -> None:
    event = np.asarray(cohort.covariates["age"] > 65, dtype=np.int8)
    event[::5] = 1 - event[::5]
    yes_no = replace(cohort, endpoint=Endpoint(np.full(240, 5.0), event, 5.0))
    X = pd.DataFrame({"age": cohort.covariates["age"], "log_cac": np.arange(240.0) % 7})
    chosen = _design(params, "random", incremental=False)
    plan = plan_validation(yes_no, chosen)
    assert plan is not None
    validated = validate_recipe(X, yes_no, (5.0,), plan, chosen, lambda: None)
    names = {"calcirisk", "ridge_logistic", "plain_logistic", "boosted_logistic"}
    assert set(validated.predictions.risks) == names
    assert not any("Cox" in LABELS[name] for name in names)


def test_a_fold_may_hold_fewer_events_than_a_training(params: Params) -> None:
    assert build_model(params).get_params()["minimum_events"] == 1  # type: ignore[attr-defined]


def test_a_small_cohort_is_not_worth_a_second_process(params: Params) -> None:
    chosen = _design(params, "random", n_processes=4)
    assert count_processes(chosen, 100) == 1
    assert count_processes(chosen, 100_000) == 4


def test_who_is_unknown_to_any_model_is_judged_in_no_table(
    cohort: Cohort, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    risks = {name: np.full((240, 1), 0.1) for name in ("calcirisk", "boosted_cox")}
    risks["calcirisk"][3], risks["boosted_cox"][5] = np.nan, np.nan
    fold, nothing = np.arange(240) % 2, np.zeros((2, 0, 1))
    given = HeldOutPredictions(risks, {}, fold, nothing)
    monkeypatch.setattr(cross_validation, "cross_validate", lambda *_, **__: given)
    assert cohort.endpoint is not None
    late = replace(cohort.endpoint, start=np.full(240, 1.0))
    delayed, chosen = replace(cohort, endpoint=late), _design(params, "random", incremental=False)
    plan = plan_validation(delayed, chosen)
    assert plan is not None
    assert plan.n_patients == 240
    X = pd.DataFrame({"age": delayed.covariates["age"]})
    validated = validate_recipe(X, delayed, (3.0,), plan, chosen, lambda: None)
    assert np.flatnonzero(~validated.held_out).tolist() == [3, 5]


def test_the_plain_rival_knows_nothing_but_the_patients(params: Params) -> None:
    for penalties in ((), (0.1, 0.5)):
        linear = replace(params.train.linear, penalties=penalties)
        chosen = replace(params, train=replace(params.train, linear=linear))
        recipes: list[Any] = [build(chosen, None) for build in (build_plain, build_model)]
        plain, model = (recipe.get_params() for recipe in recipes)
        assert (plain["priors"], plain["monotone"]) == (None, None)
        assert plain["means"] == plain["widths"] == ()
        assert plain["penalties"] == (penalties or (1.0, 0.3, 0.1, 0.03))
        assert plain["parts"] == ("linear",)
        assert plain["seed"] == model["seed"]
        assert model["priors"] and model["monotone"]


def test_every_step_of_the_recipe_believes_the_same_of_known_disease(
    cohort: Cohort, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that all share is no step's feature, and yet their next event is no first one."""
    everyone = cohort.covariates.assign(prior_cad=1.0)
    draws = np.random.default_rng(6)
    X = everyone.assign(log_cac=draws.normal(size=len(everyone)))
    believed, fit = [], RiskModel.fit

    def remember(model: RiskModel, X: pd.DataFrame, endpoint: Endpoint) -> RiskModel:
        fit(model, X, endpoint)
        if model.priors is not None:
            believed.append((tuple(X.columns), model.priors_.known_disease))
        return model

    monkeypatch.setattr(RiskModel, "fit", remember)
    chosen = _design(params, "random")
    plan = plan_validation(cohort, chosen)
    assert plan is not None
    validate_recipe(X, replace(cohort, covariates=everyone), (3.0,), plan, chosen, lambda: None)
    assert {columns for columns, _ in believed} == {("age",), tuple(X.columns)}
    assert {share for _, share in believed} == {1.0}
