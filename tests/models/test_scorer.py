from __future__ import annotations

import dataclasses
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features
from features.errors import CohortError, HorizonError, ModelError
from models.compiled.compiled_scorer import compile_scorer
from models.risk.absences import Absences
from models.scorer import Scorer
from models.storage.model_folder import seal_model_folder


@pytest.fixture(scope="module")
def scorer(model_folder: Path) -> Scorer:
    return Scorer.load(model_folder)


def test_risks_stand_at_the_horizons_trained_for(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    scored = scorer.score(drawn_covariates, n_reasons=2)
    assert list(scored) == [
        "risk_5y",
        "risk_5y_low",
        "risk_5y_high",
        "risk_10y",
        "risk_10y_low",
        "risk_10y_high",
        "reason_1",
        "reason_2",
        "missing_inputs",
        "outside_training",
    ]
    assert scored.index.equals(drawn_covariates.index)
    assert scored["risk_5y"].between(0, 1).all()
    assert (scored["risk_5y"] <= scored["risk_10y"]).all()


def test_any_horizon_inside_follow_up_is_answered(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    one = drawn_covariates.iloc[:3]
    between = scorer.score(one, [7.5], 0)["risk_7.5y"]
    trained = scorer.score(one, n_reasons=0)
    assert ((trained["risk_5y"] <= between) & (between <= trained["risk_10y"])).all()


@pytest.mark.parametrize("horizons", [[50], [0], [-1], []])
def test_a_horizon_that_cannot_be_answered_is_refused(
    scorer: Scorer, drawn_covariates: pd.DataFrame, horizons: list[float]
) -> None:
    with pytest.raises(HorizonError):
        scorer.score(drawn_covariates.iloc[:1], horizons, 0)


def test_a_patient_scores_the_same_alone_and_in_any_company(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    together = scorer.score(drawn_covariates.iloc[::-1])
    for position in (0, 17, 400):
        alone = scorer.score(drawn_covariates.iloc[[position]])
        pd.testing.assert_frame_equal(alone, together.loc[alone.index], rtol=1e-9)


@pytest.mark.parametrize("dtype", ["int64", "float32", "Int64", "object", "str"])
def test_the_type_of_a_column_does_not_matter(scorer: Scorer, dtype: str) -> None:
    plain = pd.DataFrame({"age": [50.0, 70.0], "diabetes": [0.0, 1.0], "sex": ["male", "female"]})
    typed = plain.astype({"age": dtype if dtype == "str" else "int64"}).astype({"age": dtype})
    typed["diabetes"] = [False, True]
    typed["sex"] = typed["sex"].astype(object)
    pd.testing.assert_frame_equal(scorer.score(plain), scorer.score(typed))


def test_each_risk_lies_inside_its_interval(scorer: Scorer, drawn_covariates: pd.DataFrame) -> None:
    scored = scorer.score(drawn_covariates, [3.0], n_reasons=0)
    assert (scored["risk_3y_low"] < scored["risk_3y"]).all()
    assert (scored["risk_3y"] < scored["risk_3y_high"]).all()
    assert scored["risk_3y_high"].lt(1).all()


def test_a_model_kept_without_intervals_gives_risks_alone(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    scored = dataclasses.replace(scorer, interval=None).score(drawn_covariates, n_reasons=0)
    assert list(scored)[:3] == ["risk_5y", "risk_10y", "missing_inputs"]


def test_asking_for_no_reasons_changes_neither_risk_nor_interval(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    # of a feature that no model learns from, intervals know what it leaves open where it is missing
    unlearnt = next(one.name for one in CATALOGUE if one.name not in scorer.predictor.feature_names)
    interval = scorer.interval
    assert interval is not None
    scorer = replace(scorer, interval=replace(interval, unrecorded={unlearnt: 0.25}))
    told, alone = (
        scorer.score(drawn_covariates, n_reasons=2),
        scorer.score(drawn_covariates, n_reasons=0),
    )
    pd.testing.assert_frame_equal(alone, told[list(alone)], check_exact=True)
    narrower = replace(scorer, interval=replace(interval, unrecorded={}))
    assert (
        alone["risk_10y_high"] > narrower.score(drawn_covariates, n_reasons=0)["risk_10y_high"]
    ).any()


def test_margins_are_those_of_the_risks_whatever_columns_there_are(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    linear = [cause.linear for cause in scorer.predictor.causes if cause.linear is not None]
    names = scorer.predictor.feature_names
    told = {names[one] for part in linear for one in part.design.indicated}
    absent = {feature.variable for feature in CATALOGUE if feature.name in told} - {"age", "sex"}
    for given in (drawn_covariates, drawn_covariates.drop(columns=list(absent), errors="ignore")):
        risks = scorer.predictor.link.risk(scorer.margins_of(given), [10.0])[:, 0]
        assert (risks == scorer.score(given, [10.0], 0)["risk_10y"].to_numpy()).all()


def test_nobody_is_scored_without_complaint(scorer: Scorer, drawn_covariates: pd.DataFrame) -> None:
    scored = scorer.score(drawn_covariates.iloc[:0])
    assert scored.shape == (0, 2 * 3 + 3 + 2)
    assert scored["risk_5y"].dtype == np.float64


def test_a_patient_of_whom_nothing_is_known_has_a_risk_and_every_input_missing(
    scorer: Scorer,
) -> None:
    scored = scorer.score(pd.DataFrame(index=pd.Index(["unknown"])))
    assert scored["risk_10y"].between(0, 1, inclusive="neither").all()
    assert scored["missing_inputs"].tolist() == [len(scorer.ranges.important)]


def test_an_unseen_category_is_refused_by_column_and_row_without_its_value(
    scorer: Scorer,
) -> None:
    frame = pd.DataFrame({"age": [50, 60], "sex": ["male", "sekret"]})
    with pytest.raises(CohortError, match=r"sex: must be one of female, male \(1 row\)") as caught:
        scorer.score(frame)
    assert "row 2" in str(caught.value)
    assert "sekret" not in str(caught.value)


def test_an_unknown_column_is_refused_or_ignored_as_asked(scorer: Scorer) -> None:
    frame = pd.DataFrame({"age": [50], "shoe_size": [43]})
    with pytest.raises(CohortError, match="shoe_size"):
        scorer.score(frame)
    expected = scorer.score(frame[["age"]])
    pd.testing.assert_frame_equal(scorer.score(frame, unknown="ignore"), expected)


def test_inputs_beyond_the_training_cohort_are_named(scorer: Scorer) -> None:
    frame = pd.DataFrame({"age": [25.0, 60.0], "systolic_bp": [240.0, 130.0]})
    named = scorer.score(frame, n_reasons=0)["outside_training"].tolist()
    assert named == ["Age; Systolic blood pressure", ""]


def test_the_reasons_are_the_largest_contributions_that_are_certain(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    patients = drawn_covariates.iloc[:40]
    scored = scorer.score(patients, n_reasons=90)
    assert scorer.explainer is not None
    features = derive_features(patients)
    explanation = scorer.explainer.explain(features, 10.0)
    certain = scorer.find_certain(features, explanation)
    assert certain is not None and certain.any() and not certain.all()
    values = 100 * explanation.by_variable(CATALOGUE)
    for row, reasons in enumerate(scored.filter(like="reason_").to_numpy()):
        points = [float(text.rsplit(" ", 1)[1]) for text in reasons if text]
        assert points == sorted(points, key=abs, reverse=True)
        own = values.iloc[row]
        expected = own[certain[row] & (own.abs() >= 0.05).to_numpy()]
        assert sorted(points) == pytest.approx(sorted(expected), abs=0.051)
    explained = explanation.base_risk + values.sum(axis=1) / 100 + explanation.other
    assert explained.to_numpy() == pytest.approx(scored["risk_10y"].to_numpy(), abs=1e-6)


def test_a_reason_without_a_value_says_so(scorer: Scorer, drawn_covariates: pd.DataFrame) -> None:
    one = drawn_covariates.iloc[[5]].drop(columns=["cac_agatston"])
    one = one.drop(columns=[name for name in one if str(name).startswith("cac_agatston_")])
    whatever = replace(scorer, interval=None)  # certain or not
    reasons = whatever.score(one, n_reasons=90).filter(like="reason_").iloc[0]
    named = [text for text in reasons if text.startswith("Coronary calcium score (Agatston)")]
    assert all(text.startswith("Coronary calcium score (Agatston): not rec") for text in named)
    assert named


def test_what_each_variable_weighs_is_kept_with_the_model(scorer: Scorer) -> None:
    assert set(scorer.ranges.important) <= set(scorer.weights)
    assert all(weight >= 0 for weight in scorer.weights.values())


def test_a_model_kept_without_its_explainer_gives_risks_but_no_reasons(
    scorer: Scorer, drawn_covariates: pd.DataFrame
) -> None:
    bare = Scorer(scorer.about, scorer.predictor, scorer.dictionary, scorer.ranges, None)
    assert "risk_5y" in bare.score(drawn_covariates, n_reasons=0)
    with pytest.raises(ModelError, match="without its explainer"):
        bare.score(drawn_covariates)


def test_a_model_of_features_that_this_version_does_not_derive_is_refused(
    model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    stored = folder / "predictor" / "predictor.json"
    stored.write_text(stored.read_text().replace('"age"', '"age_of_the_moon"'))
    seal_model_folder(folder, Scorer.load(model_folder).about)
    with pytest.raises(ModelError, match="age_of_the_moon"):
        Scorer.load(folder)


@pytest.mark.parametrize("lacking", [["age"], ["cac_agatston", "smoking"]])
def test_what_a_file_lacks_is_made_up_by_in_risk_and_reasons_alike(
    scorer: Scorer, drawn_covariates: pd.DataFrame, lacking: list[str]
) -> None:
    file = drawn_covariates.head(200).drop(columns=lacking, errors="ignore")
    absences = scorer.predictor.absences
    plain = replace(scorer, predictor=replace(scorer.predictor, absences=Absences()))
    assert absences.sets
    # an explanation that does not add up to the risk is an error
    risk = scorer.score(file, n_reasons=3)["risk_10y"]
    compiled = compile_scorer(scorer, n_threads=1).score(file, n_reasons=3)["risk_10y"]
    np.testing.assert_allclose(compiled, risk, rtol=1e-9)
    assert (risk - plain.score(file, n_reasons=0)["risk_10y"]).abs().max() > 1e-4
