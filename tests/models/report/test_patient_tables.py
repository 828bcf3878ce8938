from __future__ import annotations

from dataclasses import replace

import pandas as pd

from models.report.material import Material
from models.report.rendering import render_card, render_report
from models.report.tables.patient_tables import (
    analysis_table,
    characteristics_table,
    complete_variables,
    missing_table,
)


def test_missing_values_are_counted_and_small_counts_hidden(material: Material) -> None:
    rows = missing_table(material).rows
    assert rows == (("LDL cholesterol", "100", "25.0"), ("HbA1c", "<10", "–"))
    assert complete_variables(material) == ["Age"]


def test_a_variable_that_few_or_none_have_is_told_as_that(material: Material) -> None:
    shares = {"lpa_molar": 0.9925, "hba1c": 1.0}
    ingest = {**material.ingest, "patients": 401, "missing_share": shares}
    rows = missing_table(replace(material, ingest=ingest)).rows
    assert [row[1:] for row in rows] == [("401", "100.0"), ("all but <10", "–")]


def test_each_analysis_tells_its_patients_and_events(material: Material) -> None:
    sizes = [row[1:] for row in analysis_table(material).rows]
    assert sizes == [("300", "45", "15"), ("100", "15", "5"), ("400", "60", "20")]


def test_table_one_is_shown_in_the_words_of_the_dictionary(material: Material) -> None:
    table = pd.DataFrame(
        {
            "variable": ["age", "sex"],
            "level_or_unit": ["years", None],
            "overall": ["60 (9)", "<5"],
        }
    )
    shown = characteristics_table(replace(material, tables={"table_one": table}))
    assert shown.columns == ("Variable", "Level or unit", "All")
    assert shown.rows == (("Age", "years", "60 (9)"), ("Sex", "", "<5"))


def test_analyses_count_who_was_judged(material: Material) -> None:
    account = {"patients": 380, "of": 400, "events": "60", "competing_events": "<10"}
    said = "About 20 of 400 cross-validated patients are not judged: why."
    about = {"judged": {"cross_validation": account}, "not_judged": [said]}
    judged = replace(material, design={**material.design, **about})
    assert analysis_table(judged).rows[-1][1:] == ("380", "60", "<10")
    assert said in render_report(judged)
    assert said in render_card(judged)
