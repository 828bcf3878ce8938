from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.catalogue import CATALOGUE, derive_features
from features.dictionary.dictionary import Dictionary
from models.explanation.explainer import Explainer
from models.learners.completion_fitting import learn_completion
from models.learners.linear import LinearPart
from models.learners.shapes.linear_design import LinearDesign
from models.margins import CauseModel
from models.risk.absolute_risk import FixedHorizonLink
from models.risk.predictor import RiskPredictor
from pipeline.evaluation.invented_patient import invent_patient
from pipeline.stages.explain import (
    ExplainedPatients,
    choose_patients,
    explain_patients,
    write_dependence,
    write_notes,
    write_patients,
    write_population,
)


def draw_covariates(n: int) -> pd.DataFrame:
    random = np.random.default_rng(1)
    ids = pd.Index([f"planted-{i}" for i in range(n)], name="patient_id")
    return pd.DataFrame(
        {
            "age": random.normal(62, 9, n),
            "sex": pd.array(random.choice(["female", "male"], n), dtype="str"),
            "cac_agatston": random.exponential(150, n),
        },
        index=ids,
    )


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    X = derive_features(draw_covariates(200))
    names = tuple(feature.name for feature in CATALOGUE)
    completion = learn_completion(X.to_numpy())
    design = LinearDesign.learn(completion, completion.complete(X.to_numpy()))
    slopes = np.full(len(completion.used), 0.3)
    part = LinearPart(
        design, np.full(len(design.term_features), 0.3), slopes, np.zeros(len(slopes), np.int8)
    )
    cause = CauseModel("event", part, None, 1.0, 0.0)
    predictor = RiskPredictor(names, completion, (cause,), FixedHorizonLink(10.0, -2.0))
    return Explainer.fit(predictor, X, [10.0], n_strata=4)


@pytest.fixture(scope="module")
def population(explainer: Explainer) -> ExplainedPatients:
    covariates = draw_covariates(60)
    return explain_patients(explainer, covariates, derive_features(covariates), 10.0)


def test_no_identifier_is_written_anywhere(
    explainer: Explainer, population: ExplainedPatients, tmp_path: Path
) -> None:
    write_population(population, Dictionary.load(), tmp_path)
    write_patients(population, 2, Dictionary.load(), tmp_path / "local")
    features = derive_features(population.covariates)
    write_dependence(population, explainer, features, Dictionary.load(), tmp_path / "local")
    write_notes(population, True, tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} == {
        "variables.csv",
        "groups.csv",
        "beeswarm.svg",
        "groups.svg",
        "population.csv",
        "percentile_05.svg",
        "percentile_95.svg",
        "dependence_age.svg",
        "dependence_cac_agatston.svg",
        "dependence_sex.svg",
        "explanation.json",
        "README.txt",
    }
    assert not any(b"planted" in path.read_bytes() for path in written)
    single = [
        path for path in written if path.name.startswith(("population", "percentile", "dependence"))
    ]
    assert {path.parent.name for path in single} == {"local"}


def test_the_notes_say_that_contributions_are_associations(
    population: ExplainedPatients, tmp_path: Path
) -> None:
    write_notes(population, True, tmp_path)
    text = (tmp_path / "README.txt").read_text()
    assert "associations, not effects" in text
    assert "not for clinical use" in text
    stored = json.loads((tmp_path / "explanation.json").read_text())
    assert stored["largest_residual"] < 1e-6


def test_patients_are_spread_over_risk_and_the_last_is_at_high_risk() -> None:
    risk = np.arange(101)[::-1] / 100
    assert choose_patients(risk, 3) == {5: 95, 50: 50, 95: 5}
    assert choose_patients(risk, 1) == {95: 5}
    assert choose_patients(risk, 0) == {}
    assert choose_patients(risk[:1], 2) == {5: 0, 95: 0}
    assert choose_patients(risk[:0], 2) == {}


def test_the_invented_patient_is_possible(explainer: Explainer) -> None:
    patient, dictionary = invent_patient(), Dictionary.load()
    for name, column in patient.items():
        variable, value = dictionary[str(name)], column.iloc[0]
        if variable.kind == "category":
            assert value in variable.codes
        elif variable.low is not None and variable.high is not None:
            assert variable.low <= value <= variable.high
    explained = explain_patients(explainer, patient, derive_features(patient), 10.0)
    assert explained.explanation.risk[0] > explained.explanation.base_risk
