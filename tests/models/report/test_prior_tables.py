from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from models.report.material import Material
from models.report.rendering import render_card, render_report
from models.report.tables.prior_tables import describe_prior, published_table
from models.report.words import Words
from tests.models.report.conftest import SVG

CONFLICT = "The cohort contradicts what is published: Smoking (current)."


@pytest.fixture
def effects() -> pd.DataFrame:
    """A published effect that the cohort bears out, one that it contradicts, and no effect."""
    rows = [
        ("hdl_cholesterol", "hdl_cholesterol", -0.0114, 0.006, 0.001, 0.006, -0.005, 0.006, 10.0),
        ("smoking_status_current", "smoking_status", 0.37, 0.2, -0.99, 0.18, 0.0, 0.0, 1.0),
        ("cholesterol_ratio", "total_cholesterol", 0.0, 0.05, 0.01, 0.05, 0.0, 0.0, 1.0),
    ]
    names = ("feature", "variable", "published", "published_width", "cohort", "cohort_error")
    table = pd.DataFrame(rows, columns=[*names, "used", "used_error", "per"])
    return table.assign(contradicts=[False, True, False], ratio="hazard")


def _trusted(material: Material, **trust: float) -> Material:
    causes = {
        name: {**cause, "linear": {**cause["linear"], **trust}}
        for name, cause in material.training["causes"].items()
    }
    return replace(material, training={**material.training, "causes": causes})


@pytest.mark.parametrize("kind", Words.load().content["figures"])
def test_every_figure_that_has_a_caption_is_shown(material: Material, kind: str) -> None:
    page = render_report(replace(material, figures={f"{kind}_held_out_7y": SVG}))
    caption = str(Words.load().content["figures"][kind])
    told = caption.format(patients=Words.load().of("evaluations", "held_out"), horizon="7")
    assert f"<figcaption>{told}" in page.replace("&#39;", "'")


def test_effects_that_are_published_stand_beside_those_of_the_cohort(
    material: Material, effects: pd.DataFrame
) -> None:
    shown = replace(material, tables={**material.tables, "published_effects": effects})
    rows = published_table(shown).rows
    assert [row[0] for row in rows] == ["HDL cholesterol, per 10 mg/dL", "Smoking (current)"]
    assert [cell.split("\n")[0] for cell in rows[1][1:4]] == ["1.45", "0.37", "1.00"]
    assert [row[4] for row in rows] == ["", "cohort contradicts publication"]
    assert "Smoking (current)" in render_report(shown)


@pytest.mark.parametrize(
    ("trust", "towards"),
    [
        ({"prior_mean": 1.0, "prior_width": 2.0}, "towards the published values, not towards no"),
        ({"prior_mean": 0.5, "prior_width": 1.0}, "towards this share of the published values"),
        ({"prior_mean": 0.0, "prior_width": 1.0}, "towards no effect"),
        ({"ridge_penalty": 0.01}, "towards no effect"),
    ],
)
def test_the_methods_say_where_the_linear_part_starts_and_how_far_that_was_trusted(
    material: Material, trust: dict[str, float], towards: str
) -> None:
    told = describe_prior(_trusted(material, **trust))
    assert "starts from published effects" in told[0]
    assert all(towards in sentence for sentence in told[1:])
    assert all(f"{value:.4g}" in told[1] for value in trust.values())
    page = render_report(_trusted(material, **trust))
    assert all(sentence in page for sentence in told)


def test_whoever_reads_the_report_learns_which_events_published_effects_are_of(
    material: Material,
) -> None:
    trusted = _trusted(material, prior_mean=1.0, prior_width=1.0)
    assert not any("known disease" in one for one in describe_prior(trusted))
    for share, said in ((0.3, "Some 30 % of the patients"), (1.0, "All or nearly all patients")):
        diseased = replace(trusted, training={**trusted.training, "known_disease": share})
        (told,) = (one for one in describe_prior(diseased) if "known disease" in one)
        assert told.startswith(said) and told in render_report(diseased)


def test_effects_of_recurrent_events_that_were_set_aside_are_said_to_be(material: Material) -> None:
    trusted = _trusted(material, prior_mean=1.0, prior_width=1.0, first_events=1.0)
    told = describe_prior(replace(trusted, training={**trusted.training, "known_disease": 1.0}))
    assert any("recurrent events were set aside" in one for one in told)
    assert not any("are those of recurrent events" in one for one in told)


def test_effects_that_were_taken_to_be_sparse_are_said_to_be(material: Material) -> None:
    trust = {"prior_mean": 1.0, "prior_width": 0.5}
    plain, sparse = (_trusted(material, **trust), _trusted(material, **trust, sparse=1.0))
    more = set(describe_prior(sparse)) - set(describe_prior(plain))
    assert more and all("Student t prior" in sentence for sentence in more)
    assert all(sentence in render_report(sparse) for sentence in more)


def test_what_is_heavily_shrunk_is_said_to_be_shrunk_towards_what_it_is_shrunk_towards(
    material: Material,
) -> None:
    few: dict[str, Any] = {**material.training, "events_per_feature": 4.0}
    few_events = replace(material, training=few)
    trusting = render_report(_trusted(few_events, prior_mean=1.0, prior_width=1.0))
    assert "heavily shrunk, towards the published effects, not towards no effect," in trusting
    ignoring = render_report(_trusted(few_events, prior_mean=0.0, prior_width=1.0))
    assert "heavily shrunk, towards no effect," in ignoring


def test_whoever_reads_the_report_learns_what_the_cohort_contradicts(material: Material) -> None:
    training = {**material.training, "conflicts": [CONFLICT], "warnings": [CONFLICT]}
    contradicting = _trusted(replace(material, training=training), prior_mean=1.0, prior_width=1.0)
    page = render_report(contradicting)
    assert page.count(CONFLICT) == 2  # in the summary and in the methods
    assert CONFLICT in render_card(contradicting)
