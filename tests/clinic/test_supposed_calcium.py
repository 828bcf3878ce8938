"""What the page says of calcium that the risk supposes."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from clinic.patient.leaflets import make_leaflet
from clinic.patient.suppositions import suppose_calcium
from clinic.site import Site
from features.dictionary.dictionary import Dictionary
from tests.clinic.test_calcium import _assess as assess
from tests.clinic.test_calcium import _by_vessels as by_vessels


@pytest.mark.parametrize("vessels", [{}, by_vessels(0.0, 0.0, 0.0, None)], ids=["none", "three"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_an_earlier_score_is_the_least_that_the_page_tells_of(
    site: Site, vessels: dict[str, float | None], language: str
) -> None:
    spoken = site.speaking(language)
    view = assess(spoken, **vessels, prior_cac_agatston=250.0, prior_scan_years=5.0)
    said = [
        view.overview.calcium[0],
        view.overview.who[2],
        dict(view.paragraphs)["comparison"],
        make_leaflet(view, simulated=False, date="", language=language).sections[1].sentences[0],
        dict(view.calcium.topics)[spoken.texts("calcium.amount")][0][1],
    ]
    for text in said:
        assert re.findall(r"\d+", text) == ["250"]
    label = spoken.texts.label(Dictionary.load()["cac_agatston"])
    assert label in view.quality.missing
    assert not next(theme for theme in view.overview.themes if theme.name == "calcium").estimated
    assert {s.value for s in view.steps if s.label == label} <= {spoken.texts("values.missing")}


def test_a_speck_that_is_read_as_none_is_not_shown_as_none(site: Site) -> None:
    shown = assess(site, cac_agatston=3.0, cac_density_score=4.0)
    assert "vessel" not in str(dict(shown.calcium.topics).get(site.texts("calcium.spread"), ""))
    derived = [s for s in shown.steps if s.value == site.texts("values.derived")]
    assert not [s for s in derived if s.label.startswith("Calcium score, ")]


def test_a_model_that_knows_no_total_supposes_none(site: Site) -> None:
    scorer, covariates = site.assessor.scorer, pd.DataFrame({"age": [61.0], "sex": ["male"]})
    assert suppose_calcium(scorer, covariates, 10.0)
    blind: Any = SimpleNamespace(predictor=SimpleNamespace(feature_names=["age", "sex_male"]))
    assert suppose_calcium(blind, covariates, 10.0) == ()


@pytest.mark.parametrize(
    ("values", "diseased"),
    [
        ({}, False),
        (
            dict.fromkeys(("prior_cad", "prior_stroke", "prior_pci", "prior_cac_agatston"), 0.0),
            False,
        ),
        ({"cad_rads": "0"}, False),
        ({"cad_rads": "4a"}, True),
        *(({name: 1.0}, True) for name in ("prior_cad", "prior_stroke", "prior_pad", "prior_aaa")),
        ({"prior_cac_volume": 30.0}, True),
        ({"noncalcified_plaque_volume": 180.0}, True),
    ],
)
def test_what_a_score_of_0_does_not_undo_is_known_to_the_leaflet_and_the_next_scan(
    site: Site, values: dict[str, Any], diseased: bool
) -> None:
    known = {"prior_scan_years": 4.0} if "prior_cac_volume" in values else {}
    view = assess(site, cac_agatston=0.0, **known, **values)
    assert view.calcium.diseased == diseased
    said = make_leaflet(view, simulated=False, date="", language="en").sections[1].sentences[0]
    assert ("good news" in said) == (not diseased)


@pytest.mark.parametrize(
    ("values", "contradicted"),
    [({}, False), ({"cac_volume": 0.0}, False)]
    + [({name: 140.0}, True) for name in ("cac_density_hu", "cac_volume_130_199")]
    + [({"cac_volume": 8.0}, True), ({"spotty_lesion_count": 2.0}, True)],
)
def test_no_page_says_that_no_calcium_was_seen_where_some_was_measured(
    site: Site, values: dict[str, Any], contradicted: bool
) -> None:
    view = assess(site, cac_agatston=0.0, **values)
    leaflet = make_leaflet(view, simulated=False, date="", language="en").sections[1].sentences[0]
    summary = dict(view.paragraphs)["comparison"]
    assert ("found no calcium" in leaflet) == ("No calcium was seen" in summary) != contradicted
    assert any("a score of 0 recorded" in one for one in view.overview.checks) == contradicted
