"""The average of the patient's age and sex, beside the risk."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")

from starlette.testclient import TestClient

from clinic.access.security import Access
from clinic.app import create_app
from clinic.model_facts import ModelFacts
from clinic.patient.assessor import Assessor
from clinic.patient.leaflets import make_leaflet
from clinic.patient.suppositions import NoAverage, average_of
from clinic.population import Population
from clinic.scored_patients.store import PatientStore
from clinic.scored_patients.store_writing import write_store
from clinic.site import Site
from clinic.words.texts import load_texts
from features.covariate_fingerprint import FINGERPRINT, fingerprint
from features.derivation.catalogue import derive_features
from features.endpoint import Endpoint
from models.average_risks import Average
from models.explanation.explainer import Explainer
from models.risk.risk_model import RiskModel
from models.saving.model_writer import write_model_folder
from models.scorer import Scorer
from models.storage.model_folder import AVERAGES, About, read_about, seal_model_folder
from tests.clinic.conftest import LOCAL, keys_of


def _draw_spreading(n: int) -> tuple[pd.DataFrame, Endpoint]:
    """Calcium is rare and high among the young, usual and much the same among the old."""
    draws = np.random.default_rng(5)
    age = draws.uniform(45, 80, n).round(1)
    later, male = (age - 45) / 35, draws.random(n) < 0.5
    score = draws.lognormal(6 - 1.5 * later, 1.2 - 0.8 * later).round()
    score[draws.random(n) > 0.1 + 0.85 * later] = 0
    covariates = pd.DataFrame(
        {
            "age": age,
            "sex": pd.array(np.where(male, "male", "female"), dtype="str"),
            "cac_agatston": score,
        },
        index=pd.Index([f"p{i}" for i in range(n)], name="patient_id", dtype="str"),
    )
    hazard = 0.004 * np.exp(0.02 * (age - 60) + 0.5 * male + 0.5 * np.log1p(score))
    time, other = draws.exponential(1 / hazard), draws.exponential(60, n)
    event = np.where(time < other, 1, 2)
    time = np.minimum(time, other)
    event[time > 12] = 0
    return covariates, Endpoint(np.minimum(time, 12), event.astype(np.int8))


@pytest.fixture(scope="module")
def spreading(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scorer, pd.DataFrame]:
    """A model of patients whose risks spread unequally by age, and these patients."""
    covariates, endpoint = _draw_spreading(6_000)
    X = derive_features(covariates)
    X = X[[name for name in X if X[name].nunique() > 1]]
    model = RiskModel(n_folds=2, max_rounds=5, minimum_events=20, seed=3).fit(X, endpoint)
    counts = len(X), endpoint.n_events, endpoint.n_competing
    about = About("calcirisk", "drawn", True, (5.0, 10.0), *counts, "ab" * 32, "0")
    explainer = Explainer.fit(model.predictor_, X, about.horizons, n_strata=4)
    folder = tmp_path_factory.mktemp("spreading") / "model"
    write_model_folder(folder, model.predictor_, explainer, covariates, X, about)
    return Scorer.load(folder), covariates


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("age", [48, 55, 62, 70, 77])
def test_the_average_is_the_mean_prediction_for_patients_of_that_age_and_sex(
    spreading: tuple[Scorer, pd.DataFrame], sex: str, age: int
) -> None:
    scorer, covariates = spreading
    peers = covariates[(covariates["sex"] == sex) & ((covariates["age"] - age).abs() <= 2.5)]
    predicted = scorer.predictor.link.risk(scorer.margins_of(peers), [10.0])[:, 0]
    shown = [average_of(scorer, peers.iloc[[row]], 10.0) for row in range(len(peers))]
    mean = np.mean([one.risk for one in shown if isinstance(one, Average)])
    # some 400 peers, whose own mean chance moves by about 4 %; the risk of a made-up patient of
    # whom only age and sex are known lies up to a third off
    assert mean == pytest.approx(predicted.mean(), rel=0.08)


def test_beyond_the_ages_trained_on_there_is_no_average(
    spreading: tuple[Scorer, pd.DataFrame],
) -> None:
    scorer, covariates = spreading
    for age in (38.0, 84.0):
        patient = covariates.iloc[[0]].assign(age=age)
        assert average_of(scorer, patient, 10.0) is NoAverage.FEW


def test_without_age_or_sex_there_is_no_average(spreading: tuple[Scorer, pd.DataFrame]) -> None:
    scorer, covariates = spreading
    patient = covariates.iloc[[0]]
    assert average_of(scorer, patient.assign(age=np.nan), 10.0) is NoAverage.UNKNOWN
    assert average_of(scorer, patient.drop(columns="sex"), 10.0) is NoAverage.UNKNOWN


def test_a_folder_without_averages_loads_and_the_page_says_why_there_is_none(
    model_folder: Path, spreading: tuple[Scorer, pd.DataFrame], tmp_path: Path
) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "older")
    (folder / AVERAGES).unlink()
    seal_model_folder(folder, replace(read_about(folder), digest=""))
    older, patient = Scorer.load(folder), spreading[1].iloc[[0]]
    assert average_of(older, patient, 10.0) is NoAverage.NONE
    for language, words in (("en", "is of a version that kept none"), ("de", "Neu trainieren")):
        view = Assessor(older, load_texts(language)).assess(patient, 10.0)
        assert view.overview.average is None
        assert words in view.overview.average_note
        leaflet = make_leaflet(view, False, "2026-11-28", language)
        assert "age and sex in the group" not in leaflet.text
        assert "Alters und Geschlechts aus der Gruppe" not in leaflet.text


def test_page_and_leaflet_say_whose_mean_it_is(
    spreading: tuple[Scorer, pd.DataFrame], tmp_path: Path
) -> None:
    scorer, covariates = spreading
    shown = covariates.iloc[:1]
    scored = scorer.score(shown, n_reasons=1)
    scored[FINGERPRINT] = fingerprint(shown, scorer.dictionary)
    scored.assign(model="calcirisk", version="", digest=scorer.about.digest).to_csv(
        tmp_path / "risks.csv"
    )
    write_store(tmp_path / "store.sqlite", tmp_path / "risks.csv", shown, scorer)
    store = PatientStore.open(tmp_path / "store.sqlite", scorer.dictionary)
    assessor = Assessor(scorer, load_texts())
    site = Site(
        Access(),
        store,
        assessor,
        ModelFacts(scorer.about),
        lambda: Population.explain(assessor, store),
    )
    for language, note, leaflet in (
        ("en", "training patients of this age and sex (about", "in the group that this tool"),
        ("de", "Trainingspatienten dieses Alters und Geschlechts (etwa", "aus der Gruppe, an der"),
    ):
        with TestClient(create_app(site.speaking(language)), base_url=LOCAL) as browser:
            (key,) = keys_of(browser.get("/patients").text)
            page = browser.get(f"/patients/{key}").text
            assert note in page
            assert load_texts(language)("overview.average", risk="").strip() in page
            assert leaflet in browser.get(f"/patients/{key}/leaflet?language={language}").text


def test_weighted_patients_are_said_to_be_so(spreading: tuple[Scorer, pd.DataFrame]) -> None:
    scorer, covariates = spreading
    assert scorer.averages is not None
    weighted = replace(scorer, averages=replace(scorer.averages, weighted=True))
    view = Assessor(weighted, load_texts()).assess(covariates.iloc[[0]], 10.0)
    assert view.overview.average_note.endswith("within 5 years), by their sampling weights.")
