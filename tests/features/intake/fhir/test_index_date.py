"""Nothing of the future decides anything, and every value is possible before it is averaged."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from features.errors import ConfigError
from features.intake.fhir.reader import FhirExport, read_fhir
from tests.features.intake.fhir.records import (
    ATC,
    DAY,
    SNOMED,
    Json,
    concept,
    condition,
    observation,
    patient,
    request,
    write_lines,
)

SCAN = observation("x", 100, "1", code=concept(SNOMED, "450360000"), date="2020-01-10")


def _export(folder: Path, *resources: Json, day: date | None = None) -> FhirExport:
    path = write_lines(folder / "all.ndjson", patient(), *resources)
    return FhirExport(path, day, today=date(2020, 7, 1))


@pytest.mark.parametrize("when", ["2052-01-01", "2020-07-02", "2020-08", "2021", "9999-12-31"])
def test_a_measurement_of_the_future_decides_no_index_date_and_is_told(
    tmp_path: Path, when: str
) -> None:
    export = _export(tmp_path, SCAN, observation("8480-6", 120, "mm[Hg]", date=when))
    frame = next(export.batches()).frame
    assert frame["index_date"].tolist() == ["2020-01-10"]
    assert frame["cac_agatston"].tolist() == [100]
    assert frame["systolic_bp"].isna().all()
    assert export.left_out["reason"].tolist() == ["systolic_bp dated in the future"]


def test_a_measurement_of_this_year_was_taken_by_today(tmp_path: Path) -> None:
    export = _export(tmp_path, observation("8480-6", 120, "mm[Hg]", date="2020"))
    assert next(export.batches()).frame["index_date"].tolist() == ["2020-07-01"]


def test_a_patient_measured_in_the_future_alone_has_no_index_date(tmp_path: Path) -> None:
    export = _export(tmp_path, observation("8480-6", 120, "mm[Hg]", date="2030-01-01"))
    rules = next(export.batches()).rejects["rule"].tolist()
    assert rules == ["no dated measurement; give an index date"]


def test_an_index_date_in_the_future_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in the future"):
        _export(tmp_path, SCAN, day=date(2020, 7, 2))


def test_what_is_dated_after_the_index_date_is_told(tmp_path: Path) -> None:
    later = [
        observation("8480-6", 120, "mm[Hg]", date="2020-03-01"),
        condition(SNOMED, "44054006", date="2020-03-01"),
        request(concept(ATC, "A10BK03"), date="2020-03-01"),
    ]
    export = _export(tmp_path, SCAN, *later, day=date(2020, 2, 1))
    row = next(export.batches()).frame.iloc[0]
    assert row[["systolic_bp", "diabetes", "sglt2_inhibitor"]].isna().all()
    assert sorted(export.left_out["reason"]) == [
        "diabetes dated after the index date",
        "sglt2_inhibitor dated after the index date",
        "systolic_bp dated after the index date",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"onsetDateTime": "2020-02-01"}, 1.0),
        ({"onsetDateTime": "2020-02-02"}, 0.0),
        ({"onsetDateTime": "2020"}, None),
        ({}, None),
        ({"recordedDate": "2020-02-02"}, None),
        ({"onsetDateTime": "2019", "abatementDateTime": "2019-06-01"}, 0.0),
    ],
)
def test_a_beginning_that_may_lie_before_the_index_date_is_no_evidence_of_a_no(
    tmp_path: Path, changes: Json, expected: float | None
) -> None:
    diabetes = condition(SNOMED, "44054006", date=None) | changes
    asthma = condition(SNOMED, "195967001")
    export = _export(tmp_path, SCAN, diabetes, asthma, day=date(2020, 2, 1))
    found = float(next(export.batches()).frame["diabetes"].iloc[0])
    assert found == expected or (expected is None and found != found)


def test_a_medicine_without_a_date_is_open_on_an_index_date(tmp_path: Path) -> None:
    taken = [request(concept(ATC, "A10BK03"), date=None), request(concept(ATC, "A02BC01"))]
    export = _export(tmp_path, SCAN, *taken, day=date(2020, 2, 1))
    row = next(export.batches()).frame.iloc[0]
    assert row["insulin"] == 0.0
    assert row[["sglt2_inhibitor"]].isna().all()


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ((-500, 700), "cac_agatston outside"),
        ((0, -1), "cac_agatston outside"),
        ((1e9, 1), "cac_agatston outside"),
    ],
)
def test_an_impossible_value_is_not_averaged_into_a_possible_one(
    tmp_path: Path, values: tuple[float, float], rule: str
) -> None:
    code = concept(SNOMED, "450360000")
    scans = [observation("x", value, "1", code=code) for value in values]
    path = write_lines(tmp_path / "all.ndjson", patient(), *scans)
    (found,) = read_fhir(path, DAY).rejects["rule"]
    assert found.startswith(rule)


def test_an_impossible_value_that_does_not_count_harms_nobody(tmp_path: Path) -> None:
    old = observation("8480-6", 0, "mm[Hg]", date="2019-01-01")
    path = write_lines(
        tmp_path / "all.ndjson", patient(), old, observation("8480-6", 120, "mm[Hg]")
    )
    assert read_fhir(path, DAY).frame["systolic_bp"].tolist() == [120]


@pytest.mark.parametrize(
    ("code", "unit", "read"),
    [("mg/dL", "mmol/L", False), ("mg/dL", "mg/dl", True), ("mg/dL", "milligrams", True)],
)
def test_a_unit_that_contradicts_its_own_print_is_not_believed(
    tmp_path: Path, code: str, unit: str, read: bool
) -> None:
    value = {"value": 100, "code": code, "unit": unit, "system": "http://unitsofmeasure.org"}
    ldl = observation("13457-7", {"valueQuantity": value})
    frame = read_fhir(write_lines(tmp_path / "all.ndjson", patient(), ldl), DAY).frame
    assert ("ldl_cholesterol" in frame) == read
