"""A site of the drawn patients with the small model, shared by the tests of the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")

from starlette.testclient import TestClient

from clinic.access.limits import RateLimit
from clinic.access.security import Access
from clinic.app import create_app
from clinic.model_facts import ModelFacts
from clinic.patient.assessor import Assessor
from clinic.population import Population
from clinic.scored_patients.store import PatientStore
from clinic.scored_patients.store_writing import write_store
from clinic.site import Site
from clinic.words.texts import load_texts
from features.covariate_fingerprint import FINGERPRINT, fingerprint
from models.progression.forecaster import Forecaster
from models.scorer import Scorer

HOSTILE_NAME = "<script>alert('p')</script>"
LOCAL = "http://127.0.0.1:8400"


@pytest.fixture(scope="session")
def scorer(model_folder: Path) -> Scorer:
    return Scorer.load(model_folder)


@pytest.fixture(scope="session")
def covariates(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    """120 patients; the first has a script for a name, the second no value at all.

    Every third had an earlier scan.
    """
    chosen = drawn_covariates.iloc[:120].copy()
    again = np.arange(120) % 3 == 0
    chosen["prior_cac_agatston"] = (chosen["cac_agatston"] * 0.6).where(again).round()
    chosen["prior_scan_years"] = np.where(again, 4.0, np.nan)
    chosen.index = pd.Index([HOSTILE_NAME, *chosen.index[1:]], name="patient_id", dtype="str")
    chosen.iloc[1] = float("nan")
    return chosen


@pytest.fixture(scope="session")
def scores(
    scorer: Scorer, covariates: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    file = tmp_path_factory.mktemp("scored") / "risks.csv"
    scored = scorer.score(covariates, n_reasons=1)
    scored[FINGERPRINT] = fingerprint(covariates, scorer.dictionary)
    scored.assign(model="calcirisk", version="", digest=scorer.about.digest).to_csv(file)
    return file


@pytest.fixture(scope="session")
def store(
    scores: Path, covariates: pd.DataFrame, scorer: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> PatientStore:
    path = tmp_path_factory.mktemp("store") / "patients.sqlite"
    write_store(path, scores, covariates, scorer)
    return PatientStore.open(path, scorer.dictionary)


@pytest.fixture(scope="session")
def forecaster(progression_folder: Path) -> Forecaster:
    return Forecaster.load(progression_folder)


@pytest.fixture(scope="session")
def site(scorer: Scorer, store: PatientStore, forecaster: Forecaster) -> Site:
    assessor = Assessor(scorer, load_texts(), forecaster)
    facts = ModelFacts(scorer.about)
    population = Population.explain(assessor, store)
    return Site(Access(), store, assessor, facts, lambda: population)


@pytest.fixture
def german(site: Site) -> Iterator[TestClient]:
    """The same where the server was started in German."""
    guard = create_app(site.speaking("de"))
    guard.rate = RateLimit(10_000, 10_000)
    with TestClient(guard, base_url=LOCAL, raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    """A browser without JavaScript, on this machine."""
    guard = create_app(site)
    guard.rate = RateLimit(10_000, 10_000)
    with TestClient(guard, base_url=LOCAL, raise_server_exceptions=True) as made:
        yield made


def token_of(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def keys_of(page: str) -> list[str]:
    """The keys of the patients in a page of the list."""
    return re.findall(r'href="/patients/([0-9a-f]{24})"', page)
