from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from clinic.patient.themes import COMPETING, Theme, fold_themes, theme_of
from clinic.site import Site
from clinic.words.texts import load_texts
from features.cohort_map.own_variables import read_own_variables
from features.derivation.catalogue import CATALOGUE
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from models.explanation.explanation import OTHER_CAUSES_LABEL
from models.margins import REACH
from models.plain_language.leaflet import load_leaflet_texts
from models.uncertainty.risk_interval import contribution_spread

DICTIONARY = Dictionary.load()
_UNTREATED = {"ldl_cholesterol": 220.0, "statin_intensity": "none"}


def _fold(
    points: dict[str, float], dictionary: Dictionary = DICTIONARY, **patient: Any
) -> dict[str, Theme]:
    folded = fold_themes(pd.Series(points), {}, patient, dictionary, load_texts())
    return {theme.name: theme for theme in folded}


def test_themes_sum_to_what_their_variables_sum_to() -> None:
    points = {"age": 4.0, "hba1c": 2.5, "diabetes": -0.7, OTHER_CAUSES_LABEL: -1.0}
    assert sum(theme.points for theme in _fold(points).values()) == pytest.approx(4.8)


def test_what_a_cohort_alone_records_is_named_and_no_other_thing() -> None:
    """The strongest reason of a patient may be a protein that no dictionary knows."""
    number = {"unit": "ng/mL", "range": ["0", "100"]}
    own = {"galectin": {"label": "Galectin-3", **number}, "pump": {"label": "Pump time", **number}}
    known = DICTIONARY.extended(read_own_variables("clinic.yaml", own))
    themes = _fold({"galectin": 9.0, "pump": 3.0, "hscrp": 1.0, "ntprobnp": 2.0}, known)
    told = {theme.label: theme.points for theme in themes.values()}
    texts = load_texts()
    assert told == {
        "Galectin-3": 9.0,
        "Pump time": 3.0,
        texts("themes.pump"): 2.0,
        texts("themes.other"): 1.0,
    }


def test_what_measures_one_thing_stands_in_one_bar() -> None:
    # "no diabetes" beside an HbA1c of 12: one bar of glucose, not two of opposite signs
    themes = _fold({"hba1c": 3.0, "diabetes": 0.4, "glucose": -0.9}, diabetes=0.0, hba1c=12.0)
    assert list(themes) == ["diabetes"]
    assert themes["diabetes"].points == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("points", "patient", "theme"),
    [
        ({"smoking_status": -1.2}, {"smoking_status": "current"}, "smoking"),
        ({"uacr": -0.6}, {"uacr": 300.0}, "kidney"),
        (
            {"ldl_cholesterol": -2.0},
            {"ldl_cholesterol": 220.0, "statin_intensity": "none"},
            "lipids",
        ),
        ({"diabetes": -0.5}, {"diabetes": 1.0}, "diabetes"),
        ({"heart_failure": -0.5}, {"heart_failure": 1.0}, "history"),
        ({"atrial_fibrillation": -0.5}, {"atrial_fibrillation": 1.0}, "history"),
        ({"ejection_fraction": -0.5}, {"ejection_fraction": 30.0}, "pump"),
    ],
)
def test_a_known_risk_that_lowers_the_estimate_is_marked_and_not_read_as_protection(
    points: dict[str, float], patient: dict[str, Any], theme: str
) -> None:
    assert _fold(points, **patient)[theme].contrary
    raised = {name: -value for name, value in points.items()}
    assert not _fold(raised, **patient)[theme].contrary


@pytest.mark.parametrize(
    ("points", "unknown", "known"),
    [
        ({"hba1c": 3.0, "glucose": 1.0}, {"glucose": True}, 3.0),
        ({"hba1c": -2.0, "glucose": 1.5}, {"glucose": True}, -2.0),
        ({"smoking_status": 1.2}, {"smoking_status": True}, 0.0),
    ],
)
def test_a_theme_knows_what_of_it_comes_from_known_values(
    points: dict[str, float], unknown: dict[str, bool], known: float
) -> None:
    (theme,) = fold_themes(pd.Series(points), unknown, {}, DICTIONARY, load_texts())
    assert theme.known == pytest.approx(known)
    assert theme.is_reason == (known != 0)


@pytest.mark.parametrize(
    ("reach", "named"), [({}, True), ({"pressure": 0.4}, True), ({"pressure": 0.6}, False)]
)
def test_what_may_raise_or_lower_the_risk_is_no_reason(
    reach: dict[str, float], named: bool
) -> None:
    for points in (0.5, -0.5):
        variables = pd.Series({"systolic_bp": points})
        (theme,) = fold_themes(variables, {}, {}, DICTIONARY, load_texts(), reach)
        assert theme.is_reason == named


def test_a_theme_of_the_page_reaches_as_far_as_its_variables_together(
    site: Site, covariates: pd.DataFrame
) -> None:
    scorer, patient = site.assessor.scorer, covariates.iloc[[0]]
    assert scorer.interval is not None and scorer.explainer is not None
    features = scorer.derive(Columns(patient, scorer.dictionary))
    explanation = scorer.explainer.explain(features, 10.0)
    owners = {one.name: theme_of(one.variable, DICTIONARY) for one in CATALOGUE}
    spread = contribution_spread(
        scorer.interval, scorer.explainer, features, explanation.worth, owners
    )
    for theme in site.assessor.assess(patient, 10.0).overview.every_theme:
        reach = None if theme.name == COMPETING else 100 * REACH * spread.iloc[0][theme.name]
        limits = None if reach is None else (theme.points - reach, theme.points + reach)
        assert theme.limits == (None if limits is None else pytest.approx(limits))


def test_the_leaflet_tells_no_illness_where_a_drug_may_be_all_that_is_known() -> None:
    of_drugs = {
        theme_of(name, DICTIONARY) for name in DICTIONARY if DICTIONARY[name].group == "therapy"
    }
    for language, illness in (("en", r"\bill"), ("de", "Krankheit")):
        words = load_leaflet_texts(language)
        for theme in of_drugs - {"other"}:
            assert not re.search(illness, words[f"themes.{theme}"])


def test_other_causes_of_death_are_no_reason_of_a_patient() -> None:
    assert not _fold({OTHER_CAUSES_LABEL: 1.0})[COMPETING].is_reason


def test_never_having_smoked_may_lower_the_estimate() -> None:
    assert not _fold({"smoking_status": -1.2}, smoking_status="never")["smoking"].contrary


def test_every_variable_has_a_theme_and_other_causes_of_death_their_own() -> None:
    texts = load_texts()
    for name in DICTIONARY:
        assert texts(f"themes.{theme_of(name, DICTIONARY)}")
    assert theme_of(OTHER_CAUSES_LABEL, DICTIONARY) == COMPETING
