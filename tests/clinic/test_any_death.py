"""A model of death from any cause: trial effects on cardiovascular events are not its own."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from starlette.testclient import TestClient

from clinic.access.limits import RateLimit
from clinic.app import create_app
from clinic.cds_hooks import write_cards
from clinic.site import Site
from clinic.steps import StepWriter
from clinic.words.texts import load_texts
from models.plain_language.leaflet import load_leaflet_texts
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


@pytest.mark.parametrize("language", ["en", "de"])
def test_nowhere_is_the_risk_of_dying_told_as_that_of_a_heart_attack(
    site: Site, scorer: Scorer, language: str
) -> None:
    """Page, print, leaflet and card name death; guideline categories of another risk are absent."""
    texts, leaflet = load_texts(language), load_leaflet_texts(language)
    deadly = replace(scorer, about=replace(scorer.about, any_death=True))
    deaths = replace(site, assessor=replace(site.assessor, scorer=deadly, texts=texts))
    guard = create_app(deaths.speaking(language))
    guard.rate = RateLimit(10_000, 10_000)
    untrue = {
        "": (texts("overview.scale_title"), f">{texts('curve.event')}<", "heart event"),
        "/print": (texts("print.title"), f">{texts('curve.event')}<", "Herzereignis"),
        "/leaflet": (leaflet["title"], "heart attack", "Herzinfarkt"),
    }
    with TestClient(guard, base_url=LOCAL) as client:
        for key in keys_of(client.get("/patients").text)[:4]:
            for kind, forbidden in untrue.items():
                shown = client.get(f"/patients/{key}{kind}").text
                assert not [one for one in (*forbidden, "Herzereignis") if one in shown]
        assert leaflet["title_die"] in shown
        (service,) = client.get("/cds-services").json()["services"]
    assert service["title"] == texts("cds.title_death")
    assert service["description"] == texts("cds.description_death")
    horizon = scorer.about.horizons[-1]
    view = deaths.assessor.assess(pd.DataFrame({"age": [61.0], "sex": ["male"]}), horizon)
    (card,) = write_cards(view, "http://here", False, "death", texts)["cards"]
    years = texts.write.general(horizon)
    said = texts("cds.summary_death", years=years, risk="", interval="").split()[:5]
    assert " ".join(said) in card["summary"]


def test_death_from_other_causes_is_a_step_only_where_something_competes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = site.texts("waterfall.note_competing")
    with TestClient(create_app(site), base_url=LOCAL) as client:
        path = f"/patients/{keys_of(client.get('/patients').text)[0]}"
        assert said in client.get(path).text
        monkeypatch.setattr(StepWriter, "write_other", lambda *_: ())
        assert said not in client.get(path).text
