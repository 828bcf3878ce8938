"""Times that cannot be, and endpoints in the forms that death indexes have."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.files.cohort_file import read_bytes
from features.intake.ingestion import Ingested, Limits, examine, ingest

LIMITS = Limits(0.5, date(2026, 11, 1))


def _read(rows: list[str], endpoint: dict[str, Any], **content: Any) -> Ingested:
    raw = read_bytes("\n".join(rows).encode() + b"\n", "c.csv")
    given = {"name": "c", "file": "c.csv", "variables": {"age": "age"}, "endpoint": endpoint}
    return ingest(raw, CohortMap.read("c.yaml", {**given, **content}), Dictionary.load(), LIMITS)


def _warnings(rows: list[str], endpoint: dict[str, Any]) -> list[str]:
    return [str(warning) for warning in _read(rows, endpoint).warnings]


IN_YEARS = {"unit": "years", "time": "t", "event": "mi"}


def test_days_declared_as_years_are_a_problem_that_names_the_unit() -> None:
    rows = ["age,t,mi", *(f"60,{365 * i},{i % 2}" for i in range(1, 13))]
    with pytest.raises(CohortError) as raised:
        _read(rows, IN_YEARS)
    assert "t: follow-up of more than 100 years (12 rows). Check 'unit' in the map" in str(
        raised.value
    )
    assert "as days they would be possible" in str(raised.value)
    found = _read(rows, {**IN_YEARS, "unit": "days"}).cohort.endpoint
    assert found is not None
    assert found.time.max() == pytest.approx(12 * 365 / 365.25)


def test_a_single_impossible_time_rejects_its_row() -> None:
    rows = ["age,t,mi", *(f"6{i},{i + 1},{i % 2}" for i in range(9)), "60,999,0"]
    found = _read(rows, IN_YEARS)
    assert found.rejects.to_dict("records") == [
        {"row": 11, "column": "t", "rule": "follow-up of more than 100 years"},
    ]


def test_nobody_is_older_than_120_at_the_end() -> None:
    rows = ["age,t,mi", "60,5,1", "61,6,0", "85,40,0"]
    assert _read(rows, IN_YEARS).rejects["row"].tolist() == [4]


def test_follow_up_of_less_than_a_month_is_a_warning_and_no_more() -> None:
    rows = ["age,t,mi", *(f"6{i},{i + 1},{i % 2}" for i in range(9))]
    assert any("unit" in one for one in _warnings(rows, {**IN_YEARS, "unit": "days"}))
    assert not any("unit" in one for one in _warnings(rows, IN_YEARS))


DATES = {"unit": "date", "event": {"column": "mi", "time": "t"}, "followup": "t"}


def test_years_of_entry_cannot_be_set_against_dates() -> None:
    rows = ["age,start,t,mi", "60,2010,2015-03-01,1", "61,2011,2016-03-01,0"]
    with pytest.raises(CohortError, match="start: holds years, and the endpoint is in dates"):
        _read(rows, DATES, entry="start")
    years = ["age,start,t,mi", "60,2010,2015,1", "61,2011,2017,0"]
    found = _read(years, DATES, entry="start", date_format="%Y").cohort.endpoint
    assert found is not None
    assert found.time.tolist() == pytest.approx([1826 / 365.25, 2192 / 365.25])


@pytest.mark.parametrize("start", ["1900-01-01", "1899-12-30"])
def test_entry_more_than_a_hundred_years_ago_rejects_the_row(start: str) -> None:
    rows = ["age,start,t,mi", f"60,{start},1915-03-01,1"]
    rows += ["60,2010-01-01,2015-03-01,1", "61,2011-01-01,2016-03-01,0"]
    found = _read(rows, DATES, entry="start")
    assert found.rejects.to_dict("records") == [
        {"row": 2, "column": "start", "rule": "entry more than 100 years ago"}
    ]


@pytest.mark.parametrize("year", ["1900", "1899"])
def test_a_year_of_entry_more_than_a_hundred_years_ago_rejects_the_row(year: str) -> None:
    rows = ["age,start,t,mi", f"60,{year},5,1", "60,2010,5,1", "61,2011,5,0"]
    assert _read(rows, IN_YEARS, entry="start").rejects["row"].tolist() == [2]


def test_days_of_a_file_and_dates_in_text_are_read_side_by_side() -> None:
    rows = ["age,start,t,mi", "60,2010-01-01,01.03.2015,1", "61,2011-01-01,2016-03-01,0"]
    found = _read(rows, DATES, entry="start", date_format="%d.%m.%Y").cohort.endpoint
    assert found is not None
    assert found.time.tolist() == pytest.approx([1885 / 365.25, 1886 / 365.25])


def test_numbers_in_place_of_dates_are_told_once_and_as_such() -> None:
    rows = ["age,start,t,mi", "60,2010-01-01,20148,1", "61,2011-01-01,20514,0"]
    with pytest.raises(CohortError) as raised:
        _read(rows, DATES, entry="start")
    (problem,) = raised.value.problems
    assert problem.column == "t"
    assert problem.rule == "holds numbers where dates are expected"


CAUSES = ["age,t,cause", "60,5,001", "61,6,", "62,7,002", "63,8,", "64,9,001", "65,9,NA"]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"event": {"column": "cause", "is": "001", "not": ["002", ""]}},
        {"event": {"column": "cause", "is": ["1"], "not": ["", "2"]}},
    ],
)
def test_a_blank_cause_can_mean_that_it_did_not_happen(endpoint: dict[str, Any]) -> None:
    found = _read(CAUSES, {"unit": "years", "time": "t", **endpoint}).cohort.endpoint
    assert found is not None
    assert found.event.tolist() == [1, 0, 0, 0, 1, 0]


def test_every_other_filled_cause_can_be_the_competing_event() -> None:
    endpoint = {
        "unit": "years",
        "time": "t",
        "event": {"column": "cause", "is": ["001"]},
        "competing": {"column": "cause", "present": "true"},
    }
    found = _read(CAUSES, endpoint).cohort.endpoint
    assert found is not None
    assert found.event.tolist() == [1, 0, 2, 0, 1, 0]


def test_a_code_for_missing_is_no_survivor() -> None:
    rows = [*CAUSES, "66,9,99"]
    event = {"column": "cause", "is": "001", "not": ["002", ""]}
    found = _read(rows, {"unit": "years", "time": "t", "event": event}, missing=["99"])
    assert found.rejects["row"].tolist() == [8]


def test_what_to_do_about_a_blank_or_unknown_cause_names_keys_that_exist() -> None:
    event = {"column": "cause", "is": "001"}
    content = {"name": "c", "file": "c.csv", "variables": {"age": "age"}}
    endpoint = {"unit": "years", "time": "t", "event": event}
    found = examine(
        read_bytes("\n".join(CAUSES).encode(), "c.csv"),
        CohortMap.read("c.yaml", {**content, "endpoint": endpoint}),
        Dictionary.load(),
        Limits(0.1, LIMITS.today),
    )
    said = "\n".join(map(str, found.findings.problems))
    assert "add '' to 'not' of the endpoint" in said
    assert "List it under 'is' (it happened) or 'not' (it did not)" in said
    assert "'codes'" not in said


def test_a_filled_cell_can_be_the_yes_of_a_fixed_horizon() -> None:
    endpoint = {"event": {"column": "cause", "present": "true"}, "horizon": "10"}
    found = _read(CAUSES, endpoint).cohort.endpoint
    assert found is not None
    assert found.event.tolist() == [1, 0, 1, 0, 1, 0]
