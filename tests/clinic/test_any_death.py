"""A model of death from any cause: trial effects on cardiovascular events are not its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from clinic.access.limits import RateLimit
from clinic.app import create_app
from clinic.site import Site
from clinic.words.texts import load_texts
from models.scorer import Scorer
from tests.clinic.conftest import LOCAL, keys_of


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_effect_on_cardiovascular_events_is_applied_to_death_from_any_cause(
    site: Site, scorer: Scorer, language: str
) -> None:
    texts = load_texts(language)
    deadly = replace(scorer, about=replace(scorer.about, any_death=True))
    assessor = replace(site.assessor, scorer=deadly, texts=texts)
    guard = create_app(replace(site, assessor=assessor).speaking(language))
    guard.rate = RateLimit(10_000, 10_000)
    said, ticked = texts("treatments.any_death_note"), 'name="option"'
    with (
        TestClient(guard, base_url=LOCAL) as deaths,
        TestClient(create_app(site.speaking(language)), base_url=LOCAL) as events,
    ):
        keys = keys_of(deaths.get("/patients").text)[:6]
        usual = [events.get(f"/patients/{key}").text for key in keys]
        for key in keys:
            assert deaths.get(f"/patients/{key}/leaflet").status_code == 200
            assert texts("print.treatments") not in deaths.get(f"/patients/{key}/print").text
            page = deaths.get(f"/patients/{key}").text
            assert said in page and ticked not in page
            assert texts("treatments.none_possible") not in page
    assert any(ticked in page for page in usual)
    assert not any(said in page for page in usual)
