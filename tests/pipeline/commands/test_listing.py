from __future__ import annotations

from pathlib import Path

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import GROUPS
from pipeline.commands.listing import format_table, list_cohorts, list_variables, markdown_groups
from pipeline.settings.params import Paths

ROOT = Path(__file__).parents[3]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert format_table(("a", "bb"), [("ccc", "d")]).splitlines() == [
        "a    bb",
        "---  --",
        "ccc  d",
    ]


def test_every_variable_is_listed_with_its_unit_or_codes() -> None:
    told = list_variables()
    lines = {line.split()[0]: line for line in told.splitlines()[2:]}
    assert list(lines) == list(Dictionary.load())
    assert "mg/dL" in lines["ldl_cholesterol"]
    assert "never/former/current" in lines["smoking_status"]


def test_every_group_has_a_row_in_the_readme_table() -> None:
    assert len(markdown_groups().splitlines()) == 2 + len(GROUPS)


def test_a_cohort_whose_file_is_not_here_is_listed_as_such() -> None:
    lines = {line.split()[0]: line for line in list_cohorts(Paths(ROOT)).splitlines()[2:]}
    assert "simulated here" in lines["synthetic"]
    assert "mesa.csv not found" in lines["mesa"]
