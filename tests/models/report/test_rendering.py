from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from models.report.material import Material
from models.report.rendering import render_card, render_report
from tests.models.report.conftest import SVG, difference, metrics

VOID = {"meta", "link", "br", "img"}


class Outline(HTMLParser):
    """Ids, links, addresses and unclosed elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links |= {given["href"] or ""} if tag == "a" else set()
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())


def lead(page: str) -> str:
    """All that is said before the first table or list of the summary."""
    found = re.search(r'<p class="lead">(.*?)(?:<div|<dl)', page, flags=re.DOTALL)
    assert found is not None
    return found[1]


def verdict(page: str) -> str:
    found = re.search(r'<p class="lead">(.*?)</p>', page, flags=re.DOTALL)
    assert found is not None
    return found[1]


def test_the_first_paragraph_says_what_is_not_beaten(compared: Material) -> None:
    said = verdict(render_report(compared))
    assert "worse than old score" in said
    assert "not demonstrably better than XGBoost Cox" in said
    assert "better discrimination than its linear part alone" in said


def test_the_verdict_is_two_sentences_and_a_table_of_all_models_follows(
    compared: Material,
) -> None:
    page = render_report(compared)
    assert len(re.findall(r"\.(?:\s|$)", verdict(page))) == 2
    assert len(verdict(page).split()) < 70
    table = page[page.index('id="standings"') :]
    table = table[: table.index("</table>")]
    for said in ("calcirisk", "C-index", "ΔC", "Observed / expected", "0.700"):
        assert said in table
    assert page.index('class="lead"') < page.index('id="standings"') < page.index('id="purpose"')


def test_calibration_and_every_models_c_index_are_drawn_on_the_first_page(
    compared: Material,
) -> None:
    names = ("calibration_cross_validation_10y", "discrimination_cross_validation")
    others = ("calibration_cross_validation_5y", "calibration_held_out_10y")
    page = render_report(replace(compared, figures=dict.fromkeys((*names, *others), SVG)))
    first = page[: page.index('id="purpose"')]
    assert [name for name in names if f"figure-{name}" in first] == list(names)
    assert [name for name in others if f"figure-{name}" in first] == []


def test_the_first_paragraph_of_the_card_says_the_same(compared: Material) -> None:
    assert "and worse than old score" in render_card(compared)


def test_a_lead_that_the_held_out_patients_do_not_show_is_not_left_at_that(
    material: Material,
) -> None:
    rows = [
        difference("ridge_cox", 0.02, 0.01),
        difference("ridge_cox", 0.01, 0.02, evaluation="held_out"),
    ]
    tables = {
        "metrics": pd.DataFrame([*metrics(), *metrics(evaluation="held_out", n=100)]),
        "differences": pd.DataFrame(rows),
    }
    said = lead(render_report(replace(material, tables=tables)))
    assert "no lead over its linear part alone is shown" in said


def test_who_leads_on_the_held_out_patients_alone_is_named_in_bold(material: Material) -> None:
    rows = [
        difference("ridge_cox", 0.02, 0.01),
        difference("ridge_cox", -0.03, 0.01, evaluation="held_out"),
    ]
    tables = {
        "metrics": pd.DataFrame([*metrics(), *metrics(evaluation="held_out", n=100)]),
        "differences": pd.DataFrame(rows),
    }
    said = lead(render_report(replace(material, tables=tables)))
    bold = "".join(re.findall(r"<strong>(.*?)</strong>", said, flags=re.DOTALL))
    assert "alone it discriminates worse than its linear part alone (ΔC −0.0300" in bold
    assert "no lead over" not in said


def test_risks_that_are_wrong_on_average_are_called_so(material: Material) -> None:
    table = material.tables["metrics"].copy()
    table.loc[table["metric"] == "observed_over_expected", "estimate"] = 1.4
    said = lead(render_report(replace(material, tables={"metrics": table})))
    assert "risk is underestimated." in said
    table.loc[table["metric"] == "observed_over_expected", "lower"] = 0.9
    table.loc[table["metric"] == "observed_over_expected", "upper"] = 1.9
    said = lead(render_report(replace(material, tables={"metrics": table})))
    assert "risk is underestimated, though the deviation is within chance." in said


@pytest.mark.parametrize(("simulated", "banner"), [(True, "Simulated cohort"), (False, "Research")])
def test_the_banner_stands_above_everything(
    material: Material, simulated: bool, banner: str
) -> None:
    material = replace(material, model={**material.model, "simulated": simulated})
    page = render_report(material)
    assert page.index(f'<p class="banner">{banner}') < page.index("<main")
    assert banner in render_card(material)


def test_the_page_is_well_formed_with_unique_ids_and_links_that_lead_somewhere(
    compared: Material,
) -> None:
    figures = {"calibration_held_out_10y": SVG, "calibration_held_out_5y": SVG, "strange": SVG}
    outline = Outline(render_report(replace(compared, figures=figures)))
    assert outline.open == []
    assert [name for name, n in Counter(outline.ids).items() if n > 1] == []
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)


def test_the_page_asks_the_network_for_nothing(material: Material) -> None:
    page = render_report(replace(material, figures={"beeswarm": SVG}))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script" not in page and "@import" not in page and "url(http" not in page


def test_names_from_a_cohort_file_cannot_become_markup(material: Material) -> None:
    page = render_report(material)
    assert "Drawn <cohort>" not in page
    assert "Drawn &lt;cohort&gt;" in page


def test_what_is_absent_is_named_and_nothing_fails(material: Material) -> None:
    page = render_report(replace(material, tables={}))
    for name in ("metrics", "differences", "reference_scores", "subgroups", "table_one"):
        assert re.search(rf"Not in this run:</strong> {name}.csv", page)
    assert "Performance has not been evaluated yet." in lead(page)


def test_what_other_causes_of_death_are_made_of_can_be_opened(material: Material) -> None:
    row = {"label": "Age", "mean_size_points": 1.25, "lowest_5_percent_points": -3.0}
    table = pd.DataFrame([{**row, "highest_5_percent_points": 0.5}])
    page = render_report(replace(material, tables={**material.tables, "other_causes": table}))
    assert "Contributions to “Death from other causes”" in page
    assert "1.25" in page
    assert "Contributions to “Death" not in render_report(material)


def test_findings_in_subgroups_stand_on_the_first_page(material: Material) -> None:
    gaps = pd.DataFrame({"subgroup": ["sex", "sex"], "finding": ["Risks of women too low.", None]})
    page = render_report(replace(material, tables={**material.tables, "subgroup_gaps": gaps}))
    assert "Risks of women too low." in page[: page.index('id="purpose"')]


def test_every_table_names_its_columns_and_rows(compared: Material) -> None:
    page = render_report(compared)
    for table in re.findall(r"<table>.*?</table>", page, flags=re.DOTALL):
        assert "<caption>" in table
        assert table.count('<th scope="row">') == table.count("<tr>") - 1
