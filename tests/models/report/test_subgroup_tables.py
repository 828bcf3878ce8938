from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from models.report.material import Material
from models.report.rendering import render_report
from models.report.tables.subgroup_tables import finding_texts, subgroup_tables

BLANK = "\N{NO-BREAK SPACE}"


def with_tables(material: Material, **rows: list[dict[str, Any]]) -> Material:
    tables = {name: pd.DataFrame(each) for name, each in rows.items()}
    return replace(material, tables={**material.tables, **tables})


def figure(level: str, evaluation: str = "held_out", **more: Any) -> dict[str, Any]:
    row = {"evaluation": evaluation, "subgroup": "sex", "level": level, "horizon": 10.0}
    row |= {"metric": "observed_over_expected", "estimate": 0.7, "lower": 0.6, "upper": 0.8}
    return {**row, "n": "50", "events": "30", "small": False, **more}


def gap(level: str, evaluation: str = "held_out", **more: Any) -> dict[str, Any]:
    row = {"evaluation": evaluation, "subgroup": "sex", "level": level, "horizon": 10.0}
    row |= {"metric": "observed_over_expected", "gap": -0.3, "lower": -0.5, "upper": -0.1}
    return {**row, "chance": "", **more}


def test_a_small_subgroup_is_marked_not_hidden(material: Material) -> None:
    rows = [figure("female", small=True), figure("male")]
    ((_, table),) = subgroup_tables(with_tables(material, subgroups=rows))
    assert [cells[0] for cells in table.rows] == ["Sex: female (few events)", "Sex: male"]


def test_every_gap_has_its_interval_and_what_chance_says_of_it(material: Material) -> None:
    levels = {"a": "", "b": "beyond chance alone", "c": "beyond chance after all looks"}
    gaps = [gap(level, chance=said) for level, said in levels.items()]
    rows = [figure(level) for level in levels]
    ((_, table),) = subgroup_tables(with_tables(material, subgroups=rows, subgroup_gaps=gaps))
    limits = f"(−0.50{BLANK}to{BLANK}−0.10)"
    assert [cells[-1] for cells in table.rows] == [
        f"−0.30\n{limits}",
        f"−0.30 †\n{limits}",
        f"−0.30 ‡\n{limits}",
    ]
    assert table.columns[-1] == "Observed / expected, difference from all"


def test_held_out_and_cross_validated_patients_are_both_shown(material: Material) -> None:
    rows = [figure("female", "held_out"), figure("female", "cross_validation", estimate=0.9)]
    gaps = [gap("female", "held_out"), gap("female", "cross_validation", gap=0.2, upper=0.3)]
    shown = with_tables(material, subgroups=rows, subgroup_gaps=gaps)
    (first, own), (second, other) = subgroup_tables(shown)
    assert (first, second) == ("cross_validation", "held_out")
    assert own.rows[0][3].startswith("0.90")
    assert own.rows[0][4].startswith("+0.20")
    assert other.rows[0][3].startswith("0.70")
    page = render_report(shown)
    assert "Subgroup performance at 10 years, held-out patients" in page
    assert "Subgroup performance at 10 years, cross-validated patients" in page


def test_a_gap_that_cannot_be_told_has_no_mark(material: Material) -> None:
    nan = float("nan")
    rows, gaps = [figure("female")], [gap("female", gap=nan, lower=nan, upper=nan, chance=nan)]
    ((_, table),) = subgroup_tables(with_tables(material, subgroups=rows, subgroup_gaps=gaps))
    assert table.rows[0][-1] == "–"


def test_without_the_table_there_is_none(material: Material) -> None:
    assert subgroup_tables(material) == []


def test_every_finding_is_told_whatever_its_horizon_and_its_patients(material: Material) -> None:
    gaps = [
        gap("female", "held_out", finding="A at 10 years."),
        gap("female", "cross_validation", horizon=5.0, finding="B at 5 years."),
        gap("male", "cross_validation", finding=float("nan")),
    ]
    shown = with_tables(material, subgroups=[figure("female")], subgroup_gaps=gaps)
    assert finding_texts(shown) == [
        "In cross-validated patients: B at 5 years.",
        "In held-out patients: A at 10 years.",
    ]
    page = render_report(shown)
    assert page.count("A at 10 years.") == page.count("B at 5 years.") == 2
    assert "No finding" not in page


def test_of_a_group_that_was_not_tested_no_chance_is_told_but_why(material: Material) -> None:
    nan, few = float("nan"), "too few events"
    gaps = [
        gap("female", gap=nan, lower=nan, upper=nan, chance=nan, not_tested=few, finding=nan),
        gap("male", not_tested=nan, finding=nan),
        gap("other", not_tested=few, finding=nan),
    ]
    rows = [figure(level, expected="<10") for level in ("female", "male", "other")]
    shown = with_tables(material, subgroups=rows, subgroup_gaps=gaps)
    ((_, table),) = subgroup_tables(shown)
    assert "Events expected" in table.columns
    assert table.rows[0][-1] == "not tested: too few events"
    assert table.rows[1][-1] == f"−0.30\n(−0.50{BLANK}to{BLANK}−0.10)"
    assert table.rows[2][-1].endswith("\nnot tested: too few events")
    page = render_report(shown)
    assert "of 1 gap tested" in page
    assert "Not tested at all, for too few patients or events: Sex: female; Sex: other." in page


def test_where_no_gap_could_be_tested_no_finding_is_denied(material: Material) -> None:
    gaps = [gap("female", not_tested="too few events", finding=float("nan"))]
    page = render_report(with_tables(material, subgroups=[figure("female")], subgroup_gaps=gaps))
    assert "No gap could be tested" in page
    assert "No subgroup could be tested." in page
    assert "compatible with chance" not in page


def test_groups_are_named_by_the_labels_of_their_variables(material: Material) -> None:
    known = material.variables
    own = replace(known["bmi"], name="nyha_j", label="NYHA (j/n)", own=True)
    named = replace(material, variables={**known, "nyha_j": own})
    rows = [
        {**figure("IV_b"), "subgroup": "nyha_j"},
        {**figure("yes"), "subgroup": "diabetes"},
        {**figure("below 55"), "subgroup": "age_band"},
    ]
    ((_, table),) = subgroup_tables(with_tables(named, subgroups=rows))
    assert [row[0] for row in table.rows] == [
        "NYHA (j/n): IV_b",
        f"{known['diabetes'].label}: yes",
        "Age: below 55",
    ]
