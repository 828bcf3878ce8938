"""Hazards of ages: fitted, scored, explained, stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.endpoint import AGE, Endpoint
from features.errors import CohortError, HorizonError, ModelError
from features.simulation import SimulatedCohort, simulate_cohort
from models.compiled.compiled_scorer import compile_scorer
from models.evaluation.recalibration import fit_recalibration
from models.explanation.explainer import Explainer
from models.explanation.interactions import explain_interactions
from models.explanation.path_average import average_gradients
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.baseline import Baseline
from models.risk.predictor import RiskPredictor
from models.risk.risk_model import RiskModel
from models.saving.model_writer import write_model_folder
from models.scorer import Scorer
from models.storage.model_folder import About
from models.uncertainty.fitting import fit_uncertainty
from tests.models.explanation.predictors import draw_features, make_predictor

HORIZONS = (5.0, 10.0)
FEATURES = ["age", "sex_male", "log_cac", "cac_zero", "systolic_bp", "hdl_cholesterol", "egfr"]
RISE = np.array([0.09, 0.12])  # of log hazards, for every year of age
START, END = 40.0, 100.0


def _by_age(drawn: SimulatedCohort) -> Endpoint:
    age = drawn.covariates["age"].to_numpy()
    time, event = drawn.endpoint["time"].to_numpy(), drawn.endpoint["event"].to_numpy()
    return Endpoint.between(age, age + time, event, AGE)


@pytest.fixture(scope="module")
def drawn() -> SimulatedCohort:
    return simulate_cohort(4_000, 11, with_lesions=False)


@pytest.fixture(scope="module")
def features(drawn: SimulatedCohort) -> pd.DataFrame:
    return derive_features(drawn.covariates, Dictionary.load())[FEATURES]


@pytest.fixture(scope="module")
def model(drawn: SimulatedCohort, features: pd.DataFrame) -> RiskModel:
    recipe = RiskModel(n_folds=3, widths=(1.0,), penalties=(0.1,), max_rounds=10, n_threads=1)
    return recipe.fit(features, _by_age(drawn))


@pytest.fixture(scope="module")
def folder(
    drawn: SimulatedCohort,
    features: pd.DataFrame,
    model: RiskModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("ages") / "model"
    events = drawn.endpoint["event"].value_counts()
    about = About(
        "m", "ages", True, HORIZONS, len(features), int(events[1]), int(events[2]), "0", "1"
    )
    explainer = Explainer.fit(model.predictor_, features, HORIZONS, n_strata=4)
    interval = fit_uncertainty(model)
    covariates = drawn.covariates
    write_model_folder(folder, model.predictor_, explainer, covariates, features, about, interval)
    return folder


@pytest.fixture(scope="module")
def scorer(folder: Path) -> Scorer:
    return Scorer.load(folder)


@pytest.fixture(scope="module")
def patients(drawn: SimulatedCohort, scorer: Scorer) -> pd.DataFrame:
    needed = scorer.dictionary["age"].needed
    assert needed is not None
    return drawn.covariates[drawn.covariates["age"].between(needed.low, needed.high)].head(400)


def _gompertz() -> tuple[RiskPredictor, RiskPredictor]:
    """The same hazards, which rise steadily with age: of ages, and of years with age as a term."""
    made = make_predictor()
    alone = (replace(cause, boosted=None, boosted_weight=0.0) for cause in made.causes)
    plain = replace(made, causes=tuple(alone))
    years = np.linspace(0, END - START, 6_001)
    rise = np.expm1(RISE[:, None] * years) / RISE[:, None] * np.array([[0.002], [0.0015]])
    of_ages = replace(
        plain,
        feature_names=(*plain.feature_names, "age"),
        completion=replace(plain.completion, n_features=plain.completion.n_features + 1),
        link=CompetingRisksLink(Baseline(START + years, rise), AGE),
        clock="age",
    )
    return of_ages, plain


def test_a_risk_is_the_one_from_the_patients_own_age_on(
    model: RiskModel, features: pd.DataFrame
) -> None:
    own, asked = model.predict_risk(features, HORIZONS), features["age"].to_numpy()
    np.testing.assert_array_equal(own, model.predict_risk(features, HORIZONS, asked))
    known = model.predictor_.knows(features, HORIZONS[-1])
    assert known.mean() > 0.95
    assert (np.isfinite(own[:, -1]) == known).all()


def test_no_part_looks_at_the_age_that_hazards_are_read_by(
    model: RiskModel, features: pd.DataFrame
) -> None:
    margins = model.predict_margin(features)
    assert model.predict_margin(features.assign(age=60.0)).tolist() == margins.tolist()
    place = model.predictor_.feature_names.index("age")
    for cause in model.predictor_.causes:
        assert place not in cause.term_features
    assert margins.shape == (len(features), 2)


def test_risks_are_near_the_truth(
    drawn: SimulatedCohort, model: RiskModel, features: pd.DataFrame
) -> None:
    true, risk = drawn.truth["true_risk_10y"].to_numpy(), model.predict_risk(features, [10.0])[:, 0]
    known = np.isfinite(risk)
    assert risk[known].mean() == pytest.approx(true[known].mean(), rel=0.1)
    for old in (features["age"] < 60, features["age"] >= 70):
        these = known & old.to_numpy()
        assert risk[these].mean() == pytest.approx(true[these].mean(), rel=0.3)


def test_reasons_add_up_and_the_age_is_among_them(scorer: Scorer, features: pd.DataFrame) -> None:
    assert scorer.explainer is not None
    few = features[scorer.predictor.knows(features, 10.0)].head(300)
    found = scorer.explainer.explain(few, 10.0)
    total = found.base_risk + found.values.sum(axis=1) + found.other
    assert total == pytest.approx(found.risk, abs=1e-6)
    of_age = pd.Series(found.values[:, FEATURES.index("age")], few.index)
    assert of_age[few["age"] > 75].min() > 0 > of_age[few["age"] < 50].max()
    # dying of something else first is the likelier the older, and takes from the risk
    other = pd.Series(found.other, few.index)
    assert other[few["age"] > 78].mean() < 0 < other[few["age"] < 50].mean()
    broken_down = scorer.explainer.explain_other(few.head(20), 10.0)
    assert broken_down.sum(axis=1).to_numpy() == pytest.approx(found.other[:20], abs=1e-6)


@pytest.mark.slow
def test_where_hazards_rise_steadily_ages_are_credited_as_a_term_of_age_would_be() -> None:
    features = draw_features(60, seed=3)
    ages = np.random.default_rng(1).uniform(45, 85, len(features))
    of_ages, plain = _gompertz()
    years = np.linspace(0.0, 10.0, 4_001)
    origin = np.expm1(RISE[:, None] * years) / RISE[:, None] * np.array([[0.002], [0.0015]])
    since_entry = CompetingRisksLink(Baseline(years, origin))
    moved = (ages - START)[:, None] * RISE
    margins = plain.margin(features)
    risk = of_ages.risk(features.assign(age=ages), [10.0])[:, 0]
    assert since_entry.risk(margins + moved, [10.0])[:, 0] == pytest.approx(risk, abs=2e-5)
    explainer = Explainer.fit(of_ages, features.assign(age=ages), [10.0], n_strata=3)
    found = explainer.explain(features.assign(age=ages), 10.0)
    centres = explainer.centres[:, :2] + (explainer.centres[:, 2:] - START) * RISE
    averages = average_gradients(since_entry, margins + moved, centres, 10.0)
    steps = (ages[:, None] - explainer.centres[:, 2]) * RISE[0]
    as_a_term = (steps * averages[:, :, 0]) @ explainer.shares
    assert found.values[:, -1] == pytest.approx(as_a_term, abs=1e-4)
    others = (margins + moved)[:, None, 1] - centres[:, 1]
    assert found.other == pytest.approx((others * averages[:, :, 1]) @ explainer.shares, abs=1e-4)


def test_interactions_sum_to_the_contributions(scorer: Scorer, features: pd.DataFrame) -> None:
    assert scorer.explainer is not None
    patient = features[features["age"] > 75].iloc[[0]]
    found = explain_interactions(scorer.explainer, patient, 10.0)
    own = scorer.explainer.explain(patient, 10.0).values[0]
    assert found.values.sum(axis=1) == pytest.approx(own, abs=1e-9)
    assert found.values[0, 2] != 0  # age and calcium raise what the other is worth


@pytest.mark.slow
def test_batches_are_scored_as_single_patients_are(scorer: Scorer, patients: pd.DataFrame) -> None:
    whole = scorer.score(patients)
    compiled = compile_scorer(scorer).score(patients)
    numbers = [f"risk_{years:g}y{end}" for years in HORIZONS for end in ("", "_low", "_high")]
    assert compiled[numbers].to_numpy() == pytest.approx(whole[numbers].to_numpy(), abs=1e-6)
    assert (compiled["reason_1"] == whole["reason_1"]).mean() > 0.99
    alone = scorer.score(patients.iloc[[7]])
    assert alone[numbers].to_numpy()[0] == pytest.approx(whole[numbers].to_numpy()[7], abs=1e-9)
    low, high = whole["risk_10y_low"], whole["risk_10y_high"]
    assert ((low < whole["risk_10y"]) & (whole["risk_10y"] < high)).all()


def test_without_a_known_age_nobody_is_scored(scorer: Scorer, patients: pd.DataFrame) -> None:
    needed = scorer.dictionary["age"].needed
    assert needed is not None
    assert needed.low < 50 and 80 < needed.high < 95
    few = patients.head(5)
    for age in (np.nan, needed.low - 1, needed.high + 1):
        with pytest.raises(CohortError, match="age: no age from 4"):
            scorer.score(few.assign(age=[60, age, 60, 60, 60]))
    for lacking in (few.drop(columns="age"), pd.DataFrame(index=few.index)):
        with pytest.raises(CohortError, match="age: must be given"):
            scorer.score(lacking)
    with pytest.raises(HorizonError, match="risks by 10 years at most; asked for 12"):
        scorer.score(few, horizons=[12.0])
    assert len(scorer.score(few.iloc[:0])) == 0


def test_an_absent_column_leaves_mean_risk(scorer: Scorer, patients: pd.DataFrame) -> None:
    whole = scorer.score(patients, n_reasons=0)["risk_10y"].mean()
    for column in ("systolic_bp", "cac_agatston"):
        lacking = patients.drop(columns=column)
        assert scorer.score(lacking, n_reasons=0)["risk_10y"].mean() == pytest.approx(
            whole, rel=0.1
        )
    assert "age" not in scorer.find_unlearnt(["age", "systolic_bp"])


def test_a_stored_model_is_itself_and_a_foreign_clock_refused(
    folder: Path, model: RiskModel, features: pd.DataFrame, tmp_path: Path
) -> None:
    stored = RiskPredictor.load(folder / "predictor")
    assert stored.clock == "age"
    assert (
        stored.risk(features, [10.0])[:5].tolist()
        == model.predict_risk(features, [10.0])[:5].tolist()
    )
    model.predictor_.save(tmp_path)
    file = tmp_path / "predictor.json"
    text = file.read_text(encoding="utf-8")
    for other in ('"clock": "egfr"', '"clock": "moon"', '"clock": 3'):
        file.write_text(text.replace('"clock": "age"', other), encoding="utf-8")
        with pytest.raises(ModelError):
            RiskPredictor.load(tmp_path)
    file.write_text(text.replace('"time_scale": "age"', '"time_scale": "entry"'), encoding="utf-8")
    with pytest.raises(ModelError):
        RiskPredictor.load(tmp_path)


def test_an_age_that_is_not_that_of_entry_is_refused(
    drawn: SimulatedCohort, features: pd.DataFrame
) -> None:
    endpoint, recipe = _by_age(drawn), RiskModel(parts=("linear",))
    for wrong in (features["age"] + 5, features["age"].mask(features["age"] > 70)):
        with pytest.raises(CohortError, match="age: is missing, or is not the age at entry"):
            recipe.fit(features.assign(age=wrong), endpoint)
    with pytest.raises(CohortError, match="years_old: is the age at entry"):
        recipe.fit(features.rename(columns={"age": "years_old"}), endpoint)


def test_hazards_off_by_a_factor_are_recalibrated(
    drawn: SimulatedCohort, model: RiskModel, features: pd.DataFrame
) -> None:
    link = model.predictor_.link
    assert isinstance(link, CompetingRisksLink)
    cumulative = link.baseline.cumulative * np.array([[0.5], [2.0]])
    wrong = replace(link, baseline=replace(link.baseline, cumulative=cumulative))
    known = model.predictor_.knows(features, 10.0)
    margins, endpoint = (
        model.predictor_.margin(features[known]),
        _by_age(drawn).from_entry().take(known),
    )
    found = fit_recalibration(margins, wrong, endpoint)
    assert found.intercept == pytest.approx(np.log(2.0), abs=0.15)
    assert found.competing == pytest.approx(-np.log(2.0), abs=0.1)
    mended = found.risk(margins, wrong, (10.0,))[:, 0]
    assert mended.mean() == pytest.approx(
        model.predict_risk(features[known], [10.0]).mean(), rel=0.1
    )
