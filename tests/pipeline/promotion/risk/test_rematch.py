from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.derivation.catalogue import derive_features
from features.endpoint import Endpoint
from features.fingerprint import fingerprint_patients
from models.risk.risk_model import RiskModel
from models.saving.model_writer import write_model_folder
from models.storage.model_folder import read_about
from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence
from pipeline.promotion.risk.rematch import compare_here
from pipeline.settings.params import Params, Paths
from tests.pipeline.promotion.passing import make_champion, make_passing

PARAMS = Params.load(Path(__file__).parents[4] / "params.yaml")


@pytest.fixture(scope="module")
def cohort(drawn_covariates: pd.DataFrame) -> Cohort:
    """The patients of `model_folder` with other outcomes of the same kind."""
    rng = np.random.default_rng(5)
    burden = np.log1p(drawn_covariates["cac_agatston"].fillna(50).to_numpy())
    time = rng.exponential(40 * np.exp(-0.35 * burden)) + 0.01
    endpoint = Endpoint(np.minimum(time, 12), (time <= 12).astype(np.int8))
    return Cohort("drawn", drawn_covariates, endpoint)


@pytest.fixture(scope="module")
def blind_folder(
    cohort: Cohort, model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model that knows nothing but blood pressure."""
    covariates = cohort.covariates[["systolic_bp"]]
    X = derive_features(covariates)
    assert cohort.endpoint is not None
    model = RiskModel(n_folds=2, max_rounds=5, minimum_events=20, seed=3).fit(X, cohort.endpoint)
    folder = tmp_path_factory.mktemp("blind") / "model"
    about = replace(read_about(model_folder), digest="")
    write_model_folder(folder, model.predictor_, None, covariates, X, about)
    return folder


@pytest.fixture
def paths(cohort: Cohort, tmp_path: Path) -> Paths:
    paths = Paths(tmp_path)
    cohort.write(paths.ingest)
    for folder in (paths.source, paths.train):
        folder.mkdir(parents=True)
    (paths.source / "source.json").write_text(json.dumps({"sha256": "aa"}))
    part = np.where(np.arange(len(cohort)) % 2, "held_out", "development")
    pd.DataFrame({"part": part}, index=cohort.covariates.index).to_parquet(paths.split)
    return paths


@pytest.fixture
def rivals(cohort: Cohort) -> tuple[Evidence, Evidence]:
    held_out = fingerprint_patients(cohort.take(np.arange(len(cohort)) % 2 == 1))
    challenger, champion = (
        replace(one, held_out_sha256=held_out) for one in (make_passing(), make_champion())
    )
    return challenger, champion


def test_both_models_are_scored_on_the_patients_held_out_from_both(
    rivals: tuple[Evidence, Evidence], model_folder: Path, blind_folder: Path, paths: Paths
) -> None:
    found = compare_here(*rivals, (blind_folder, model_folder), PARAMS, paths)
    assert found.difference is not None
    assert (found.horizon, found.n) == (10.0, 400)
    assert found.difference.upper < 0
    back = compare_here(*rivals, (model_folder, blind_folder), PARAMS, paths)
    assert back.difference is not None
    assert back.difference.estimate == pytest.approx(-found.difference.estimate)


def test_the_same_model_twice_differs_by_nothing(
    rivals: tuple[Evidence, Evidence], model_folder: Path, paths: Paths
) -> None:
    found = compare_here(*rivals, (model_folder, model_folder), PARAMS, paths)
    assert found.difference is not None
    assert (found.difference.lower, found.difference.upper) == (0.0, 0.0)
    twin = replace(rivals[1], digest=rivals[0].digest)
    assert compare_here(rivals[0], twin, (paths.root, paths.root), PARAMS, paths).difference


def why(rivals: tuple[Evidence, Evidence], paths: Paths) -> str:
    nowhere = (paths.root, paths.root)
    found: Rematch = compare_here(*rivals, nowhere, PARAMS, paths)
    assert found.difference is None
    return found.why


def test_without_the_very_same_patients_there_is_no_pairing_and_it_says_why(
    rivals: tuple[Evidence, Evidence], paths: Paths
) -> None:
    challenger, champion = rivals
    assert "does not say" in why((challenger, replace(champion, held_out_sha256="")), paths)
    for other in (
        replace(champion, held_out_sha256="other"),
        replace(champion, data_sha256="other"),
    ):
        assert "other patients" in why((challenger, other), paths)
    assert "no horizon" in why((challenger, replace(champion, horizons=(3.0,))), paths)


def test_a_cohort_that_changed_here_is_not_taken_for_the_one_trained_on(
    rivals: tuple[Evidence, Evidence], paths: Paths, cohort: Cohort
) -> None:
    assert cohort.endpoint is not None
    other = Endpoint(cohort.endpoint.time, np.zeros(len(cohort), dtype=np.int8))
    replace(cohort, endpoint=other).write(paths.ingest)
    assert "not in outputs/ here" in why(rivals, paths)
    cohort.write(paths.ingest)
    (paths.source / "source.json").write_text(json.dumps({"sha256": "other"}))
    assert "not in outputs/ here" in why(rivals, paths)
    assert "not in outputs/ here" in why(rivals, Paths(paths.root / "elsewhere"))
