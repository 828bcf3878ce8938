from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.cohort import Cohort
from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError, MapError
from features.intake.files.cohort_file import read_bytes
from features.intake.ingestion import Examination, Limits, examine, ingest

TABLE = """ID,AGE,CAC,D0,T2,CAC2,VOL2,CT,CT2,T3,CAC3
a,60,0,2010-01-01,2.5,12,15,A,A,10,150
b,61,5,2011-01-01,3,4,,A,B,,
c,62,9,2012-01-01,,,,A,,9.5,80
"""
SCANS: list[dict[str, Any]] = [
    {"years": "T3", "variables": {"cac_agatston": "CAC3"}},
    {
        "years": "T2",
        "variables": {"cac_agatston": "CAC2", "cac_volume": "VOL2"},
        "scanner": "CT2",
    },
]


def _map(**content: Any) -> CohortMap:
    basic = {"name": "c", "file": "c.csv", "patient_id": "ID"}
    variables = {"age": "AGE", "cac_agatston": "CAC"}
    endpoint = {"unit": "years", "event": {"column": "E", "time": "T"}}
    return CohortMap.read(
        "c.yaml",
        {**basic, "variables": variables, "endpoint": endpoint, "later_scans": SCANS, **content},
    )


def _with_endpoint(table: str) -> str:
    lines = table.splitlines()
    return "\n".join([lines[0] + ",E,T", *(f"{line},{i % 2},12" for i, line in
                                           enumerate(lines[1:]))]) + "\n"  # fmt: skip


def _examine(table: str, limits: Limits | None = None, **content: Any) -> Examination:
    raw = read_bytes(_with_endpoint(table).encode(), "c.csv")
    chosen = limits or Limits(1.0, date(2026, 11, 1))
    return examine(raw, _map(**content), Dictionary.load(), chosen)


def test_every_later_scan_is_a_row_by_patient_and_time() -> None:
    found = _examine(TABLE, first_scan={"scanner": "CT"})
    assert found.cohort is not None
    scans = found.cohort.later_scans
    assert scans is not None
    assert list(scans.index) == ["a", "a", "b", "c"]
    assert scans["years"].tolist() == [2.5, 10.0, 3.0, 9.5]
    assert scans["cac_agatston"].tolist() == [12.0, 150.0, 4.0, 80.0]
    assert scans["cac_volume"].isna().tolist() == [False, True, True, True]
    assert scans["first_scanner"].tolist() == ["A"] * 4
    assert scans["scanner"].fillna("").tolist() == ["A", "", "B", ""]


def test_the_scans_of_a_cohort_are_written_read_and_taken_with_it(tmp_path: Path) -> None:
    cohort = _examine(TABLE).cohort
    assert cohort is not None
    cohort.write(tmp_path)
    again = Cohort.read(tmp_path).take(np.array([True, False, True]))
    assert again.later_scans is not None
    assert list(again.later_scans.index) == ["a", "a", "c"]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("0", "a later scan that is not after entry"),
        ("-1", "a later scan that is not after entry"),
        ("", "a score of a later scan without its time"),
        ("900", "a later scan more than 60 years after entry"),
    ],
)
def test_a_later_scan_at_an_impossible_time_rejects_the_row(cell: str, rule: str) -> None:
    found = _examine(TABLE.replace("a,60,0,2010-01-01,2.5", f"a,60,0,2010-01-01,{cell}"))
    assert [reject.rule for reject in found.findings.rejects] == [rule]
    assert found.cohort is not None
    assert list(found.cohort.covariates.index) == ["b", "c"]


def test_dates_of_later_scans_count_from_entry() -> None:
    table = TABLE.replace(",2.5,", ",2012-07-01,").replace(",3,4", ",2014-01-01,4")
    scans = [{"date": "T2", "variables": {"cac_agatston": "CAC2"}}]
    cohort = _examine(table, entry="D0", later_scans=scans).cohort
    assert cohort is not None
    assert cohort.later_scans is not None
    assert cohort.later_scans["years"].tolist() == pytest.approx([912 / 365.25, 1096 / 365.25])


def test_a_scan_that_the_file_lacks_altogether_is_left_out_with_a_warning() -> None:
    without = "\n".join(",".join(line.split(",")[:9]) for line in TABLE.splitlines()) + "\n"
    found = _examine(without)
    assert [warning.column for warning in found.findings.warnings if "later" in warning.rule] == [
        "T3"
    ]
    assert found.cohort is not None
    assert found.cohort.later_scans is not None
    assert len(found.cohort.later_scans) == 2


def test_a_scan_of_which_only_some_columns_are_there_is_a_problem() -> None:
    raw = read_bytes(_with_endpoint(TABLE.replace("CAC3", "OTHER")).encode(), "c.csv")
    with pytest.raises(CohortError, match="CAC3: is not a column"):
        ingest(raw, _map(), Dictionary.load(), Limits(1.0, date(2026, 11, 1)))


def test_a_negative_later_score_is_a_reject_like_any_other() -> None:
    found = _examine(TABLE.replace(",3,4,", ",3,-4,"))
    assert [reject.column for reject in found.findings.rejects] == ["CAC2"]


def test_the_columns_of_later_scans_can_be_no_covariates() -> None:
    with pytest.raises(MapError, match="known only after entry"):
        _map(variables={"age": "AGE", "prior_cac_agatston": "CAC2"})


def test_a_map_says_what_is_wrong_with_a_later_scan() -> None:
    score = {"cac_agatston": "CAC2"}
    with pytest.raises(MapError, match="exactly one of years"):
        _map(later_scans={"variables": score})
    with pytest.raises(MapError, match="must name cac_agatston"):
        _map(later_scans={"years": "T2", "variables": {"cac_volume": "VOL2"}})
    with pytest.raises(MapError, match="need 'entry'"):
        _map(later_scans={"date": "T2", "variables": score})
    ldl = {"years": "T2", "variables": {**score, "ldl_cholesterol": "VOL2"}}
    with pytest.raises(MapError, match="not a variable of calcium or morphology"):
        _examine(TABLE, later_scans=ldl)


def test_patients_to_be_scored_need_no_later_scans() -> None:
    assert _map().for_scoring(["ID", "AGE", "CAC"]).later_scans == ()
