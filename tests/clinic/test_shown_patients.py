"""A file of patients, scored and shown by one command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from starlette.testclient import TestClient

from clinic.access.security import Access
from clinic.app import create_app
from clinic.server import ClinicRequest, build_site
from features.derivation.catalogue import CATALOGUE
from models.scorer import Scorer
from pipeline.commands.clinic import name_store
from pipeline.scoring.shown_patients import score_and_read
from pipeline.settings.paths import Paths
from tests.clinic.conftest import LOCAL, keys_of


@pytest.fixture(scope="module")
def request_(
    model_folder: Path, drawn_covariates: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> ClinicRequest:
    folder = tmp_path_factory.mktemp("shown")
    file = folder / "new.csv"
    patients = drawn_covariates.iloc[:30].rename_axis("patient_id")
    patients.to_csv(file)
    done, covariates = score_and_read(file, str(model_folder), None, folder, Paths.default())
    store = folder / f"patients-{name_store(done.out, None)}.sqlite"
    return ClinicRequest(model_folder, done.out, None, store, folder, covariates=covariates)


def test_every_patient_of_the_file_has_a_page(request_: ClinicRequest) -> None:
    site = build_site(request_, Access())
    assert site.store.n_patients == 30
    client = TestClient(create_app(site), base_url=LOCAL)
    for key in keys_of(client.get("/patients").text)[:3]:
        page = client.get(f"/patients/{key}").text
        assert "10-year risk" in page and "scored on 20" in page


def test_patients_of_a_file_without_columns_whose_gaps_told_something_are_shown_too(
    model_folder: Path, drawn_covariates: pd.DataFrame, tmp_path: Path
) -> None:
    predictor = Scorer.load(model_folder).predictor
    linear = [cause.linear for cause in predictor.causes if cause.linear is not None]
    told = {predictor.feature_names[one] for part in linear for one in part.design.indicated}
    absent = {feature.variable for feature in CATALOGUE if feature.name in told} - {"age", "sex"}
    assert absent
    patients = drawn_covariates.iloc[:30].drop(columns=list(absent), errors="ignore")
    patients.rename_axis("patient_id").to_csv(tmp_path / "new.csv")
    done, covariates = score_and_read(
        tmp_path / "new.csv", str(model_folder), None, tmp_path, Paths.default()
    )
    store = tmp_path / "patients.sqlite"
    request = ClinicRequest(model_folder, done.out, None, store, tmp_path, covariates=covariates)
    client = TestClient(create_app(build_site(request, Access())), base_url=LOCAL)
    page = client.get(f"/patients/{keys_of(client.get('/patients').text)[0]}").text
    assert "10-year risk" in page


def test_the_list_can_be_filtered_and_sorted_for_work(request_: ClinicRequest) -> None:
    store = build_site(request_, Access()).store
    everybody = store.list_patients("risk_10y", True, 50).patients
    assert store.categories
    for category in store.categories:
        chosen = store.list_patients("risk_10y", True, 50, category=category).patients
        assert {one.category for one in chosen} == {category}
    without = store.list_patients("age", False, 50, flag="no_calcium").patients
    assert len(without) == sum(one.cac < 0 for one in everybody)
    outside = store.list_patients("age", False, 50, flag="outside").patients
    assert len(outside) == sum(one.outside != "" for one in everybody)
    scores = [one.cac for one in store.list_patients("cac", True, 50).patients]
    assert scores == sorted(scores, reverse=True)
    assert all(one.low <= one.risks[-1] <= one.high for one in everybody if one.low >= 0)
    with pytest.raises(KeyError):
        store.list_patients("age", True, 5, flag="1=1")


def test_of_whom_nothing_but_a_risk_is_there_no_score_is_said_to_be_missing(
    request_: ClinicRequest, tmp_path: Path
) -> None:
    alone = replace(request_, covariates=None, store=tmp_path / "alone.sqlite")
    site = build_site(alone, Access())
    assert not site.store.list_patients("age", False, 50, flag="no_calcium").patients
    said = site.texts("list.flag.no_calcium")
    chip = f'<span class="chip">{said}</span>'
    assert chip not in TestClient(create_app(site), base_url=LOCAL).get("/patients").text
    known = build_site(request_, Access()).store.list_patients("age", False, 50).patients
    assert [one.has_no_calcium_score for one in known] == [one.cac < 0 for one in known]


def test_two_servers_keep_their_stores_apart(request_: ClinicRequest, tmp_path: Path) -> None:
    assert name_store(request_.scores, None) != name_store(tmp_path / "other.csv", None)
    assert name_store(request_.scores, None) != name_store(request_.scores, tmp_path)
