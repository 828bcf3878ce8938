"""A variable of one's own stands in model, reasons, signature and words like any other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.own_variables import read_own_variables
from features.derivation.catalogue import catalogue_of, derive_features
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import OWN_GROUP
from features.endpoint import Endpoint
from features.errors import CohortError, MapError
from models.explanation.explainer import Explainer
from models.plain_language.summary import summarise_patients
from models.plain_language.texts import Texts
from models.plain_language.writing import write_plain_text
from models.risk.risk_model import RiskModel
from models.saving.model_writer import write_model_folder
from models.scorer import Scorer
from models.serving.pyfunc import describe_inputs
from models.storage.model_folder import About

PLAIN, CODES = "none", ("soft: < 5 %", "[III/b]", "verkalkt, größer als 2", "a" * 60)

ENTRIES = read_own_variables(
    "c.yaml: own_variables",
    {
        "fat_volume": {"label": "Epicardial fat volume", "unit": "mL", "range": ["5", "400"]},
        "gout": {"label": "Gout", "kind": "boolean"},
        "plaque": {"label": "Plaque", "kind": "category", "codes": [PLAIN, *CODES]},
    },
)


@pytest.fixture(scope="module")
def own(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = len(drawn_covariates)
    return drawn_covariates.assign(
        fat_volume=rng.uniform(20, 300, n),
        gout=(rng.random(n) < 0.2).astype(float),
        plaque=rng.choice([PLAIN, *CODES], n),
    )


@pytest.fixture(scope="module")
def scorer(own: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    dictionary = Dictionary.load().extended(ENTRIES)
    features = derive_features(own, dictionary)
    rng = np.random.default_rng(6)
    time = rng.exponential(30 * np.exp(-0.015 * own["fat_volume"].to_numpy())) + 0.01
    event = (time <= 12).astype(np.int8)
    endpoint = Endpoint(np.minimum(time, 12), event)
    model = RiskModel(n_folds=2, max_rounds=20, minimum_events=20, seed=3).fit(features, endpoint)
    explainer = Explainer.fit(model.predictor_, features, (10.0,), n_strata=4)
    about = About("calcirisk", "own", True, (10.0,), len(own), int(event.sum()), 0, "ab" * 32, "0")
    folder = tmp_path_factory.mktemp("own") / "model"
    write_model_folder(
        folder, model.predictor_, explainer, own, features, about, dictionary=dictionary
    )
    return Scorer.load(folder)


def test_it_is_a_reason_by_its_label(scorer: Scorer, own: pd.DataFrame) -> None:
    scored = scorer.score(own.head(50), n_reasons=2)
    reasons = scored["reason_1"].str.startswith("Epicardial fat volume ")
    assert reasons.mean() > 0.5


def test_it_moves_the_risk_and_is_checked(scorer: Scorer, own: pd.DataFrame) -> None:
    low, high = (own.head(20).assign(fat_volume=value) for value in (30.0, 290.0))
    risks = [scorer.score(one, n_reasons=0)["risk_10y"].to_numpy() for one in (low, high)]
    assert (risks[1] > risks[0]).all()
    with pytest.raises(CohortError, match="fat_volume outside 5 to 400 mL"):
        scorer.score(own.head(1).assign(fat_volume=900.0))


def test_the_signature_says_what_it_may_hold(scorer: Scorer) -> None:
    told = describe_inputs(scorer.dictionary)
    assert (told["fat_volume"], told["gout"]) == ("5 to 400 mL", "0 or 1")


def test_the_words_of_a_page_name_it(scorer: Scorer, own: pd.DataFrame) -> None:
    covariates = own.head(1).assign(fat_volume=290.0)
    features = derive_features(covariates, scorer.dictionary)
    assert scorer.explainer is not None
    explanation = scorer.explainer.explain(features, 10.0)
    catalogue = catalogue_of(scorer.dictionary)
    assert explanation.by_variable(catalogue)["fat_volume"].iloc[0] > 0
    assert explanation.by_group(catalogue)[OWN_GROUP].iloc[0] > 0
    assert "emerging" not in explanation.by_group(catalogue)
    (summary,) = summarise_patients(covariates, features, explanation, scorer.ranges)
    text = write_plain_text(summary, Texts.load().for_model(scorer.dictionary))
    assert "Epicardial fat volume" in str(text)


def test_each_code_of_a_category_is_a_feature_of_its_own(scorer: Scorer, own: pd.DataFrame) -> None:
    features = scorer.predictor.feature_names
    assert [name for name in features if name.startswith("plaque")] == [
        f"plaque:{c}" for c in CODES
    ]
    risks = [scorer.score(own.head(20).assign(plaque=code))["risk_10y"] for code in CODES]
    assert len({tuple(risk) for risk in risks}) == len(CODES)


@pytest.mark.parametrize("code", ["two\nlines", "a" * 61])
def test_a_code_that_no_feature_can_bear_is_refused_in_the_map(code: str) -> None:
    entry = {"label": "Plaque", "kind": "category", "codes": [PLAIN, code]}
    with pytest.raises(MapError, match="at most 60 characters"):
        read_own_variables("c.yaml: own_variables", {"plaque": entry})
