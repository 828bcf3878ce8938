from __future__ import annotations

import html
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from clinic.patient.comparison import compare
from clinic.site import Site
from clinic.words.values import ValueWriter
from models.explanation.explanation import OTHER_CAUSES_LABEL
from models.plain_language.leaflet import load_leaflet_texts
from models.plain_language.numerals import ENGLISH
from models.scorer import Scorer
from tests.clinic.conftest import keys_of, token_of

PATIENT = {"age": "62", "sex": "male", "cac_agatston": "250", "systolic_bp": "142"}


def _enter(client: TestClient, **values: str) -> str:
    token = token_of(client.get("/new").text)
    return str(client.post("/new", data={"csrf": token, **values}).text)


def test_the_list_leads_to_a_patients_page(client: TestClient) -> None:
    keys = keys_of(client.get("/patients").text)
    assert len(keys) == 50
    page = client.get(f"/patients/{keys[0]}")
    assert page.status_code == 200
    for heading in (
        "Summary in plain words",
        "10-year risk",
        "Why",
        "Treatment options",
        "Data quality",
    ):
        assert heading in page.text


def test_every_page_of_every_patient_can_be_shown(client: TestClient) -> None:
    page = client.get("/patients?sort=patient_id&order=up").text
    for key in keys_of(page)[:4]:
        for path in ("", "?years=5", "/print"):
            assert client.get(f"/patients/{key}{path}").status_code == 200


def test_what_is_recorded_and_not_learnt_is_said_on_the_page(client: TestClient) -> None:
    page = _enter(client, **PATIENT, hiv="1", ecg_gating="prospective")
    told = re.search(r"not used by this model[^<]*", page)
    assert told is not None
    assert "HIV infection" in told[0] and "ECG gating" in told[0]
    assert "HIV infection" not in _enter(client, **PATIENT, hiv="0").split("not used")[-1]


def test_the_page_shows_the_risk_of_the_scored_file(client: TestClient, scores: Path) -> None:
    scored = pd.read_csv(scores, index_col="patient_id")
    top = scored["risk_10y"].max()
    page = client.get(f"/patients/{keys_of(client.get('/patients').text)[0]}").text
    assert ENGLISH.percent(top) in page


def test_contributions_of_the_table_sum_to_the_risk(site: Site) -> None:
    patient = site.store.list_patients("risk_10y", True, 1).patients[0]
    covariates = site.store.read_covariates(patient.key)
    assert covariates is not None
    view = site.assessor.assess(covariates, 10.0)
    total = 100 * view.base_risk + sum(step.points for step in view.steps)
    assert total == pytest.approx(100 * view.risks[-1].risk, abs=1e-4)
    shown = sum(theme.points for theme in view.overview.themes)
    rest = re.search(r"([−+]?[\d.]+)\.$", view.overview.rest)
    assert rest is not None
    assert shown + float(rest[1].replace("−", "-")) == pytest.approx(
        sum(step.points for step in view.steps), abs=0.06
    )


def test_other_causes_of_death_are_broken_down_on_demand(client: TestClient, site: Site) -> None:
    patient = site.store.list_patients("risk_10y", True, 1).patients[0]
    covariates = site.store.read_covariates(patient.key)
    assert covariates is not None
    view = site.assessor.assess(covariates, 10.0)
    (whole,) = (step for step in view.steps if step.label == OTHER_CAUSES_LABEL)
    assert sum(step.points for step in view.other_steps) == pytest.approx(whole.points, abs=1e-4)
    page = client.get(f"/patients/{patient.key}").text
    assert "Contributions to “Death from other causes”" in page


def test_risk_rises_with_time_and_lies_in_its_interval(site: Site) -> None:
    for patient in site.store.list_patients("risk_10y", True, 8).patients:
        covariates = site.store.read_covariates(patient.key)
        assert covariates is not None
        five, ten = site.assessor.assess(covariates, 10.0).risks
        assert five.risk <= ten.risk
        for at in (five, ten):
            if at.interval is not None:
                assert at.interval[0] <= at.risk <= at.interval[1]


def test_ticked_treatments_are_taken_together_without_javascript(client: TestClient) -> None:
    for key in keys_of(client.get("/patients").text):
        page = client.get(f"/patients/{key}").text
        options = re.findall(r'name="option" value="(\w+)"', page)
        if options:
            break
    sent = {"csrf": token_of(page), "years": "10", "option": options}
    together = client.post(f"/patients/{key}", data=sent)
    assert together.status_code == 200
    assert "Combined (" in together.text


def test_treatments_are_never_worked_out_by_changing_an_input(site: Site, scorer: Scorer) -> None:
    covariates = site.store.sample_covariates(2)
    effects = site.assessor.effects
    for row in range(2):
        one = covariates.iloc[[row]].reset_index(drop=True)
        view = site.assessor.assess(one, 10.0, list(effects))
        panel, risk = view.treatments, view.risks[-1].risk
        for option in panel.offered:
            if option.change is not None and not option.after_others:
                assert option.change.before == pytest.approx(risk)
        assert all(option.change is None for option in panel.not_established)
        assert all(option.change is None for option in panel.withheld)


def test_a_new_patient_is_assessed_and_nothing_is_stored(client: TestClient, site: Site) -> None:
    before = site.store.path.read_bytes()
    page = _enter(client, **PATIENT)
    assert "Nothing on this page is stored" in page
    assert "10-year risk" in page
    assert site.store.path.read_bytes() == before


def test_a_value_in_another_unit_gives_the_same_risk(client: TestClient) -> None:
    in_mg = _enter(client, **PATIENT, ldl_cholesterol="154.68")
    in_mmol = _enter(client, **PATIENT, ldl_cholesterol="4,0", **{"unit-ldl_cholesterol": "mmol/L"})
    found = [re.search(r'class="big">([^<]+)<', page) for page in (in_mg, in_mmol)]
    assert found[0] and found[1]
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("age", "", "is required"),
        ("age", "7", "must be between 18 and 110 years"),
        ("ldl_cholesterol", "3.1", "It would be plausible in mmol/L"),
        ("systolic_bp", "-120", "must be between"),
        ("systolic_bp", "inf", "must be a number"),
        ("systolic_bp", "120/80", "must be a number"),
        ("cac_agatston", "1,250", "is ambiguous"),
        ("systolic_bp", "١٢٠", "must be a number"),
        ("sex", "robot", "must be one of the list"),
        ("diabetes", "2", "must be one of the list"),
        ("unit-systolic_bp", "furlong", "is not available in this unit"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    client: TestClient, field: str, value: str, error: str
) -> None:
    page = _enter(client, **{**PATIENT, field: value})
    name = field.removeprefix("unit-")
    assert re.search(rf'class="error" id="e-{name}">[^<]*{re.escape(error)}', page)
    assert 'aria-invalid="true"' in page
    assert 'role="alert"' in page


def test_fields_that_contradict_each_other_are_refused_as_in_files(client: TestClient) -> None:
    page = _enter(client, **PATIENT, smoking_status="never", pack_years="20")
    for name in ("smoking_status", "pack_years"):
        assert re.search(rf'class="error" id="e-{name}">[^<]*pack-years in a never-smoker', page)


def test_a_value_is_shown_in_the_unit_that_it_was_entered_in(client: TestClient) -> None:
    page = _enter(client, **PATIENT, ldl_cholesterol="3.6", **{"unit-ldl_cholesterol": "mmol/L"})
    assert "LDL 3.6 mmol/L" in page
    assert "LDL 139 mg/dL" in _enter(client, **PATIENT, ldl_cholesterol="139")


def test_a_number_as_the_page_prints_it_is_read_as_printed(client: TestClient) -> None:
    page = _enter(client, **{**PATIENT, "cac_agatston": ENGLISH.number(1250)})
    assert "CAC 1250" in page and "Agatston score 1,250" not in page
    assert ENGLISH.number(1250) == "1250"


def test_a_percentile_is_shown_only_where_a_table_is_about_the_patient(client: TestClient) -> None:
    white = _enter(client, **{**PATIENT, "ethnicity": "white"})
    assert "percentile for age and sex" in white
    for ethnicity in ("south_asian", "other"):
        page = _enter(client, **{**PATIENT, "ethnicity": ethnicity})
        assert "no reference table for this ethnic group" in page
        assert "percentile for age and sex" not in page
    treated = _enter(client, **{**PATIENT, "ethnicity": "white", "diabetes": "1", "insulin": "1"})
    assert "reference population excluded treated diabetes" in treated
    assert "percentile for age and sex" not in treated


@pytest.mark.parametrize(
    ("earlier", "now", "said"),
    [
        ("240", "250", "Neither growth nor regression"),
        ("100", "400", "more than a rescan of the same day would show"),
        ("400", "100", "no therapy has been shown to reverse calcium"),
    ],
)
def test_a_change_between_scans_is_told_beside_the_noise_of_a_rescan(
    client: TestClient, earlier: str, now: str, said: str
) -> None:
    values = {**PATIENT, "cac_agatston": now, "prior_cac_agatston": earlier}
    page = _enter(client, **values, prior_scan_years="4", statin_intensity="high")
    assert said in page
    assert ("A statin raises the score by itself" in page) == (float(now) > 2 * float(earlier))
    assert "Change per year" not in page


def test_without_a_score_the_risk_is_told_for_several(client: TestClient) -> None:
    page = _enter(client, age="60", sex="female")
    shown = re.search(r'class="scenarios">(.*?)</p>', page, re.DOTALL)
    assert shown and re.findall(r">(\d+): ", shown[1]) == ["0", "100", "300"]
    assert "scenarios" not in _enter(client, **PATIENT)


def test_the_header_and_the_print_say_who_what_and_when(client: TestClient) -> None:
    values = {**PATIENT, "ldl_cholesterol": "140", "statin_intensity": "high"}
    for step in ("", "print"):
        page = _enter(client, **values, statin_years="3", step=step)
        for fact in ("62 years", "male", "LDL 140 mg/dL", "statin high", "BP 142 mmHg"):
            assert fact in page
        assert f"scored on {date.today().isoformat()}" in page


def test_a_value_beyond_training_is_marked_before_the_risk(client: TestClient) -> None:
    page = _enter(client, **{**PATIENT, "age": "109"})
    assert page.index("Extrapolated: Age") < page.index("10-year risk</h2>")


def test_inputs_that_do_not_fit_are_said(client: TestClient) -> None:
    assert "diabetes recorded as no" in _enter(client, **PATIENT, diabetes="0", hba1c="12")
    assert "duration not recorded" in _enter(client, **PATIENT, statin_intensity="high")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Your heart risk"), ("de", "Ihr Herzrisiko")]
)
def test_there_is_a_leaflet_for_the_patient_in_two_languages(
    client: TestClient, language: str, words: str
) -> None:
    key = keys_of(client.get("/patients").text)[0]
    stored = client.get(f"/patients/{key}/leaflet?language={language}").text
    entered = _enter(client, **PATIENT, step="leaflet", language=language)
    for page in (stored, entered):
        assert words in page and f'<html lang="{language}">' in page


def test_the_leaflet_names_no_value_that_nobody_recorded(client: TestClient) -> None:
    german = load_leaflet_texts("de")
    named = {german[f"themes.{name}"] for name in ("calcium", "smoking", "lipids", "pressure")}
    for age in ("48", "62", "79"):
        sheet = _enter(client, age=age, sex="male", step="leaflet", language="de")
        reasons = html.unescape(sheet).split(german["reasons.title"])[1]
        reasons = reasons.split(german["helps.title"])[0]
        assert not [words for words in named if f"<li>{words}" in reasons], reasons
    raised = _enter(client, age="62", sex="male", cac_agatston="900", step="leaflet")
    assert "<li>calcium in the heart" in html.unescape(raised)


def test_any_calcium_is_a_score_of_1_on_page_and_leaflet_alike(client: TestClient) -> None:
    for score in ("0.3", "0.6"):
        page = _enter(client, **{**PATIENT, "cac_agatston": score})
        assert "CAC 1" in page.replace("\N{NO-BREAK SPACE}", " ")
        assert "CAC-DRS A1" in page and "CAC-DRS A0" not in page
        assert "The calcium score is 1." in page and "Power of zero" not in page
        leaflet = _enter(client, **{**PATIENT, "cac_agatston": score}, step="leaflet")
        assert "Your score is 1." in leaflet


def test_zero_supports_deferring_a_statin_once_the_exceptions_are_known(
    client: TestClient,
) -> None:
    zero = {**PATIENT, "cac_agatston": "0"}
    assert "would support deferring statin therapy if these are absent" in _enter(client, **zero)
    known = {
        **dict.fromkeys(("prior_cad", "prior_stroke", "prior_pad", "diabetes"), "0"),
        **{"family_history": "0", "smoking_status": "never", "ldl_cholesterol": "110"},
    }
    said = "A score of 0 supports deferring"
    assert said in _enter(client, **zero, **known, statin_intensity="none")
    assert said not in _enter(client, **zero, **known, statin_intensity="high")


@pytest.mark.parametrize("smoking", ["", "current"])
def test_a_leaflet_recommends_no_statin_that_a_guideline_may_defer(
    client: TestClient, smoking: str
) -> None:
    zero = {**PATIENT, "cac_agatston": "0", "smoking_status": smoking, "prior_cad": "0"}
    lipids = {"ldl_cholesterol": "130", "statin_intensity": "none"}
    page = _enter(client, **{**zero, **lipids})
    leaflet = _enter(client, **{**zero, **lipids}, step="leaflet")
    assert ("would support deferring" in page) == (smoking == "")
    assert ("statin (a pill" in leaflet) == (smoking == "current")


def test_a_dozen_fields_stand_open_and_the_rest_is_folded(client: TestClient) -> None:
    page = client.get("/new").text
    folds = re.findall(r'<details class="block"( open)?>', page)
    assert folds[0] == " open" and not any(folds[1:])
    first = page.partition("</details>")[0]
    assert len(re.findall(r'<label for="f-', first)) == 13


def test_one_tick_says_that_no_drugs_are_taken(client: TestClient) -> None:
    values = {**PATIENT, "ldl_cholesterol": "150"}
    assert "statin –" in _enter(client, **values)
    ticked = _enter(client, **values, no_drugs="1")
    assert "statin none" in ticked
    assert 'value="statin_high"' in ticked


@pytest.mark.parametrize(
    "drug", [{"statin_intensity": "high"}, {"anticoagulant": "doac"}, {"insulin": "1"}]
)
def test_a_drug_that_is_entered_contradicts_that_none_is_taken(
    client: TestClient, drug: dict[str, str]
) -> None:
    page = _enter(client, **PATIENT, **drug, no_drugs="1")
    assert "Not calculated: 1 to correct" in page
    assert "contradicts “Takes no medication”" in page
    assert "Treatment options" in _enter(client, **PATIENT, **drug)
    denied = {name: "none" if code.isalpha() else "0" for name, code in drug.items()}
    assert "Treatment options" in _enter(client, **PATIENT, **denied, no_drugs="1")


def test_the_sheet_of_a_new_patient_is_made_from_the_values_sent_along(client: TestClient) -> None:
    page = _enter(client, **PATIENT, step="print")
    assert 'class="sheet"' in page
    again = _enter(client, **PATIENT, step="edit")
    assert 'name="cac_agatston" inputmode="decimal" maxlength="20" value="250"' in again


def test_scores_say_why_they_cannot_be_computed(client: TestClient) -> None:
    page = _enter(client, age="50", sex="female", prior_cad="0", ethnicity="white")
    assert "(not recorded: Diabetes, Smoking, Total cholesterol, HDL cholesterol and " in page
    ill = _enter(client, age="50", sex="female", prior_cad="1")
    assert "(valid for people with no cardiovascular disease so far)" in ill
    assert "(Age must lie between 70 and 89 years; valid for" not in ill


def test_the_population_page_shows_every_variable(client: TestClient, site: Site) -> None:
    page = client.get("/population").text
    names = re.findall(r'href="/population/(\w+)"', page)
    assert site.population is not None
    assert len(names) == len(set(names)) == site.population.points.shape[1]
    for name in names[:8]:
        assert client.get(f"/population/{name}").status_code == 200


def test_each_variable_is_coloured_by_the_one_it_acts_together_with_most(
    client: TestClient, site: Site
) -> None:
    population, dictionary = site.population, site.assessor.scorer.dictionary
    assert population is not None
    assert len(set(population.partners.values())) > 1
    for name in list(population.variables["variable"])[:6]:
        partner = population.partners[name]
        assert partner != name
        shown = partner if partner in population.levels else name
        label = html.escape(dictionary[shown].label)
        assert f"Colour: {label}" in client.get(f"/population/{name}").text


def test_what_the_colours_say_is_told_in_numbers_too(client: TestClient, site: Site) -> None:
    population, dictionary = site.population, site.assessor.scorer.dictionary
    assert population is not None
    told = {
        name: population.tell_partner(name, dictionary, site.texts)
        for name in list(population.variables["variable"])[:6]
    }
    name, (label, halves) = next((k, v) for k, v in told.items() if v[1])
    rows = population.tell_dependence(name, dictionary, site.texts)
    assert len(halves) == len(rows)
    page = client.get(f"/population/{name}").text
    assert "high colour" in page
    assert html.escape(label) in page
    other = population.levels[population.partners[name]]
    parts = (other <= other.median(), other > other.median())
    if dictionary[population.partners[name]].kind == "boolean":
        parts = (other == 0, other == 1)
    for place, part in enumerate(parts):
        chosen = population.points.loc[part & population.levels[name].notna(), name]
        shown = [float(pair[place].replace("−", "-")) for pair in halves if pair[place]]
        assert min(shown) - 0.05 <= chosen.mean() <= max(shown) + 0.05


def test_the_dependence_of_a_variable_is_told_in_numbers_too(site: Site) -> None:
    population, dictionary = site.population, site.assessor.scorer.dictionary
    assert population is not None
    for name in ("age", "diabetes"):
        rows = population.tell_dependence(name, dictionary, site.texts)
        known = population.levels[name].notna()
        assert sum(n for _, n, _ in rows) == known.sum()
        total = sum(n * mean for _, n, mean in rows)
        assert total == pytest.approx(population.points.loc[known, name].sum())
    ages = population.tell_dependence("age", dictionary, site.texts)
    assert len(ages) == 5 and all(text.endswith(" years") for text, _, _ in ages)


def test_every_page_says_that_the_model_learned_from_simulated_patients(client: TestClient) -> None:
    key = keys_of(client.get("/patients").text)[0]
    for path in ("/patients", f"/patients/{key}", f"/patients/{key}/print", "/new", "/population"):
        assert "Research use only" in client.get(path).text


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_styled_inline(client: TestClient) -> None:
    key = keys_of(client.get("/patients").text)[0]
    for path in ("/patients", f"/patients/{key}", f"/patients/{key}/print", "/new", "/population"):
        page = client.get(path).text
        links = re.findall(r'(?:src|href|action)="([^"]*)"', page)
        assert all(link.startswith(("/", "#")) for link in links)
        assert not re.search(r"<[^>]* (style|on\w+)=|<style|<script>", page)


def test_ids_are_unique_and_point_somewhere(client: TestClient) -> None:
    key = keys_of(client.get("/patients").text)[0]
    for path in ("/patients", f"/patients/{key}", "/new", "/population", "/population/age"):
        page = client.get(path).text
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        named = re.findall(r' (?:for|aria-labelledby|aria-describedby)="([^"]+)"', page)
        assert {name for names in named for name in names.split()} <= set(ids)


def test_a_page_is_small(client: TestClient) -> None:
    key = keys_of(client.get("/patients").text)[0]
    for path in ("/patients", f"/patients/{key}", "/new", "/population"):
        assert len(client.get(path).content) < 150_000


def test_a_patient_without_any_value_has_a_page(site: Site, covariates: pd.DataFrame) -> None:
    patient = site.store.find_patients(str(covariates.index[1]), 1).patients[0]
    read = site.store.read_covariates(patient.key)
    assert read is not None
    assert read.isna().to_numpy().all()
    view = site.assessor.assess(read, 10.0)
    assert not view.calcium.is_known
    assert all(score.risk is None and score.why for score in view.references)
    assert np.isfinite(view.risks[-1].risk)


def test_two_patients_stand_side_by_side(client: TestClient, site: Site) -> None:
    first, second = keys_of(client.get("/patients").text)[:2]
    search = client.get(f"/patients/{first}/compare").text
    other = site.store.find(second)
    assert other is not None
    asked = {"csrf": token_of(search), "identifier": other.patient_id}
    found = client.post(f"/patients/{first}/compare", data=asked).text
    assert f"/patients/{first}/compare?other={second}" in found
    page = client.get(f"/patients/{first}/compare", params={"other": second}).text
    for said in ("10-year risk", "Coronary calcium", "Difference", html.escape(other.patient_id)):
        assert said in page
    covariates = [site.store.read_covariates(key) for key in (first, second)]
    risks = [site.assessor.assess(c, 10.0).risks[-1].risk for c in covariates if c is not None]
    assert ENGLISH.signed(100 * (risks[1] - risks[0])) in page
    assert client.get(f"/patients/{first}/compare?other=nobody").status_code == 404


def test_two_dates_of_a_patient_say_whether_their_scans_were_made_alike(site: Site) -> None:
    writer = ValueWriter(site.assessor.scorer.dictionary, site.texts)
    base = {"age": [62.0], "sex": ["male"], "cac_agatston": [180.0], "tube_voltage": [120.0]}
    first, second, third = (
        site.assessor.assess(pd.DataFrame({**base, **scan}), 10.0)
        for scan in (
            {"scan_technique": ["electron_beam"]},
            {"scan_technique": ["photon_counting"], "slice_thickness": [3.0]},
            {"slice_thickness": [3.05]},
        )
    )
    apart = compare(first, second, writer)
    said = "not comparable, the scans were made differently (Scanner type electron beam, now "
    assert f"{said}photon counting)" in apart.caution
    rows = {row.label: row for row in dict(apart.groups)["Acquisition"]}
    assert rows["Scanner type"].difference == "differs"
    assert rows["Slice thickness"].first == "not recorded"
    assert rows["Tube voltage"].difference == "" and "ECG gating" not in rows
    assert compare(second, third, writer).caution == ""
