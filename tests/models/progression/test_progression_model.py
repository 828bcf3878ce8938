from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.base import clone

from features.dictionary.dictionary import Dictionary
from features.errors import HorizonError, ModelError, TooFewEventsError
from features.simulation.growth import TrueGrowth
from models.learners.trees.boosted import BoostedPart
from models.progression.compiled_progression import compile_progression
from models.progression.contributions import GrowthExplainer
from models.progression.evaluation import GRID, coverage, crps, expected_crps
from models.progression.next_scan import SHARE, plan_next_scan
from models.progression.predictor import ProgressionPredictor
from models.progression.training.priors import list_excluded
from models.progression.training.progression_model import LaterScans, ProgressionModel
from tests.growing import Trained, later_table


def test_forecasts_come_near_the_truth_and_beat_a_score_carried_forward(trained: Trained) -> None:
    growth, years = TrueGrowth.from_truth(trained.cohort.truth), 10.0
    grid = np.broadcast_to(GRID, (len(trained.X), len(GRID)))
    law = trained.model.predictor_.law
    own = law.cdf(trained.patients, grid, np.full(len(grid), years))
    mean, best = expected_crps(own, growth.cdf(GRID, years))
    still = (growth.first[:, None] <= GRID).astype(np.float64)
    carried, _ = expected_crps(still, growth.cdf(GRID, years))
    assert mean.mean() < 1.05 * best.mean()
    assert mean.mean() < 0.8 * carried.mean()


def test_no_variable_without_an_effect_enters_the_model(trained: Trained) -> None:
    names = trained.model.predictor_.feature_names
    assert "log_vitamin_k2" in trained.X
    assert "log_vitamin_k2" not in names
    assert {"vitamin_k2", "chelation", "magnesium"} <= list_excluded(Dictionary.load())


def test_a_saved_model_forecasts_the_same(trained: Trained, tmp_path: Path) -> None:
    own = trained.model.predictor_
    own.save(tmp_path)
    again = ProgressionPredictor.load(tmp_path)
    assert not list(tmp_path.glob("*.pkl"))
    patients = again.patients(trained.X, trained.scans.first, trained.scans.bmi)
    for mine, theirs in zip(
        own.distribution(trained.patients, (100,), (5.0,)),
        again.distribution(patients, (100,), (5.0,)),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_a_folder_without_a_model_and_years_beyond_the_scans_are_refused(
    trained: Trained, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no progression model"):
        ProgressionPredictor.load(tmp_path)
    with pytest.raises(HorizonError, match="lie outside"):
        trained.model.predictor_.mean(trained.patients, (30.0,))
    with pytest.raises(ModelError, match="features of the model are absent"):
        trained.model.predictor_.margins(trained.X[["age"]])


def test_too_few_later_scans_are_refused(trained: Trained) -> None:
    scans = trained.scans
    few = LaterScans(scans.patient[:60], scans.years[:60], scans.score[:60], scans.first, scans.bmi)
    with pytest.raises(TooFewEventsError, match="a first score and a later scan"):
        clone(trained.model).fit(trained.X, few)


def test_scans_of_patients_without_a_first_score_are_left_out(trained: Trained) -> None:
    covariates = trained.cohort.covariates.copy()
    told = [name for name in covariates if str(name).startswith("cac_agatston")]
    covariates.loc[covariates.index[:100], told] = np.nan
    scans = LaterScans.of_table(later_table(trained.cohort), covariates)
    assert scans.patient.min() >= 100


def test_age_never_lowers_the_chance_of_first_calcium(trained: Trained) -> None:
    older = trained.X.assign(age=trained.X["age"] + 5)
    own, later = (trained.model.predictor_.margins(X)[:, 1] for X in (trained.X, older))
    known = trained.X["age"] < 75
    assert (later >= own - 1e-9)[known].all()


def test_no_quantile_falls_with_time(trained: Trained) -> None:
    years = list(np.linspace(0.5, trained.model.predictor_.longest, 12))
    scores = trained.model.predictor_.quantiles(trained.patients, years)
    assert (np.diff(scores, axis=1) >= 0).all()
    assert (np.diff(scores, axis=2) >= 0).all()


def test_missing_values_are_completed_and_every_patient_with_a_score_has_a_forecast(
    trained: Trained,
) -> None:
    X = trained.X.copy()
    X.loc[:, ["systolic_bp", "bmi", "glucose", "family_history"]] = np.nan
    first = trained.scans.first
    patients = trained.model.predictor_.patients(X, first, np.full(len(X), np.nan))
    assert not np.isnan(trained.model.predictor_.mean(patients, (5.0,))).any()


def test_contributions_sum_to_the_forecast_less_that_of_the_background(trained: Trained) -> None:
    predictor, patients = trained.model.predictor_, trained.patients
    for threshold in (None, 100.0):
        told = trained.model.explainer_.explain(trained.X, patients, 5.0, threshold)
        passed, _, mean = predictor.distribution(patients, (100.0,), (5.0,))
        own = mean[:, 0] if threshold is None else 100 * passed[:, 0, 0]
        assert told.forecast == pytest.approx(own, abs=1e-9)
        gap = told.values.sum(axis=1).to_numpy() - (own - told.base)
        assert np.abs(gap).max() < 1e-3 * np.abs(own - told.base).max()


def test_the_spread_of_what_is_put_together_is_that_of_all_of_its_variables(
    trained: Trained,
) -> None:
    rows = trained.X.head(20), trained.patients.take(np.arange(20))
    explainer = trained.model.explainer_
    own = explainer.explain(*rows, 5.0)
    alone = explainer.explain(*rows, 5.0, spread_owners=dict.fromkeys(map(str, trained.X), "all"))
    pd.testing.assert_frame_equal(own.values, alone.values)
    assert list(own.spread) == list(own.values)
    assert list(alone.spread) == ["all"]
    # no more than if all were off in one direction at once
    assert (alone.spread["all"] <= own.spread.sum(axis=1) + 1e-9).all()
    assert (alone.spread["all"] > 0).any()


def test_contributions_start_from_people_with_the_same_first_score(trained: Trained) -> None:
    told = trained.model.explainer_.explain(trained.X, trained.patients, 5.0)
    first = trained.scans.first
    alike = (first[:, None] == first) & (trained.scans.bmi[:, None] == trained.scans.bmi)
    one, other = np.nonzero(alike)
    assert (one != other).any()
    assert told.base[one] == pytest.approx(told.base[other])


def test_a_saved_explainer_gives_the_same_contributions(trained: Trained, tmp_path: Path) -> None:
    own = trained.model.explainer_
    own.save(tmp_path)
    again = GrowthExplainer.load(tmp_path, own.predictor)
    rows = trained.X.head(20), trained.patients.take(np.arange(20))
    pd.testing.assert_frame_equal(own.explain(*rows, 5.0).values, again.explain(*rows, 5.0).values)
    pd.testing.assert_frame_equal(own.explain(*rows, 5.0).spread, again.explain(*rows, 5.0).spread)
    np.save(tmp_path / "growth.npy", np.zeros((2, 2)))
    with pytest.raises(ModelError, match="do not fit together"):
        GrowthExplainer.load(tmp_path, own.predictor)


def test_what_is_missing_widens_the_interval_of_a_margin(trained: Trained) -> None:
    known = trained.X["glucose"].notna().to_numpy()
    blind = trained.X.assign(glucose=np.nan, systolic_bp=np.nan)
    explainer = trained.model.explainer_
    own, wider = (explainer.margin_spread(X)[known] for X in (trained.X, blind))
    assert (wider > own).mean() > 0.9


def test_the_next_scan_comes_later_for_the_less_likely_and_never_where_it_changes_nothing(
    trained: Trained,
) -> None:
    spread = trained.model.explainer_.margin_spread(trained.X)
    plan = plan_next_scan(trained.model.predictor_, trained.patients, spread)
    first = trained.scans.first
    assert np.isnan(plan.years[first >= 300]).all()
    zero = first == 0
    assert (plan.threshold[zero] == 0).all()
    assert (plan.soonest[zero] <= plan.years[zero]).all()
    assert (plan.latest[zero] >= plan.years[zero]).all()
    assert 2 < np.median(plan.years[zero]) < 8


def test_what_the_noise_of_a_rescan_reaches_today_takes_no_time(trained: Trained) -> None:
    spread = trained.model.explainer_.margin_spread(trained.X)
    predictor, patients = trained.model.predictor_, trained.patients
    plan = plan_next_scan(predictor, patients, spread)
    useful = np.isfinite(plan.threshold)
    now = 1 - predictor.law.cdf(
        patients, np.nan_to_num(plan.threshold)[:, None], np.zeros(len(patients))
    )
    reached = now[:, 0] >= SHARE
    assert (useful & reached).any() and (useful & ~reached).any()
    for years in (plan.years, plan.soonest, plan.latest):
        assert (years[useful] == 0).tolist() == reached[useful].tolist()


def test_coverage_of_the_truth_is_what_the_interval_says() -> None:
    shares = np.linspace(0.0005, 0.9995, 1000)
    assert coverage(shares, shares, 0.8).mean() == pytest.approx(0.8)
    # 60 of 100 at zero: an interval from 5 to 95 % holds 55 of those 60, and 35 of the other 40
    below = np.r_[np.zeros(60), np.linspace(0.605, 0.995, 40)]
    up_to = np.r_[np.full(60, 0.6), np.linspace(0.605, 0.995, 40)]
    assert coverage(below, up_to, 0.9).mean() == pytest.approx(0.9, abs=0.005)


def test_the_crps_of_one_number_is_its_absolute_error() -> None:
    forecast = (GRID[100] <= GRID) * 1.0
    assert crps(forecast[None], np.array([GRID[140]])) == pytest.approx(
        GRID[140] - GRID[100], rel=0.02
    )


def _with_trees(own: ProgressionPredictor, X: pd.DataFrame) -> ProgressionPredictor:
    """The predictor with a booster of its own kind in the margin of growth."""
    values = own.see(X).values
    label = np.random.default_rng(3).normal(size=len(X))
    settings = {"base_score": 0.0, "max_depth": 2, "tree_method": "hist", "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(values, label), 4)
    booster.feature_names = list(own.feature_names)
    part = BoostedPart(own.completion, booster, 0.01)
    return replace(own, growth=replace(own.growth, boosted=part, boosted_weight=0.7))


@pytest.mark.slow
@pytest.mark.parametrize("trees", [False, True], ids=["linear", "trees"])
def test_the_compiled_model_sees_what_the_model_sees(trained: Trained, trees: bool) -> None:
    own = trained.model.predictor_
    own = _with_trees(own, trained.X) if trees else own
    fast = compile_progression(own)
    assert fast.margins(trained.X) == pytest.approx(own.margins(trained.X), abs=1e-5)
    blank = own.without(["bmi"]), fast.without(["bmi"])
    gaps = trained.X.assign(bmi=np.nan)
    assert blank[1].margins(gaps) == pytest.approx(blank[0].margins(gaps), abs=1e-5)


def test_settings_can_be_read_and_set_as_scikit_learn_does() -> None:
    assert ProgressionModel(seed=3).get_params()["seed"] == 3
    assert clone(ProgressionModel(max_depth=3)).max_depth == 3
