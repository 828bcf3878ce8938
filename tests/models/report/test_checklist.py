from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from features.cohort_map.cohort_map import STUDY_KEYS
from models.report.checklist import answer_items, read_checklist, state_facts
from models.report.material import Material
from models.report.rendering import render_report

# Parts of each of the 27 items (Collins et al., BMJ 2024;385:e078378, table 2); 0: undivided.
PARTS = {
    **dict.fromkeys(range(1, 28), 0),
    **{3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3},
}


def test_every_item_of_the_statement_stands_there_once_and_in_order(material: Material) -> None:
    expected = [
        f"{item}{letter}"
        for item, parts in PARTS.items()
        for letter in ("abcdefg"[:parts] if parts else [""])
    ]
    assert [one.item for one in answer_items(material)] == expected
    assert len(expected) == 52


def test_every_item_leads_to_a_place_of_the_report_or_gives_a_reason(material: Material) -> None:
    places = set(re.findall(r' id="([^"]+)"', render_report(material)))
    for one in answer_items(material):
        assert one.section in places, one.item
        assert one.note or one.status == "answered", one.item


def test_a_statement_of_the_run_or_of_the_map_is_shown_as_written(material: Material) -> None:
    cohort = {**material.cohort, "study": {"ethics": "Board 7, written consent."}}
    facts = state_facts(replace(material, cohort=cohort, statements={"funding": "Nobody paid."}))
    assert (facts["ethics"].text, facts["ethics"].status) == (
        "Board 7, written consent.",
        "answered",
    )
    assert facts["funding"].text == "Nobody paid."


def test_what_nobody_stated_is_said_to_be_on_no_record(material: Material) -> None:
    fact = state_facts(material)["funding"]
    assert fact.status == "nothing on record"
    assert "report.funding" in fact.where


def test_for_simulated_patients_every_item_is_answered_or_not_applicable(
    material: Material,
) -> None:
    simulated = replace(material, model={**material.model, "simulated": True})
    facts = state_facts(simulated)
    assert facts["ethics"].status == "not applicable"
    assert all(fact.text for fact in facts.values())


def test_an_item_whose_table_is_absent_is_answered_in_part(material: Material) -> None:
    by_number = {one.item: one for one in answer_items(material)}
    assert by_number["14"].status == "in part"
    table = pd.DataFrame({"subgroup": ["sex"]})
    full = replace(material, tables={**material.tables, "subgroups": table})
    assert {one.item: one for one in answer_items(full)}["14"].status == "answered"


def test_every_fact_of_the_checklist_belongs_to_an_item_or_to_a_section() -> None:
    checklist = read_checklist()
    used = {entry["fact"] for entry in checklist["items"] if "fact" in entry}
    assert set(checklist["facts"]) - used == {"representation", "sample_size"}


def test_a_map_may_state_every_fact_that_the_checklist_asks_of_it() -> None:
    asked = {
        name
        for name, fact in read_checklist()["facts"].items()
        if fact["where"] == f"study.{name} in the cohort's map"
    }
    assert asked == set(STUDY_KEYS)
