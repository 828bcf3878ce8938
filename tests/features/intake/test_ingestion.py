from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import Occurrence
from features.dictionary.dictionary import Dictionary
from features.errors import CalciriskError, CohortError
from features.intake.files.cohort_file import read_bytes
from features.intake.ingestion import Ingested, Limits, examine, ingest

LIMITS = Limits(0.1, date(2026, 11, 1))


def _ingest(csv: str, content: dict[str, Any], lesions: str = "", **options: Any) -> Ingested:
    cohort_map = CohortMap.read("c.yaml", {"name": "c", "file": "c.csv", **content})
    return ingest(
        read_bytes(csv.encode(), "c.csv"),
        cohort_map,
        Dictionary.load(),
        options.pop("limits", LIMITS),
        read_bytes(lesions.encode(), "lesions.csv") if lesions else None,
        **options,
    )


def _covariates(csv: str, variables: dict[str, Any], **content: Any) -> pd.DataFrame:
    found = _ingest(csv, {"variables": variables, **content}, with_endpoint=False)
    return found.cohort.covariates


def test_units_become_the_canonical_ones() -> None:
    covariates = _covariates(
        "CHOL,H\n5.0,1.80\n",
        {
            "total_cholesterol": {"column": "CHOL", "unit": "mmol/L"},
            "height": {"column": "H", "unit": "m"},
        },
    )
    assert covariates["total_cholesterol"].tolist() == pytest.approx([5.0 * 38.67])
    assert covariates["height"].tolist() == pytest.approx([1.80 * 100])


def test_a_line_of_totals_is_no_patient() -> None:
    csv = "id,AGE\nK1,61\nTotal,59.5\nMittelwert:,59.5\nSumner,58\n"
    content = {"patient_id": "id", "variables": {"age": "AGE"}}
    limits = Limits(0.9, LIMITS.today)
    found = _ingest(csv, content, with_endpoint=False, limits=limits)
    assert found.rejects["row"].tolist() == [3, 4]
    assert found.rejects["rule"].unique().tolist() == ["a line of totals, not a patient"]


REDCAP = "id,repeat,AGE\n1,,61\n1,drug,\n2,,58\n"


def test_rows_whose_cell_is_empty_can_be_chosen() -> None:
    base = {"column": "repeat", "empty": "true", "reason": "base row"}
    found = _ingest(REDCAP, {"variables": {"age": "AGE"}, "include": [base]}, with_endpoint=False)
    assert found.cohort.covariates["age"].tolist() == [61.0, 58.0]


def test_a_rule_that_leaves_nobody_says_how_empty_cells_are_chosen() -> None:
    other = {"column": "repeat", "is_not": "drug", "reason": "base row"}
    with pytest.raises(CohortError, match=r"leaves nobody.*'empty: true' alone"):
        _ingest(REDCAP, {"variables": {"age": "AGE"}, "include": [other]}, with_endpoint=False)


def test_codes_become_canonical_values_whatever_their_case_or_decimals() -> None:
    covariates = _covariates(
        "S,D\n1.0,Yes\n02,no\n,\n",
        {"sex": {"column": "S", "codes": {"1": "male", "2": "female"}}, "diabetes": "D"},
    )
    assert covariates["sex"].tolist()[:2] == ["male", "female"]
    assert covariates["sex"].isna().tolist() == [False, False]
    assert covariates["diabetes"].tolist() == [1.0, 0.0]


def test_missing_codes_are_missing_even_where_the_number_would_be_possible() -> None:
    covariates = _covariates(
        "A,B\n61,120\n-9,-9.0\n.,99\n50,NA\n",
        {
            "age": {"column": "A", "missing": ["-9"]},
            "systolic_bp": {"column": "B", "missing": ["-9", "99"]},
        },
    )
    assert covariates["age"].isna().tolist() == [False, True, True, False]
    assert covariates["systolic_bp"].isna().tolist() == [False, True, True, True]


def test_the_first_of_two_columns_fills_the_gaps_of_the_other() -> None:
    covariates = _covariates(
        "A,B\n120,\n,130\n140,150\n", {"systolic_bp": {"first_of": ["A", "B"]}}
    )
    assert covariates["systolic_bp"].tolist() == [120.0, 130.0, 140.0]


def test_the_mean_of_two_columns_uses_what_there_is() -> None:
    covariates = _covariates("A,B\n120,140\n,130\n", {"systolic_bp": {"mean_of": ["A", "B"]}})
    assert covariates["systolic_bp"].tolist() == [(120 + 140) / 2, 130.0]


def test_a_constant_holds_for_everyone() -> None:
    assert _covariates("A\n61\n62\n", {"age": "A", "sex": {"constant": "male"}})[
        "sex"
    ].tolist() == [
        "male",
        "male",
    ]


def test_a_decimal_comma_is_read() -> None:
    assert _covariates("A;B\n61,5;x\n", {"age": "A"})["age"].tolist() == [61.5]


def test_a_point_that_may_separate_thousands_is_never_a_decimal_point() -> None:
    csv = "A\n" + "1,5\n0,5\n" * 9 + "1.234\n1.234,5\n"
    content = {"variables": {"cac_agatston": "A"}, "decimal": ","}
    found = _ingest(csv, content, with_endpoint=False)
    assert found.cohort.covariates["cac_agatston"].tolist() == [1.5, 0.5] * 9
    rule = "a point that may separate thousands, beside decimal commas"
    assert found.rejects["row"].tolist() == [20, 21]
    assert set(found.rejects["rule"]) == {rule}


def test_columns_come_in_the_order_of_the_dictionary() -> None:
    covariates = _covariates(
        "L,A,S\n100,61,male\n", {"ldl_cholesterol": "L", "sex": "S", "age": "A"}
    )
    assert list(covariates) == ["age", "sex", "ldl_cholesterol"]


def test_one_patient_can_be_scored_without_endpoint_or_map() -> None:
    raw = read_bytes(b"age,sex,cac_agatston\n61,male,120\n", "new.csv")
    dictionary = Dictionary.load()
    cohort_map = CohortMap.of_dictionary(raw.frame.columns, dictionary)
    cohort = ingest(raw, cohort_map, dictionary, LIMITS, with_endpoint=False).cohort
    assert cohort.endpoint is None
    assert cohort.covariates.index.tolist() == ["2"]
    assert cohort.covariates["cac_agatston"].tolist() == [120.0]


def test_a_file_to_score_without_any_known_column_is_refused() -> None:
    with pytest.raises(CohortError, match="no column of the map"):
        _ingest("shoe,hat\n1,2\n", {"variables": {"age": "AGE"}}, with_endpoint=False)


def test_a_file_of_which_every_row_is_rejected_is_refused_however_lenient_the_limit() -> None:
    with pytest.raises(CohortError, match="no row is left"):
        _ingest(
            "age\n3\n4\n",
            {"variables": {"age": "age"}},
            with_endpoint=False,
            limits=Limits(1.0, LIMITS.today),
        )


FOLLOW_UP: dict[str, Any] = {
    "patient_id": "id",
    "variables": {"age": "age"},
    "endpoint": {
        "unit": "days",
        "event": [{"column": "mi", "time": "t_mi"}, {"column": "scd", "time": "t_scd"}],
        "competing": {"column": "dead", "time": "t_dead"},
        "followup": "last",
    },
}


def test_the_first_of_several_events_counts_unless_death_came_before() -> None:
    csv = (
        "id,age,mi,t_mi,scd,t_scd,dead,t_dead,last\n"
        "both,60,1,200,1,100,1,100,100\n"
        "death_first,60,1,300,0,,1,200,300\n"
        "death,60,0,,0,,1,400,400\n"
        "alive,60,0,,0,,0,,500\n"
    )
    endpoint = _ingest(csv, FOLLOW_UP).cohort.endpoint
    assert endpoint is not None
    assert endpoint.event.tolist() == [1, 2, 2, 0]
    assert endpoint.time.tolist() == pytest.approx([d / 365.25 for d in (100, 200, 400, 500)])


def test_dates_are_counted_from_entry() -> None:
    content = {
        "variables": {"age": "age"},
        "entry": "start",
        "date_format": "%d.%m.%Y",
        "endpoint": {"unit": "date", "event": {"column": "mi", "time": "on"}, "followup": "end"},
    }
    csv = "age,start,mi,on,end\n60,01.01.2010,1,01.01.2011,\n61,01.01.2010,0,,01.01.2012\n"
    cohort = _ingest(csv, content).cohort
    assert cohort.endpoint is not None
    assert cohort.endpoint.time.tolist() == pytest.approx([365 / 365.25, 730 / 365.25])
    assert cohort.entry is not None
    assert cohort.entry.tolist() == [pd.Timestamp(2010, 1, 1)] * 2


def test_times_run_from_the_chosen_visit() -> None:
    content = {
        "patient_id": "id",
        "variables": {"age": "age"},
        "visit": {"column": "visit", "choose": "2", "time": "at"},
        "endpoint": {"unit": "days", "time": "t", "event": "mi"},
    }
    csv = "id,visit,at,age,mi,t\na,1,0,60,1,900\na,2,500,61,1,900\nb,2,600,70,0,2000\n"
    cohort = _ingest(csv, content).cohort
    assert cohort.endpoint is not None
    assert cohort.endpoint.time.tolist() == pytest.approx([400 / 365.25, 1400 / 365.25])
    assert cohort.covariates.index.tolist() == ["a", "b"]


def test_a_fixed_horizon_is_the_time_of_everyone() -> None:
    content = {"variables": {"age": "age"}, "endpoint": {"event": "mi", "horizon": "10"}}
    endpoint = _ingest("age,mi\n60,1\n61,0\n", content).cohort.endpoint
    assert endpoint is not None
    assert (endpoint.horizon, endpoint.time.tolist(), endpoint.event.tolist()) == (
        10.0,
        [10.0, 10.0],
        [1, 0],
    )


def test_the_flow_counts_who_was_left_after_each_rule() -> None:
    content = {
        "variables": {"age": "age"},
        "include": [
            {"column": "prior", "is": "0", "reason": "no prior disease"},
            {"column": "age", "at_least": "45", "reason": "45 or older"},
        ],
        "endpoint": {"unit": "years", "time": "t", "event": "mi"},
    }
    csv = "age,prior,mi,t\n60,0,1,2\n61,1,0,3\n30,0,0,3\n70,0,0,4\n65,,1,5\n55,0,0,-1\n"
    found = _ingest(csv, content, limits=Limits(0.5, LIMITS.today))
    assert [(step.step, step.patients) for step in found.flow] == [
        ("rows in the file", 6),
        ("no prior disease", 4),
        ("45 or older", 3),
        ("without a row that breaks a rule", 2),
    ]
    assert found.rejects.to_dict("records") == [
        {"row": 7, "column": "t", "rule": "follow-up of zero or negative time"}
    ]


def test_a_column_all_missing_or_constant_is_a_warning() -> None:
    found = _ingest(
        "age,hdl\n60,\n60,\n",
        {"variables": {"age": "age", "hdl_cholesterol": "hdl"}},
        with_endpoint=False,
    )
    assert sorted((warning.column, warning.rule) for warning in found.warnings) == [
        ("age", "is the same for every patient"),
        ("hdl_cholesterol", "is missing for every patient"),
    ]
    assert found.cohort.covariates["hdl_cholesterol"].isna().all()


def test_what_the_map_says_of_all_is_no_surprise() -> None:
    found = _ingest(
        "age\n60\n61\n",
        {"variables": {"age": "age", "prior_cad": {"constant": "true"}}},
        with_endpoint=False,
    )
    assert not found.warnings
    assert (found.cohort.covariates["prior_cad"] == 1).all()


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (("4.5", "5.1", "6.2"), "is declared mg/dL, but its values can only be mmol/L"),
        (("high", "low", "normal"), "holds text in every cell where numbers are expected"),
    ],
)
def test_a_column_that_cannot_be_read_is_no_missing_one(cells: tuple[str, ...], rule: str) -> None:
    rows = [f"{50 + i},{cells[i % 3]}" for i in range(60)]
    content = {"variables": {"age": "age", "total_cholesterol": "chol"}}
    cohort_map = CohortMap.read("c.yaml", {"name": "c", "file": "c.csv", **content})
    raw = read_bytes("\n".join(["age,chol", *rows]).encode(), "c.csv")
    found = examine(raw, cohort_map, Dictionary.load(), LIMITS, with_endpoint=False).findings
    assert [problem.rule for problem in found.problems] == [rule]
    assert found.warnings == []


@pytest.mark.parametrize(
    ("wrong", "empty", "within", "whole"),
    [(60, 0, 0, True), (60, 60, 0, True), (59, 0, 1, False), (19, 0, 0, False), (25, 60, 0, False)],
)
def test_a_column_without_a_value_in_range_is_no_slip_of_single_cells(
    wrong: int, empty: int, within: int, whole: bool
) -> None:
    """A year of birth where an age is expected; a few values of a rare measurement are cells."""
    cells = [str(1940 + i % 50) for i in range(wrong)] + [""] * empty + ["55"] * within
    content = {"variables": {"age": "age", "heart_rate": "rate"}}
    cohort_map = CohortMap.read("c.yaml", {"name": "c", "file": "c.csv", **content})
    rows = [f"{cell},{60 + i % 40}" for i, cell in enumerate(cells)]
    raw = read_bytes("\n".join(["age,rate", *rows]).encode(), "c.csv")
    found = examine(raw, cohort_map, Dictionary.load(), LIMITS, with_endpoint=False).findings
    said = [one.rule for one in found.problems if one.column == "age"]
    assert ("holds no value within 18 to 110 years" in said) == whole


LESIONS: dict[str, Any] = {
    "patient_id": "id",
    "variables": {"age": "age", "cac_agatston": "cac"},
    "lesions": {"file": "lesions.csv", "patient_id": "who"},
}


def test_lesions_are_summed_up_and_nobody_without_lesions_gets_calcium() -> None:
    lesions = "who,vessel,agatston,volume\n01,lad,60,50\n01,rca,40,30\n"
    covariates = _ingest(
        "id,age,cac\n01,60,100\n02,61,0\n03,62,\n", LESIONS, lesions, with_endpoint=False
    ).cohort.covariates
    assert covariates["lesion_count"].tolist()[:2] == [2.0, 0.0]
    assert covariates["cac_volume"].tolist()[:2] == [50.0 + 30.0, 0.0]
    assert np.isnan(covariates["lesion_count"].iloc[2])


def test_lesions_that_do_not_add_up_reject_the_patient() -> None:
    lesions = "who,vessel,agatston,volume\n01,lad,60,50\n"
    found = _ingest(
        "id,age,cac\n01,60,100\n02,61,0\n",
        LESIONS,
        lesions,
        with_endpoint=False,
        limits=Limits(0.5, LIMITS.today),
    )
    assert "lesions that do not add up to cac_agatston" in found.rejects["rule"].tolist()


@pytest.mark.parametrize(
    ("lesions", "words"),
    [
        ("who,vessel,agatston\n01,lad,60\n", "volume: is not a column of lesions.csv"),
        ("who,vessel,agatston,volume\n01,aorta,60,5\n", "unknown vessel"),
        ("who,vessel,agatston,volume\n01,lad,many,5\n", "text"),
        ("who,vessel,agatston,volume\n01,lad,60,-5\n", "negative"),
        ("who,vessel,agatston,volume\n1,lad,60,5\n", "no identifier of lesions.csv"),
    ],
)
def test_a_broken_lesion_file_is_refused(lesions: str, words: str) -> None:
    with pytest.raises(CalciriskError, match=words):
        _ingest("id,age,cac\n01,60,60\n02,61,0\n", LESIONS, lesions, with_endpoint=False)


def test_a_filled_date_may_say_that_it_happened() -> None:
    csv = "IN,MI,DIED,LAST\n2000-01-01,2001-01-01,,2001-06-01\n2000-01-01,,2002-01-01,2002-01-01\n"
    csv += "2000-01-01,,,2003-01-01\n"
    endpoint = {
        "title": "MI",
        "unit": "date",
        "event": {"column": "MI", "present": "true"},
        "competing": {"column": "DIED", "present": "true"},
        "followup": "LAST",
    }
    content = {"variables": {"age": {"constant": "60"}}, "entry": "IN", "endpoint": endpoint}
    found = _ingest(csv, content).cohort.endpoint
    assert found is not None
    assert found.event.tolist() == [1, 2, 0]
    days = [366, 366 + 365, 366 + 365 + 365]  # 2000 was a leap year
    assert found.time.tolist() == pytest.approx([one / 365.25 for one in days])
    endpoint["competing"] = {"column": "DIED", "time": "DIED"}
    with pytest.raises(CohortError, match=r"DIED: is its own time .1 row.. Say 'present: true'"):
        _ingest(csv, content)


def test_present_takes_no_codes() -> None:
    with pytest.raises(CalciriskError, match="'present' stands in place of 'is' and 'not'"):
        Occurrence.read("endpoint", {"column": "DIED", "present": "true", "is": "1"})


def test_a_column_of_two_units_is_refused_with_the_other_unit_s_name() -> None:
    rows = "".join(f"{value}\n" for value in [120, 130, 110, 140, 3.1, 2.9, 3.3])
    with pytest.raises(CohortError, match="As mmol/L they would be possible"):
        _ingest(f"LDL\n{rows}", {"variables": {"ldl_cholesterol": "LDL"}}, with_endpoint=False)


def test_a_code_for_missing_that_may_be_a_value_is_warned_of() -> None:
    csv = "CAC,SBP\n0,120\n999,999\n12,999\n"
    variables = {"cac_agatston": "CAC", "systolic_bp": "SBP"}
    found = _ingest(csv, {"missing": ["999"], "variables": variables}, with_endpoint=False)
    # no pressure is 999 mmHg, but a score may be
    (warning,) = found.warnings
    assert str(warning).startswith(
        "CAC: holds 999, missing by the map but a possible cac_agatston (1 row)."
    )
    impossible = {"missing": ["-9"], "variables": variables}
    assert _ingest(csv.replace("999", "-9"), impossible, with_endpoint=False).warnings == ()
    own = {"cac_agatston": "CAC", "systolic_bp": {"column": "SBP", "missing": ["999"]}}
    kept = _ingest(csv, {"variables": own}, with_endpoint=False)
    assert kept.warnings == ()
    assert kept.cohort.covariates["cac_agatston"].tolist() == [0, 999, 12]
