"""What the page says of a patient's calcium, whichever way the score was recorded."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from clinic.patient.assessor import Assessment
from clinic.patient.comparison import compare
from clinic.patient.leaflets import make_leaflet
from clinic.patient.suppositions import suppose_calcium
from clinic.scored_patients.store import IDENTIFIER, WORK_COLUMNS
from clinic.scored_patients.worklist import work_columns
from clinic.site import Site
from clinic.words.values import ValueWriter
from features.derivation.calcium import VESSELS
from features.dictionary.dictionary import Dictionary
from tests.clinic.conftest import token_of

MAN = {"age": 60.0, "sex": "male", "ldl_cholesterol": 130.0, "diabetes": 0.0}
LIMITS = (1.0, 10.0, 100.0, 300.0, 400.0, 1000.0, 3000.0)


def _assess(site: Site, **values: object) -> Assessment:
    assessor = site.assessor
    return assessor.assess(_table(**values), assessor.horizons[-1])


def _table(**values: object) -> pd.DataFrame:
    table = pd.DataFrame({name: [value] for name, value in {**MAN, **values}.items()})
    return table.astype({"sex": "str"})


def _by_vessels(*scores: float | None) -> dict[str, float | None]:
    known = zip(VESSELS, scores, strict=True)
    return {f"cac_agatston_{vessel}": score for vessel, score in known if score is not None}


@pytest.mark.parametrize("score", [*LIMITS, *np.nextafter(LIMITS, 0.0), 7.0, 650.3])
def test_class_goal_and_treatments_are_the_same_by_total_and_by_vessels(
    site: Site, score: float
) -> None:
    by_total = _assess(site, cac_agatston=score, vessel_count=1.0)
    by_vessels = _assess(site, **_by_vessels(0.0, score, 0.0, 0.0))
    assert by_total.calcium.score == by_vessels.calcium.score == score
    assert by_total.guidance == by_vessels.guidance
    rules = [[row.name for row in one.treatments.offered] for one in (by_total, by_vessels)]
    assert rules[0] == rules[1]
    assert by_total.overview.calcium == by_vessels.overview.calcium


def test_a_score_at_the_limit_of_a_class_is_in_the_class_that_begins_there(site: Site) -> None:
    steps = site.assessor.guideline.classes
    for below, step in pairwise(steps):
        view = _assess(site, **_by_vessels(0.0, step.start, 0.0, 0.0))
        assert view.guidance.calcium_class == step.name
        # any calcium is a score of 1 at least: below the first class with some there is none
        least = np.nextafter(step.start, 0.0) if step.start > 1 else 0.0
        view = _assess(site, **_by_vessels(0.0, least, 0.0, 0.0))
        assert view.guidance.calcium_class == below.name


def test_the_page_says_where_the_score_is_the_sum_of_vessels(site: Site) -> None:
    view = _assess(site, **_by_vessels(50.0, 100.0, 50.0, 100.0))
    assert "300 AU (sum of vessels)" in str(view.calcium.topics)
    assert "sum of vessels" not in str(_assess(site, cac_agatston=300.0).calcium.topics)


def test_the_list_shows_the_sum_of_vessels_as_the_page_does() -> None:
    ids = pd.Index(["a", "b", "c"], name=IDENTIFIER)
    vessels = pd.DataFrame(_by_vessels(0.0, 300.0, 0.0, 0.0), index=ids)
    vessels.iloc[1, 0] = np.nan
    covariates = vessels.assign(cac_agatston=[np.nan, np.nan, 7.0])
    chunk = pd.DataFrame({IDENTIFIER: ids})
    found = work_columns(chunk, covariates, [True] * 3, "risk_10y")
    assert found[list(WORK_COLUMNS).index("cac")] == [300.0, -1.0, 7.0]


@pytest.mark.parametrize(
    ("vessels", "least", "known", "supposed"),
    [
        ((None, 300.0, 150.0, 200.0), "650", "3", ["650", "1000", "3000"]),
        ((None, 0.0, 0.0, 0.0), "0", "3", ["0", "100", "300"]),
        ((None, None, 120.4, None), "120", "1", ["120", "300", "1000"]),
        ((2000.0, 900.7, None, None), "2900", "2", ["2900", "3000"]),
        ((None, 299.7, None, None), "299", "1", ["299", "1000", "3000"]),
        ((None, None, 0.4, None), "1", "1", ["1", "100", "300"]),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_sum_of_the_vessels_that_are_known_bounds_the_score_from_below(
    site: Site,
    vessels: tuple[float | None, ...],
    least: str,
    known: str,
    supposed: list[str],
    language: str,
) -> None:
    spoken, entered = site.speaking(language), _by_vessels(*vessels)
    view = _assess(spoken, **entered)
    assert view.calcium.score is None and view.calcium.is_known
    assert view.guidance.calcium_class == ("1,000 and over" if float(least) >= 1000 else "")
    assert view.growth.outlook is None
    texts = spoken.texts
    written = texts.write.whole(float(least))
    assert view.overview.calcium == (texts("overview.part_of_calcium", score=written, known=known),)
    assert ("≥" in view.overview.who[2]) == (least != "0")
    said = [
        dict(view.paragraphs)["comparison"],
        make_leaflet(view, simulated=False, date="", language=language).sections[1].sentences[0],
    ]
    for text in said:
        assert re.findall(r"\d+", text) == [known, "4", least]
    assert not any(phrase in str(view) for phrase in (texts("overview.no_calcium"), "no scan"))
    scores = suppose_calcium(site.assessor.scorer, _table(**entered), view.horizon)
    assert [score for score, _ in scores] == supposed
    risks = [risk for _, risk in scores]
    assert risks == sorted(risks)


@pytest.mark.parametrize("age", [18.0, 29.0, 85.0, 90.0, 110.0])
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_percentile_is_told_of_an_age_that_its_table_does_not_hold(
    site: Site, age: float, language: str
) -> None:
    spoken = site.speaking(language)
    view, within = (
        _assess(spoken, **_WELL, age=years, ethnicity="white", cac_agatston=50.0)
        for years in (age, 60.0)
    )
    texts = spoken.texts
    why, name = texts("calcium.no_age"), texts("calcium.cac_percentile")
    told = dict(row for _, rows in view.calcium.topics for row in rows)
    assert told[name] == why and why in view.overview.calcium
    assert why not in str(within.calcium.topics)
    # higher than in so many of 100 people
    assert "100" in dict(within.paragraphs)["comparison"]
    assert "100" not in dict(view.paragraphs)["comparison"]
    # below 100 units the goal of those without a table names the percentile in its own words
    assert texts.phrase("calcium score of 1 to 99 (below 70 at or above the 75th percentile)") in (
        view.guidance.goal
    )


_WELL = dict.fromkeys(("prior_cad", "prior_stroke", "prior_pad", "lipid_lowering"), 0.0)


@pytest.mark.parametrize("least", [0.0, 0.3, 50.0, 150.0, 350.0, 1000.0, 1200.0])
def test_what_is_told_of_a_part_of_the_score_is_what_any_total_has_told(
    site: Site, least: float
) -> None:
    part = _assess(site, **_WELL, cac_agatston_lad=least).guidance
    totals = [total for total in (0.0, 1.0, 60.0, 100.0, 360.0, 1000.0, 4000.0) if total >= least]
    told = [dict(_assess(site, **_WELL, cac_agatston=total).guidance.rows) for total in totals]
    for topic in ("calcium", "aspirin", "rescan", "ldl"):
        name = site.texts(f"guidance.topics.{topic}")
        said = {one.get(name, "") for one in told}
        score = site.texts.label(Dictionary.load()["cac_agatston"])
        hangs = "" if topic == "calcium" else site.texts("guidance.open", list=score)
        assert dict(part.rows).get(name, "") == (said.pop() if len(said) == 1 else hangs)


def test_treatments_are_decided_by_the_part_of_the_score_that_decides_them(site: Site) -> None:
    part, total = (
        {row.name: row.decision for row in view.treatments.offered}
        for view in (
            _assess(site, **_WELL, **{name: 1200.0})
            for name in ("cac_agatston_lad", "cac_agatston")
        )
    )
    assert part == total and part["statin_high"] == "recommended"


@pytest.mark.parametrize(
    ("known", "supposed"),
    [
        ({"lesion_count": 3.0}, ["100", "300", "1000"]),
        ({"cac_volume": 500.0}, ["100", "300", "1000"]),
        ({"vessel_count": 0.0}, ["0"]),
    ],
)
def test_no_score_is_supposed_that_what_is_known_contradicts(
    site: Site, known: dict[str, float], supposed: list[str]
) -> None:
    scores = suppose_calcium(site.assessor.scorer, _table(age=61.0, sex="male", **known), 10.0)
    assert [score for score, _ in scores] == supposed


def test_the_page_of_a_score_known_in_part_supposes_none_below(client: TestClient) -> None:
    entered = {"cac_agatston": "", **dict.fromkeys(list(_by_vessels(0, 0, 0, 0))[1:], "100")}
    page = client.post(
        "/new",
        data={"csrf": token_of(client.get("/new").text), "age": "60", "sex": "male", **entered},
    ).text
    shown = re.search(r'class="scenarios">(.*?)</p>', page, re.DOTALL)
    assert shown and re.findall(r">(\d+): ", shown[1]) == ["300", "1000", "3000"]
    assert "The total calcium score is not known." in shown[1]
    assert "at least 300 AU (sum of 3 of 4 vessels)" in page


def test_what_is_said_of_the_score_in_a_row_is_sentences(site: Site) -> None:
    view = _assess(site, cac_agatston=300.0, prior_cac_agatston=90.0, ethnicity="white")
    first, percentile, change = view.overview.calcium
    assert view.overview.calcium_sentences == f"{first}. {percentile} {change}"
    assert not first.endswith(".") and percentile.endswith(".") and change.endswith(".")
    assert compare(view, view, ValueWriter(Dictionary.load(), site.texts)).groups[0][1][
        -1
    ].first == (view.overview.calcium_sentences)


def test_the_sheet_for_printing_closes_the_class_before_the_percentile(
    site: Site, client: TestClient
) -> None:
    shown = 0
    for one in site.store.list_patients("patient_id", False, 9).patients:
        sheet = client.get(f"/patients/{one.key}/print").text
        found = re.search(r"CAC-DRS A\d(/N\d)?(.)", sheet)
        if found and one.cac > 0:
            assert found[2] == "."
            shown += 1
    assert shown


# treated for one more major bleeding: fewer than for one event less, and more
@pytest.mark.parametrize(("number", "harmful"), [(1.0, True), (1e6, False)])
@pytest.mark.parametrize("score", [100.0, 150.0, 400.0, 2000.0])
def test_guideline_and_panel_agree_on_aspirin(
    site: Site, score: float, number: float, harmful: bool
) -> None:
    effects = site.assessor.effects
    aspirin = effects["aspirin"]
    assert aspirin.harm is not None
    bleeds = replace(aspirin, harm=replace(aspirin.harm, number=number))
    assessor = replace(
        site.assessor, effects=replace(effects, options={**effects.options, "aspirin": bleeds})
    )
    well = dict.fromkeys(("prior_cad", "prior_stroke", "prior_pad", "vitamin_k_antagonist"), 0.0)
    table = _table(**well, antiplatelet="none", egfr=90.0, cac_agatston=score)
    view = assessor.assess(table, assessor.horizons[-1])
    said = dict(view.guidance.rows)["Aspirin"]
    assert ("aspirin" in {row.name for row in view.treatments.harmful}) == harmful
    assert ("harm likely exceeds the benefit" in said) == harmful
    assert ("may be considered" in said) != harmful


@pytest.mark.parametrize(
    "seen", [{"cac_volume": 120.0}, {"lesion_count": 2.0}, {"cac_density_hu": 260.0}]
)
def test_calcium_that_was_seen_is_no_score_of_0(site: Site, seen: dict[str, float]) -> None:
    view = _assess(site, **_WELL, **seen)
    nothing = _assess(site, **_WELL)
    name = site.texts("guidance.topics.rescan")
    assert view.calcium.score is None and nothing.calcium.score is None
    supposed = [one for one, _ in suppose_calcium(site.assessor.scorer, _table(**seen), 10.0)]
    assert supposed == ["100", "300", "1000"]
    blank = [one for one, _ in suppose_calcium(site.assessor.scorer, _table(), 10.0)]
    assert blank == ["0", "100", "300"]
    # diabetes would decide of the next scan after a score of 0 alone
    assert "Diabetes" not in dict(view.guidance.rows)[name]


def test_a_score_of_0_beside_calcium_is_to_be_checked(site: Site) -> None:
    check = site.texts("checks.zero")
    assert check in _assess(site, cac_agatston=0.0, cac_volume=30.0).overview.checks
    assert check not in _assess(site, cac_agatston=0.0, cac_volume=0.0).overview.checks
    assert check not in _assess(site, cac_agatston=5.0, cac_volume=30.0).overview.checks
    insulin = site.texts("checks.insulin")
    assert insulin in _assess(site, diabetes=0.0, insulin=1.0).overview.checks
    assert insulin not in _assess(site, diabetes=1.0, insulin=1.0).overview.checks


@pytest.mark.parametrize("now", [{}, {"cac_agatston_lad": 40.0}])
def test_an_earlier_score_stands_on_the_first_screen_where_there_is_none_of_now(
    site: Site, now: dict[str, float]
) -> None:
    scans = {"prior_cac_agatston": 400.0, "prior_scan_years": 3.0}
    lines = _assess(site, **scans, **now).overview.calcium
    assert len(lines) == 2 and "An earlier calcium score of 400 is recorded" in lines[1]
    assert len(_assess(site, **now).overview.calcium) == 1


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ethnicity": "black"}, "cac_percentile"),
        ({"ethnicity": "black", "age": 44.0}, "cac_percentile_alone"),
        ({}, "cac_percentile_alone"),
    ],
)
def test_a_percentile_is_named_for_what_it_compares(
    site: Site, values: dict[str, object], named: str
) -> None:
    topics = dict(_assess(site, **{"cac_agatston": 50.0, **values}).calcium.topics)
    told = [label for rows in topics.values() for label, _ in rows]
    both = {site.texts(f"calcium.{name}") for name in ("cac_percentile", "cac_percentile_alone")}
    assert both & set(told) == {site.texts(f"calcium.{named}")}


@pytest.mark.parametrize("earlier", ["prior_cac_agatston", "prior_cac_volume"])
@pytest.mark.parametrize("value", [None, 0.0, 40.0])
@pytest.mark.parametrize("seen", [False, True])
def test_that_there_was_no_scan_is_said_of_nobody_who_is_known_to_have_had_one(
    site: Site, earlier: str, value: float | None, seen: bool
) -> None:
    now = {"cac_density_hu": 250.0} if seen else {}
    before = {} if value is None else {earlier: value, "prior_scan_years": 3.0}
    view = _assess(site, **now, **before)
    leaflet = make_leaflet(view, simulated=False, date="", language="en").sections[1].sentences[0]
    assert ("no scan" in leaflet) == (value is None and not seen)
    assert ("found calcium" in leaflet) == (bool(value) or seen)
    assert ("found no calcium" in leaflet) == (value == 0 and not seen)
    none = site.texts("overview.no_calcium")
    recorded = value is not None and earlier == "prior_cac_agatston"
    assert (none in view.overview.calcium) != recorded


@pytest.mark.parametrize("score", [0.0, 5.0, 400.0])
def test_an_arterial_age_is_told_by_page_and_summary_or_by_neither(
    site: Site, score: float
) -> None:
    view = _assess(site, cac_agatston=score)
    told = "Arterial age" in str(view.calcium.topics)
    assert told == ("the risk is like that at age" in dict(view.paragraphs)["comparison"])
    assert told == (score > 0)
