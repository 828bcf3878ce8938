"""A join that finds nothing is never a score of zero."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.files.cohort_file import read_bytes
from features.intake.ingestion import Examination, Limits, examine

LESIONS = "pid,vessel,agatston,volume\n417,lad,900,700\n417,rca,300,250\n10419,lcx,40,30\n"


def _examine(patients: str, lesions: str = LESIONS, **of_lesions: Any) -> Examination:
    content = {
        "name": "c",
        "file": "c.csv",
        "patient_id": "pid",
        "variables": {"age": "age"},
        "lesions": {"file": "lesions.csv", "patient_id": "pid", **of_lesions},
    }
    return examine(
        read_bytes(patients.encode(), "c.csv"),
        CohortMap.read("c.yaml", content),
        Dictionary.load(),
        Limits(1.0, date(2026, 11, 1)),
        read_bytes(lesions.encode(), "lesions.csv"),
        with_endpoint=False,
    )


def test_a_patient_without_a_lesion_has_an_unknown_score() -> None:
    found = _examine("pid,age\n417,66\n10419,58\nB7,61\n")
    assert found.cohort is not None
    calcium = found.cohort.covariates["cac_agatston"]
    assert calcium.tolist()[:2] == [1200.0, 40.0]
    assert pd.isna(calcium["B7"])


def test_a_patient_without_a_lesion_has_none_where_the_map_says_so() -> None:
    found = _examine("pid,age\n417,66\n10419,58\nB7,61\n", absent="no calcium")
    assert found.cohort is not None
    of_one = found.cohort.covariates.loc["B7"]
    assert [of_one["cac_agatston"], of_one["lesion_count"]] == [0, 0]


@pytest.mark.parametrize("identifier", ["00417", " 00417", "417.0"])
@pytest.mark.parametrize("absent", ["unknown", "no calcium"])
def test_lesions_under_another_spelling_of_the_identifier_reject_the_patient(
    identifier: str, absent: str
) -> None:
    found = _examine(f"pid,age\n{identifier},66\n10419,58\n", absent=absent)
    (reject,) = found.findings.rejects
    assert reject.rows.tolist() == [2]
    assert "another spelling" in reject.rule
    (warning,) = [one for one in found.findings.warnings if one.column == "patient_id"]
    assert warning.rows == 1


def test_lesions_none_of_whose_patients_are_here_are_a_problem() -> None:
    found = _examine("pid,age\nA,66\nB,58\n")
    assert "no identifier of lesions.csv is in the main file" in str(found.findings.problems[0])


def test_lesions_without_an_identifier_are_a_problem() -> None:
    found = _examine("pid,age\n417,66\n", LESIONS + ",lad,10,10\n")
    assert "no patient identifier" in [one.rule for one in found.findings.problems]


def test_what_absence_means_is_one_of_two_things() -> None:
    with pytest.raises(MapError, match="'absent' must be"):
        _examine("pid,age\n417,66\n", absent="zero")


def test_a_column_that_is_there_and_empty_is_filled_from_the_lesions() -> None:
    content = {
        "name": "c",
        "file": "c.csv",
        "patient_id": "pid",
        "variables": {name: name for name in ("age", "cac_agatston", "cac_volume", "lesion_count")},
        "lesions": {"file": "lesions.csv", "patient_id": "pid"},
    }
    head = "pid,age,cac_agatston,cac_volume,lesion_count\n"
    found = examine(
        read_bytes(f"{head}417,66,1200,,\n10419,58,,31,\nB7,61,0,,\n".encode(), "c.csv"),
        CohortMap.read("c.yaml", content),
        Dictionary.load(),
        Limits(1.0, date(2026, 11, 1)),
        read_bytes(LESIONS.encode(), "lesions.csv"),
        with_endpoint=False,
    )
    assert found.cohort is not None
    calcium = found.cohort.covariates[["cac_agatston", "cac_volume", "lesion_count"]]
    assert calcium.to_numpy().tolist() == [[1200, 950, 2], [40, 31, 1], [0, 0, 0]]


def test_lesions_of_several_scans_are_told() -> None:
    dated = "pid,vessel,agatston,volume,ScanDate,study\n"
    dated += "417,lad,900,700,2020,1\n417,rca,300,250,2024,1\n10419,lcx,40,30,2024,1\n"
    found = _examine("pid,age\n417,66\n10419,58\n", dated)
    (warned,) = [one for one in found.findings.warnings if one.column in ("ScanDate", "study")]
    assert (warned.column, warned.rows) == ("ScanDate", 2)
