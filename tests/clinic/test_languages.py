from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from clinic.access.limits import RateLimit
from clinic.access.security import Access
from clinic.app import create_app
from clinic.server import ClinicRequest, build_site
from clinic.site import Site
from clinic.words.texts import PageTexts, known_languages, load_texts
from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError
from models.plain_language.leaflet import known_languages as languages_of_leaflets
from models.plain_language.leaflet import load_leaflet_texts
from models.plain_language.texts import check_translation
from tests.clinic.conftest import LOCAL, keys_of, token_of
from tests.clinic.statements import every_statement

ENGLISH, GERMAN = load_texts("en"), load_texts("de")
PATIENT = {"age": "62", "sex": "male", "cac_agatston": "250", "systolic_bp": "142"}
# What is English by nature: names of scores, drugs' trials, guidelines' societies, options of a
# command and terms that German cardiology uses as they are.
NAMES = {
    "ADA",
    "AHA",
    "Association",
    "CHD",
    "COVERED",
    "CTT",
    "Care",
    "Cohort",
    "Coronary",
    "Covered",
    "English",
    "Equations",
    "Framingham",
    "Heinz",
    "LAD",
    "LM",
    "Lipid",
    "MESA",
    "National",
    "Nixdorf",
    "Outcomes",
    "Pooled",
    "RCA",
    "Recall",
    "Standards",
    "calcirisk",
    "cohort",
    "compare",
    "docs",
    "evaluate",
    "folder",
    "harm",
    "imaging",
    "md",
    "needed",
    "number",
    "of",
    "outputs",
    "synthetic",
    "to",
    "treat",
}


def test_the_pages_and_the_leaflet_speak_the_same_languages() -> None:
    assert known_languages().keys() == languages_of_leaflets().keys() == {"en", "de"}


def test_every_statement_of_the_data_is_translated_and_no_other() -> None:
    wanted = {said for statements in every_statement().values() for said in statements}
    assert wanted - GERMAN.phrases.keys() == set()
    assert GERMAN.phrases.keys() - wanted == set()


def _pairs() -> dict[str, tuple[str, str]]:
    leaflets = load_leaflet_texts("en"), load_leaflet_texts("de")
    found = {said: (said, translated) for said, translated in GERMAN.phrases.items()}
    # how numbers are typed is what differs between languages
    found |= {k: (t, GERMAN.texts[k]) for k, t in ENGLISH.texts.items() if k[:5] != "form."}
    plain = GERMAN.plain.texts
    found |= {k: (t, plain[k]) for k, t in ENGLISH.plain.texts.items() if k[:6] != "units."}
    return found | {k: (t, leaflets[1][k]) for k, t in leaflets[0].items()}


def _figures(text: str) -> list[str]:
    return sorted(re.findall(r"\d+", re.sub(r"(?<!\d)\.(?=\d)", "0.", text)))


def test_a_translation_has_the_figures_of_what_it_translates() -> None:
    differing = [
        key for key, (said, other) in _pairs().items() if _figures(said) != _figures(other)
    ]
    assert not differing, differing


def test_every_code_of_the_dictionary_has_a_word_in_every_language() -> None:
    codes = {f"codes.{c}" for variable in Dictionary.load().values() for c in variable.codes}
    for texts in (ENGLISH, GERMAN):
        assert codes == {key for key in texts.texts if key.startswith("codes.")}


@pytest.mark.parametrize("wrong", ["years ago", "{n} of {m} years"])
def test_a_translation_with_other_names_in_braces_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"trend\.ago must name n"):
        check_translation("page_xx", {"trend.ago": wrong}, {"trend.ago": "{n} years"})


def _visible(page: str) -> str:
    """What a reader sees or hears, references to papers left out."""
    text = re.sub(r"<(script|style|cite)\b.*?</\1>", " ", page, flags=re.DOTALL)
    text = re.sub(r'<a href="/language.*?</a>', " ", text)
    heard = re.findall(r'(?:aria-label|data-label|title|alt)="([^"]*)"', text)
    return html.unescape(" ".join([re.sub(r"<[^>]*>", " ", text), *heard]))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-zÄÖÜäöüß]{2,}", text))


def _vocabulary(texts: PageTexts, phrases: list[str]) -> set[str]:
    said = [*texts.texts.values(), *texts.plain.texts.values(), *phrases]
    said += load_leaflet_texts(texts.language).values()
    return {word for text in said for word in _words(re.sub(r"\{\w*\}", " ", text))}


@pytest.fixture(scope="module")
def german_pages(site: Site) -> dict[str, str]:
    """Several patients on every page there is, entered and scored, sound and faulty."""
    guard = create_app(site.speaking("de"))
    guard.rate = RateLimit(10_000, 10_000)
    with TestClient(guard, base_url=LOCAL) as client:
        return _ask_for_every_page(client)


def _ask_for_every_page(client: TestClient) -> dict[str, str]:
    listed = client.get("/patients").text
    keys = keys_of(listed)
    paths = ["/patients", "/patients?flag=outside", "/new", "/population", "/nothing"]
    names = re.findall(r'href="/population/(\w+)"', client.get("/population").text)
    paths += [f"/population/{name}" for name in names[::6]]
    paths += [f"/patients/{key}" for key in keys[:9]]
    paths += [f"/patients/{keys[0]}/{page}" for page in ("print", "leaflet", "compare")]
    paths.append(f"/patients/{keys[0]}/compare?other={keys[1]}")
    pages = {path: client.get(path).text for path in paths}
    sent = {"csrf": token_of(listed), "written_in": "de", **PATIENT}
    entries: dict[str, dict[str, Any]] = {
        "progressed": {
            "cac_agatston": "1.400",
            "prior_cac_agatston": "100",
            "prior_scan_years": "4",
            "statin_intensity": "high",
            "ethnicity": "white",
            "diabetes": "0",
            "hba1c": "7,1",
            "hiv": "1",
            "prior_pci": "1",
            "prior_cad": "0",
        },
        "extrapolated": {"age": "109", "sex": "female", "cac_agatston": "0", "diabetes": "1"},
        "unknown": {"cac_agatston": "", "systolic_bp": ""},
        "known in part": {"cac_agatston": "", "cac_agatston_lad": "1.200"},
        "faulty": {"age": "200", "ldl_cholesterol": "viel", "hdl_cholesterol": "3,1"},
        "unclear": {"cac_agatston": "1,250", "ldl_cholesterol": "3.9"},
        "contradictory": {"diastolic_bp": "150", "pack_years": "3", "smoking_status": "never"},
        "printed": {"step": "print", "smoking_status": "current"},
        "combined": {"option": ["statin_high", "bp_lowering"], "ldl_cholesterol": "150"},
    }
    for name, entry in entries.items():
        pages[name] = client.post("/new", data={**sent, **entry}).text
    pages["search"] = client.post("/patients", data={**sent, "identifier": "0"}).text
    pages["refused"] = client.post("/patients", data={"identifier": "0"}).text
    return pages


def test_no_english_is_left_on_a_german_page(german_pages: dict[str, str]) -> None:
    phrases = GERMAN.phrases
    foreign = _vocabulary(ENGLISH, [*phrases]) - _vocabulary(GERMAN, [*phrases.values()])
    left = {
        name: words
        for name, page in german_pages.items()
        if (words := (_words(_visible(page)) & foreign) - NAMES)
    }
    assert left == {}


def test_numbers_on_a_german_page_have_a_comma(german_pages: dict[str, str]) -> None:
    written = re.compile(r"(?<![\d.])\d+\.\d+(?:\.\d+)*(?![\d.]*\d)")
    thousands = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
    date, version = re.compile(r"\d\d\.\d\d\.\d{4}"), re.compile(r"\d+\.\d+\.\d+")
    for name, page in german_pages.items():
        # the messages show how not to type a number
        text = _visible(page).replace(GERMAN("form.errors.two_ways"), "")
        odd = [
            found
            for found in written.findall(text)
            if not any(known.fullmatch(found) for known in (thousands, date, version))
        ]
        assert odd == [], name
    assert re.search(r"\d,\d", _visible(german_pages["/patients"]))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("1.250", "CAC 1250"), ("1250", "CAC 1250"), ("12,5", "CAC 12"), ("1.250,4", "CAC 1250")],
)
def test_a_number_typed_in_german_is_read_in_german(
    german: TestClient, typed: str, shown: str
) -> None:
    sent = {**PATIENT, "cac_agatston": typed, "written_in": "de"}
    page = german.post("/new", data={"csrf": token_of(german.get("/new").text), **sent}).text
    assert f"<li>{shown}" in page.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("typed", ["1,250", "1.25", "12.5", "1.2500", "0.250", "1,250,000"])
def test_a_number_that_can_be_read_in_two_ways_is_refused(german: TestClient, typed: str) -> None:
    sent = {**PATIENT, "cac_agatston": typed, "written_in": "de"}
    answer = german.post("/new", data={"csrf": token_of(german.get("/new").text), **sent})
    assert answer.status_code == 422
    assert re.search(r"Koronarkalkscore \(Agatston\) (ist mehrdeutig|muss eine Zahl)", answer.text)


def test_a_form_is_read_in_its_own_language_whatever_was_chosen_since(client: TestClient) -> None:
    token = token_of(client.get("/new").text)
    client.get("/language/de")
    in_german = client.post("/new", data={"csrf": token, **PATIENT, "written_in": "de"})
    again = client.post("/new", data={"csrf": token, **PATIENT, "cac_agatston": "12.5"})
    assert "10-Jahres-Risiko" in in_german.text
    assert "10-year risk" in again.text and "CAC 12" in again.text
    assert 'name="written_in" value="de"' in client.get("/new").text
    assert 'name="written_in" value="de"' in in_german.text
    assert "written_in" not in again.text
    wrong = client.post("/new", data={"csrf": token, **PATIENT, "written_in": "xx"})
    assert wrong.status_code == 400


def test_the_language_is_chosen_on_the_page_and_kept_by_the_browser(client: TestClient) -> None:
    key = keys_of(client.get("/patients").text)[0]
    page = client.get(f"/patients/{key}?years=5").text
    link = html.unescape(re.findall(r'href="(/language/de[^"]*)"', page)[0])
    there = client.get(link)
    assert there.url.path == f"/patients/{key}" and there.url.query == b"years=5"
    assert "5-Jahres-Risiko" in there.text and '<html lang="de">' in there.text
    assert "Patientenblatt" in there.text
    assert "Ihr Herzrisiko" in client.get(f"/patients/{key}/leaflet").text
    assert '<html lang="en">' in client.get(f"/language/en?back=/patients/{key}").text


@pytest.mark.parametrize(
    "back",
    ["//elsewhere.org", "https://elsewhere.org", "/\\elsewhere.org", "/a//b", "javascript:x", "/ä"],
)
def test_choosing_a_language_leads_nowhere_else(client: TestClient, back: str) -> None:
    answer = client.get("/language/de", params={"back": back}, follow_redirects=False)
    assert answer.status_code == 404
    assert client.get("/language/xx", follow_redirects=False).status_code == 404


def test_a_browser_that_asks_for_german_gets_what_the_server_was_started_in(
    client: TestClient,
) -> None:
    page = client.get("/patients", headers={"Accept-Language": "de-DE,de;q=0.9"}).text
    assert '<html lang="en">' in page


def test_contributions_and_risks_are_the_same_in_both_languages(site: Site) -> None:
    covariates = site.store.sample_covariates(3)
    for row in range(3):
        one = covariates.iloc[[row]].reset_index(drop=True)
        here, there = (s.assessor.assess(one, 10.0) for s in (site, site.speaking("de")))
        assert here.risks == there.risks
        assert [s.points for s in here.steps] == [s.points for s in there.steps]
        assert [r.name for r in here.treatments.offered] == [
            r.name for r in there.treatments.offered
        ]


def test_what_a_cohorts_map_added_keeps_its_own_name() -> None:
    assert GERMAN.phrase("A marker of ours") == "A marker of ours"
    assert GERMAN.code("soft_plaque") == "soft plaque"
    assert GERMAN.reason("A marker of ours +1.2") == "A marker of ours +1.2"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("Age +4.2", "Alter +4,2"),
        ("Diabetes: yes +2.4", "Diabetes mellitus: ja +2,4"),
        ("Smoking: not recorded -0.3", "Rauchen: nicht erfasst -0,3"),
        ("Ethnicity: south asian +0.2", "Ethnie: südasiatisch +0,2"),
        ("", ""),
    ],
)
def test_a_reason_of_a_scored_file_is_told_in_german(told: str, said: str) -> None:
    assert GERMAN.reason(told) == said
    assert ENGLISH.reason(told) == told


def test_a_language_that_is_not_shipped_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"page_xx\.yaml"):
        load_texts("xx")


def test_a_server_in_a_language_that_is_not_shipped_does_not_start(tmp_path: Path) -> None:
    request = ClinicRequest(
        tmp_path, tmp_path / "risks.csv", None, tmp_path / "store", tmp_path, language="xx"
    )
    with pytest.raises(ConfigError, match="Known languages: de, en"):
        build_site(request, Access())
