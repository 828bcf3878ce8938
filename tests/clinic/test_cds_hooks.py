"""Requests of the shape that HL7's CDS Hooks 2.0 gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from clinic.access.security import Access
from clinic.app import create_app
from clinic.cds_hooks import read_prefetch, write_cards
from clinic.site import Site
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Needed
from features.errors import CohortError
from features.intake.fhir.reader import read_fhir
from tests.features.intake.fhir.records import write_bundle

SERVICE = "/cds-services/calcirisk-patient-view"
LATER = date(2026, 9, 1)
TOKEN = "a-token-of-more-than-24-letters"


def _observation(
    code: str, value: float, unit: str, system: str = "http://loinc.org"
) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resource": {
            "resourceType": "Observation",
            "id": f"o{code}",
            "status": "final",
            "code": {"coding": [{"system": system, "code": code}]},
            "subject": {"reference": "Patient/1288992"},
            "effectiveDateTime": "2026-03-01",
            "valueQuantity": quantity,
        }
    }


def _request() -> dict[str, Any]:
    ldl, hdl = _observation("13457-7", 150.0, "mg/dL"), _observation("2085-9", 45.0, "mg/dL")
    calcium = _observation("450360000", 900.0, "1", "http://snomed.info/sct")
    return {
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "hook": "patient-view",
        "context": {"userId": "Practitioner/example", "patientId": "1288992"},
        "prefetch": {
            "patient": {
                "resourceType": "Patient",
                "id": "1288992",
                "gender": "male",
                "birthDate": "1966-05-02",
            },
            "observations": {
                "resourceType": "Bundle",
                "type": "searchset",
                "entry": [ldl, hdl, calcium],
            },
            "conditions": None,
        },
    }


def test_discovery_names_the_service_and_what_it_needs(client: TestClient) -> None:
    services = client.get("/cds-services").json()["services"]
    assert [(one["hook"], one["id"]) for one in services] == [
        ("patient-view", "calcirisk-patient-view")
    ]
    assert set(services[0]) >= {"title", "description", "prefetch"}
    assert services[0]["prefetch"]["patient"] == "Patient/{{context.patientId}}"


def test_a_chart_that_is_opened_gets_a_card(client: TestClient) -> None:
    answer = client.post(SERVICE, json=_request())
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert "10-year cardiac risk" in card["summary"] and len(card["summary"]) < 140
    assert card["indicator"] in ("info", "warning", "critical")
    assert card["source"]["label"]
    assert "Main contributor: " in card["detail"] and "Research use only" in card["detail"]
    (link,) = card["links"]
    assert link["type"] == "absolute" and link["url"].startswith("http")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"hook": "order-sign"}, 400),
        ({"hookInstance": None}, 400),
        ({"context": "x"}, 400),
        ({"prefetch": None}, 412),
        ({"prefetch": {}}, 412),
        ({"prefetch": {"patient": {"resourceType": "Patient"}}}, 412),
    ],
)
def test_what_is_no_such_request_is_refused(
    client: TestClient, changes: dict[str, Any], status: int
) -> None:
    assert client.post(SERVICE, json={**_request(), **changes}).status_code == status
    assert client.post(SERVICE, content=b"{").status_code == 400


def test_a_record_system_proves_itself_by_the_same_token(site: Site) -> None:
    guard = create_app(replace(site, access=Access("0.0.0.0", token=TOKEN)))
    outside = TestClient(guard, base_url="http://10.0.0.5:8400")
    assert outside.get("/cds-services").status_code == 401
    wrong = {"authorization": "Bearer nonsense"}
    assert outside.post(SERVICE, json=_request(), headers=wrong).status_code == 401
    right = {"authorization": f"Bearer {TOKEN}"}
    assert outside.get("/cds-services", headers=right).status_code == 200
    assert outside.post(SERVICE, json=_request(), headers=right).status_code == 200


def test_what_may_raise_or_lower_the_risk_is_no_main_contributor(site: Site) -> None:
    covariates = pd.DataFrame({"sex": ["male"], "cac_agatston": [900.0]}).astype({"sex": "str"})
    view = site.assessor.assess(covariates, site.assessor.horizons[-1])
    largest = view.overview.themes[0]
    for limits, named in (((1.0, 9.0), True), ((-1.0, 9.0), False), ((-9.0, -1.0), True)):
        themes = (replace(largest, label="Pressure", estimated=False, limits=limits),)
        shown = replace(view, overview=replace(view.overview, themes=themes))
        card = write_cards(shown, "http://here", False, "infarction", site.texts)["cards"][0]
        assert ("Main contributor: Pressure" in card["detail"]) == named


def test_the_card_says_of_two_scans_whether_the_change_is_real(site: Site) -> None:
    values = {
        "age": [62.0],
        "sex": ["male"],
        "cac_agatston": [180.0],
        "prior_cac_agatston": [150.0],
    }
    covariates = pd.DataFrame(values).astype({"sex": "str"})
    view = site.assessor.assess(covariates, site.assessor.horizons[-1])
    card = write_cards(view, "http://here", False, "infarction", site.texts)["cards"][0]
    assert "Neither growth nor regression" in card["detail"]


def test_what_was_filled_in_is_no_main_contributor(site: Site) -> None:
    covariates = pd.DataFrame({"sex": ["male"]}).astype({"sex": "str"})
    view = site.assessor.assess(covariates, site.assessor.horizons[-1])
    filled = [replace(theme, estimated=True) for theme in view.overview.themes]
    for themes in (
        filled,
        [*filled, replace(filled[0], label="Pressure", estimated=False, limits=None)],
    ):
        shown = replace(view, overview=replace(view.overview, themes=tuple(themes)))
        card = write_cards(shown, "http://here", False, "infarction", site.texts)["cards"][0]
        assert ("Main contributor: Pressure" in card["detail"]) == (themes is not filled)
        assert themes is not filled or "Main contributor" not in card["detail"]


def test_a_card_of_an_age_that_the_model_does_not_know_is_refused() -> None:
    needed = Needed(45.0, 90.0, "the model knows the hazards of no other ages")
    dictionary, prefetch = Dictionary.load().needing("age", needed), _request()["prefetch"]
    found = read_prefetch(prefetch, dictionary, LATER)
    assert found is not None and found.covariates["age"].notna().all()
    prefetch["patient"]["birthDate"] = "2001-05-02"
    with pytest.raises(CohortError, match="age: no age from 45 to 90 years"):
        read_prefetch(prefetch, dictionary, LATER)
    del prefetch["patient"]["birthDate"]
    assert read_prefetch(prefetch, dictionary, LATER) is None


@pytest.mark.parametrize(
    ("born", "total", "refused"),
    [
        ("1966-05-02", 190.0, False),
        ("1966-05-02", 140.0, True),
        ("2016-05-02", 190.0, True),
        ("1900-05-02", 190.0, True),
    ],
)
def test_no_card_is_written_of_whom_a_file_would_reject(
    client: TestClient, site: Site, tmp_path: Path, born: str, total: float, refused: bool
) -> None:
    asked = _request()
    asked["prefetch"]["patient"]["birthDate"] = born
    asked["prefetch"]["observations"]["entry"].append(_observation("2093-3", total, "mg/dL"))
    observations = [one["resource"] for one in asked["prefetch"]["observations"]["entry"]]
    export = write_bundle(tmp_path, asked["prefetch"]["patient"], *observations)
    found = read_fhir(export).frame
    scorer = site.assessor.scorer
    answer = client.post(SERVICE, json=asked)
    if refused:
        with pytest.raises(CohortError) as rejected:
            scorer.score(found, [10.0], 0)
        assert answer.status_code == 412
        assert answer.json() == {"error": str(rejected.value)}
    else:
        assert len(scorer.score(found, [10.0], 0)) == 1
        assert answer.status_code == 200


@pytest.mark.parametrize("days", [0, 365, 3653])
def test_a_card_is_of_the_patients_age_on_the_day_that_the_chart_is_open(days: int) -> None:
    measured = date(2026, 3, 1)
    prefetch = _request()["prefetch"]
    found = read_prefetch(prefetch, Dictionary.load(), measured + timedelta(days))
    assert found is not None and found.measured_on == measured.isoformat()
    born = date(1966, 5, 2)
    years = (measured + timedelta(days) - born).days / 365.25
    assert found.covariates["age"].item() == pytest.approx(years, abs=0.01)


def test_a_card_says_how_old_its_measurements_are(client: TestClient) -> None:
    (card,) = client.post(SERVICE, json=_request()).json()["cards"]
    assert "Last measurement: 2026-03-01." in card["detail"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_card_says_what_makes_the_risk_less_sure_as_the_page_does(
    site: Site, language: str
) -> None:
    spoken = site.speaking(language)
    patient = {
        "age": 61.0,
        "sex": "male",
        "diabetes": 0.0,
        "insulin": 1.0,
        "ldl_cholesterol": 640.0,
    }
    values = {
        name: pd.Series([patient.get(name)], dtype="str" if one.kind == "category" else float)
        for name, one in Dictionary.load().items()
    }
    view = spoken.assessor.assess(pd.DataFrame(values), 10.0)
    (card,) = write_cards(view, "https://x/new", True, "an event", spoken.texts)["cards"]
    assert view.quality.missing and view.quality.outside and view.overview.checks
    named = [*view.quality.missing, *(one[1] for one in view.quality.outside)]
    for said in [*named, *view.overview.checks]:
        assert said in card["detail"]
