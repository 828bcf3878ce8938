"""What is said of a value, and the class, rule or scale beside it, are of one mind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clinic.patient.assessor import Assessment
from clinic.patient.calcium import describe_percentile
from clinic.patient.guidance import hold
from clinic.patient.overview import tell_of_hundred
from clinic.scored_patients.store import Listed, ListPage
from clinic.site import Site
from clinic.words.texts import load_texts
from clinic.words.values import ValueWriter
from features.dictionary.dictionary import Dictionary
from models.treatment_effects.conditions import Rule

DICTIONARY = Dictionary.load()
MAN = {"age": 60.0, "sex": "male", "ldl_cholesterol": 130.0, "diabetes": 0.0}


def _assess(site: Site, horizon: float = 10.0, **values: object) -> Assessment:
    table = pd.DataFrame({name: [value] for name, value in {**MAN, **values}.items()})
    return site.assessor.assess(table.astype({"sex": "str"}), horizon)


@pytest.mark.parametrize("score", [0.4, 99.5, 99.99, 299.6, 999.7])
def test_the_score_that_is_said_is_of_the_class_that_is_said(site: Site, score: float) -> None:
    view = _assess(site, cac_agatston=score, prior_cac_agatston=score, prior_scan_years=2.0)
    guideline = site.assessor.guideline
    told = [*view.overview.who, *view.overview.calcium, *map(str, view.calcium.topics)]
    assert view.growth.outlook is not None
    told += [*view.growth.outlook.next_scan, str(view.growth.outlook.fan)]
    said = [
        float(number)
        for line in told
        for number in re.findall(r"(?:CAC |[Ss]core (?:of |now )?|\(Agatston\)', ')(\d+)", line)
    ]
    assert len(said) >= 3
    assert {guideline.calcium_class(one) for one in said} == {guideline.calcium_class(score)}


@pytest.mark.parametrize(("value", "said"), [(74.4, "74th"), (74.9, "74th"), (75.0, "75th")])
def test_a_percentile_is_said_from_where_rules_begin(value: float, said: str) -> None:
    features = pd.Series({"cac_percentile": value, "log_cac": 4.0})
    assert describe_percentile({"age": 60.0}, features, load_texts()).startswith(said)


@pytest.mark.parametrize("scale", ["risk", "earlier"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_risk_is_written_within_its_category(site: Site, scale: str, language: str) -> None:
    categories = getattr(site.assessor.guideline, scale)
    write = load_texts(language).write
    for bound in categories.bounds:
        near = [bound + side * 10.0**-power for power in range(2, 9) for side in (-1, 0, 1)]
        for risk in near:
            for write_one in (write.percent, write.tenths):
                written = write_one(risk, categories.bounds)
                read = float(written.split()[0].replace(",", ".")) / 100
                assert categories.category(read) == categories.category(risk)


def test_the_list_writes_a_risk_within_the_category_beside_it(site: Site) -> None:
    risks = (*[0.01] * (len(site.store.horizons) - 1), 0.0747)
    page = ListPage((Listed("k", "p", risks, "", 0, "", category="borderline"),), False, False)
    told = site.write(
        "patients.html",
        page=page,
        bounds=site.assessor.guideline.earlier.bounds,
        store=site.store,
        years=site.store.horizons,
        size=50,
        sort="",
        descending=False,
        found=True,
        category="",
        flag="",
        flags=(),
    )
    assert "7.47\xa0%" in told and "7.5\xa0%" not in told


def test_a_category_of_the_guideline_is_that_of_the_risk_written_beside_it(site: Site) -> None:
    scale = site.assessor.guideline.risk
    known: dict[str, Any] = {
        **{"total_cholesterol": 200.0, "hdl_cholesterol": 50.0, "egfr": 85.0, "bp_treated": 0.0},
        **{"smoking_status": "never", "statin_intensity": "none"},
    }
    seen = set()
    for pressure in np.arange(110.0, 180.0, 1.0):
        view = _assess(site, systolic_bp=pressure, **known)
        said = dict(view.guidance.rows)["Risk category"].split(";")[0]
        read = float(re.findall(r": ([\d.]+)", said)[0]) / 100
        assert said.startswith(scale.category(read).title())
        seen.add(scale.category(read))
    assert len(seen) > 1


def test_the_categories_of_ten_years_stand_on_no_other_scale(site: Site) -> None:
    drawn = {
        years: str(_assess(site, years, cac_agatston=150.0).overview.scale)
        for years in site.assessor.horizons
    }
    assert 10.0 in drawn and len(drawn) > 1
    for years, scale in drawn.items():
        assert ("stroke-dasharray" in scale) == (years == 10.0)
        assert ("guideline categories" in scale) == (years == 10.0)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("risk", "after"), [(0.001, None), (0.004, 0.002), (0.007, 0.004)])
def test_a_small_risk_is_not_said_to_befall_nobody(
    risk: float, after: float | None, language: str
) -> None:
    events, spared, words = tell_of_hundred(risk, after, load_texts(language))
    assert (events, spared) == (0, 0)
    assert not re.search(r"\b0\b", words) and "1" in words.replace("100", "")
    assert tell_of_hundred(0.071, 0.051, load_texts(language))[:2] == (7, 2)


def test_a_pressure_below_a_threshold_is_not_said_to_be_at_it(site: Site) -> None:
    for pressure, said in ((129.5, "129.5"), (130.0, "130")):
        view = _assess(site, systolic_bp=pressure, diastolic_bp=80.0, cac_agatston=150.0)
        assert f"BP {said}/80 mmHg" in view.overview.who
        offered = [row.name for row in view.treatments.offered]
        assert ("bp_lowering" in offered) == (pressure >= 130)


def _rules(part: object) -> Iterator[Rule]:
    """Every rule on a variable that guidelines or treatments are made of."""
    if isinstance(part, Rule):
        yield part
    elif isinstance(part, Mapping):
        yield from (rule for one in part.values() for rule in _rules(one))
    elif isinstance(part, tuple):
        yield from (rule for one in part for rule in _rules(one))
    elif is_dataclass(part):
        yield from (rule for one in vars(part).values() for rule in _rules(one))


def test_a_value_is_held_against_a_limit_as_it_is_written(site: Site) -> None:
    dictionary, writer = site.assessor.scorer.dictionary, ValueWriter(DICTIONARY, site.texts)
    held = {
        (rule.variable, limit)
        for part in (site.assessor.guideline, site.assessor.effects)
        for rule in _rules(part)
        for limit in (rule.at_least, rule.below)
        if limit is not None and rule.variable in dictionary
        if dictionary[rule.variable].unit not in (None, "AU")
    }
    assert len(held) > 20
    # 4.9 mmol/L are 189.5 mg/dL: that limit is named in both units
    for name, limit in held - {(one, 189.4) for one in ("ldl_cholesterol", "ldl_before_treatment")}:
        for value in np.linspace(max(limit - 0.6, 0.2), limit + 0.6, 41):
            written = re.match(r"[\d,.]+", writer.say(name, value))
            assert written
            said = float(written[0].replace(",", ""))
            assert (hold({name: value})[name] >= limit) == (said >= limit), (name, limit, value)


def test_a_value_is_written_in_the_unit_that_it_was_entered_in(site: Site) -> None:
    table = pd.DataFrame({"age": [60.0], "sex": ["male"], "ldl_cholesterol": [1.8 * 38.67]})
    entered = {"ldl_cholesterol": "mmol/L"}
    view = site.assessor.assess(table.astype({"sex": "str"}), 10.0, units=entered)
    assert "LDL 1.8 mmol/L" in view.overview.who


def test_scores_are_written_downwards_between_all_classes(site: Site) -> None:
    write = site.texts.write
    for below, step in pairwise(site.assessor.guideline.classes):
        if step.start > 1:
            assert float(write.score(np.nextafter(step.start, 0.0))) >= below.start
            assert float(write.score(np.nextafter(step.start, 0.0))) < step.start
        assert float(write.score(step.start)) == step.start


@pytest.mark.parametrize(("total", "told"), [(60.0, False), (90.0, True)])
def test_no_ldl_is_told_where_the_total_leaves_hardly_any(
    site: Site, total: float, told: bool
) -> None:
    panel = {"total_cholesterol": total, "hdl_cholesterol": 45.0, "triglycerides": 100.0}
    view = _assess(site, ldl_cholesterol=np.nan, cac_agatston=150.0, **panel)
    assert ("–" in view.overview.who[3]) != told
    assert ("At goal" in view.guidance.goal) == told
