"""What can be read in two ways is refused, never guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.files.cohort_file import read_bytes
from features.intake.ingestion import Examination, Limits, examine

LIMITS = Limits(1.0, date(2026, 11, 1))
VARIABLES = {"age": "age", "cac_agatston": "cac"}


def _examine(text: str, with_endpoint: bool = False, **content: Any) -> Examination:
    content = {"name": "c", "file": "c.csv", "variables": VARIABLES, **content}
    cohort_map = CohortMap.read("c.yaml", content)
    raw = read_bytes(text.encode(), "c.csv")
    return examine(raw, cohort_map, Dictionary.load(), LIMITS, with_endpoint=with_endpoint)


def _calcium(text: str, **content: Any) -> list[float]:
    found = _examine(text, **content)
    assert found.cohort is not None, found.findings.problems
    return found.cohort.covariates["cac_agatston"].tolist()


@pytest.mark.parametrize("sign", ["\t", ";", "|"])
@pytest.mark.parametrize(("cell", "rule"), [("1,234", "a comma"), ("1.234", "a point")])
def test_a_number_with_three_digits_behind_a_sign_is_refused_where_nothing_declares_the_sign(
    sign: str, cell: str, rule: str
) -> None:
    text = "age|cac\n66|CELL\n66|234\n58|0\n".replace("|", sign).replace("CELL", cell)
    found = _examine(text)
    assert [one.rows.tolist() for one in found.findings.rejects] == [[2]]
    assert found.findings.rejects[0].rule.startswith(rule)


def test_a_sign_that_other_numbers_show_does_not_make_a_comma_clear() -> None:
    found = _examine("age;cac\n61,5;1,234\n66,2;30,5\n")
    assert [one.rows.tolist() for one in found.findings.rejects] == [[2]]


def test_a_declared_sign_settles_it() -> None:
    text = "age;cac\n61;1,234\n66;30,5\n"
    assert _calcium(text, decimal=",") == [1.234, 30.5]
    text = "age;cac\n61;1.234\n66;30.5\n"
    assert _calcium(text, decimal=".") == [1.234, 30.5]


def test_a_point_shown_by_the_file_is_the_decimal_point() -> None:
    assert _calcium("age\tcac\n61\t1.234\n66\t30.5\n") == [1.234, 30.5]


def test_a_column_of_thousands_alone_is_refused_with_what_to_declare() -> None:
    found = _examine("age;cac\n61;1,234\n66;2,345\n")
    (problem,) = found.findings.problems
    assert problem.rule == "holds a comma that may separate thousands or decimals in every cell"
    assert "decimal: ','" in problem.remedy


def test_a_follow_up_time_that_can_be_read_in_two_ways_is_refused() -> None:
    endpoint = {"title": "Event", "unit": "days", "event": "ev", "time": "t"}
    text = "age;cac;ev;t\n61;10;1;1,234\n66;20;0;2345\n58;0;0;900\n60;0;1;800\n"
    found = _examine(text, with_endpoint=True, endpoint=endpoint)
    assert [one.rows.tolist() for one in found.findings.rejects if "comma" in one.rule] == [[2]]


def test_codes_for_missing_compare_as_numbers() -> None:
    text = "age;cac\n61,5;999,0\n66,0;30,5\n58,2;-9,00\n"
    values = _calcium(text, missing=["999", "-9"])
    assert [pd.isna(value) for value in values] == [True, False, True]


@pytest.mark.parametrize(("test", "kept"), [("is", [61.5]), ("is_not", [66.0])])
def test_rules_of_inclusion_compare_as_numbers(test: str, kept: list[float]) -> None:
    text = "age;cac;visit\n61,5;30,5;1,00\n66,0;2,5;2,00\n"
    include = [{"column": "visit", test: "1", "reason": "first visit"}]
    found = _examine(text, include=include)
    assert found.cohort is not None
    assert found.cohort.covariates["age"].tolist() == kept
    include = [{"column": "cac", test: "30.50", "reason": "that score"}]
    found = _examine(text, include=include)
    assert found.cohort is not None
    assert found.cohort.covariates["age"].tolist() == kept


def test_two_columns_that_differ_by_case_are_refused_unless_the_map_writes_one_of_them() -> None:
    text = "Age,AGE,cac\n45,81,120\n48,84,30\n"
    with pytest.raises(CohortError, match="is meant by 2 columns: Age, AGE"):
        _examine(text)
    found = _examine(text, variables={"age": "AGE", "cac_agatston": "cac"})
    assert found.cohort is not None
    assert found.cohort.covariates["age"].tolist() == [81.0, 84.0]
