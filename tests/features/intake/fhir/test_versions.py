"""Of the versions of a resource the last one counts, and what was deleted does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.intake.fhir.elements.versions import Version, compare, make_version
from features.intake.fhir.reader import FhirExport, read_fhir
from tests.features.intake.fhir.records import (
    DAY,
    SNOMED,
    Json,
    concept,
    condition,
    observation,
    patient,
    read_row,
    request,
    write_lines,
)


def _pressure(value: float, **meta: Any) -> Json:
    made = observation("8480-6", value, "mm[Hg]", id="bp")
    return made | ({"meta": meta} if meta else {})


FIRST, SECOND = {"versionId": "1"}, {"versionId": "2"}
EARLY, LATE = {"lastUpdated": "2020-01-01T00:00:00Z"}, {"lastUpdated": "2020-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_pressure(180, **FIRST), _pressure(120, **SECOND)),
        (_pressure(180, versionId="9"), _pressure(120, versionId="10")),
        (_pressure(180, **EARLY), _pressure(120, **LATE)),
        (_pressure(180, versionId="abc", **EARLY), _pressure(120, versionId="abb", **LATE)),
        (_pressure(180), _pressure(120) | {"status": "corrected"}),
    ],
)
def test_the_last_version_counts_in_whatever_order_they_come(
    tmp_path: Path, old: Json, new: Json
) -> None:
    assert read_row(tmp_path, old, new)["systolic_bp"] == 120
    assert read_row(tmp_path, new, old)["systolic_bp"] == 120
    assert read_row(tmp_path, old, new, old)["systolic_bp"] == 120


@pytest.mark.parametrize(
    "gone",
    [
        _pressure(180, **SECOND) | {"status": "entered-in-error"},
        _pressure(180) | {"status": "entered-in-error"},
        _pressure(180, **SECOND) | {"status": "cancelled"},
    ],
)
def test_a_last_version_in_error_takes_the_earlier_ones_with_it(tmp_path: Path, gone: Json) -> None:
    assert "systolic_bp" not in read_row(tmp_path, _pressure(180, **FIRST), gone)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_pressure(180), _pressure(120)),
        (_pressure(180, **FIRST), _pressure(120, **FIRST)),
        (_pressure(180, versionId="1", **LATE), _pressure(120, versionId="2", **EARLY)),
        (_pressure(180, **FIRST), _pressure(120, **LATE)),
    ],
)
def test_of_two_that_differ_and_have_no_order_neither_counts_and_both_are_told(
    tmp_path: Path, one: Json, other: Json
) -> None:
    found = read_fhir(write_lines(tmp_path / "all.ndjson", patient(), one, other), DAY)
    assert "systolic_bp" not in found.frame
    reasons = found.left_out.set_index("reason")["count"]
    assert reasons.filter(like="two that differ under one id").sum() == 2


def test_a_later_version_settles_what_two_others_left_open(tmp_path: Path) -> None:
    two = _pressure(180, **FIRST), _pressure(170, **FIRST)
    assert read_row(tmp_path, *two, _pressure(120, **SECOND))["systolic_bp"] == 120


def test_the_same_resource_twice_counts_once(tmp_path: Path) -> None:
    scan = observation("x", 100, "1", code=concept(SNOMED, "450360000"))
    found = read_fhir(write_lines(tmp_path / "all.ndjson", patient(), scan, scan, patient()), DAY)
    assert found.frame.loc["p1", "cac_agatston"] == 100
    assert found.left_out["reason"].tolist() == ["the same again"] * 2


def test_two_unclear_versions_of_a_condition_leave_the_list_open(tmp_path: Path) -> None:
    one, other = condition(SNOMED, "38341003", id="c"), condition(SNOMED, "44054006", id="c")
    row = read_row(tmp_path, one, other, condition(SNOMED, "59621000"))
    assert "diabetes" not in row and "prior_cad" not in row


@pytest.mark.parametrize("status", ["entered-in-error", "refuted"])
def test_a_condition_that_was_refuted_later_is_none(tmp_path: Path, status: str) -> None:
    said = condition(SNOMED, "44054006", id="c", meta=FIRST)
    later = said | {"verificationStatus": concept("", status), "meta": SECOND}
    assert "diabetes" not in read_row(tmp_path, said, later)
    assert "diabetes" not in read_row(tmp_path, later, said)


def _history(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "history", "entry": list(entries)}


def _deleted(url: str, **response: str) -> Json:
    return {"request": {"method": "DELETE", "url": url}, "response": response}


def test_what_a_history_says_was_deleted_does_not_count(tmp_path: Path) -> None:
    diabetes = condition(SNOMED, "44054006", id="c")
    row = read_row(tmp_path, _history(_deleted("Condition/c"), {"resource": diabetes}))
    assert "diabetes" not in row
    early = _deleted("Condition/c", lastModified="2020-01-01T00:00:00Z")
    again = diabetes | {"meta": LATE}
    assert read_row(tmp_path, _history({"resource": again}, early))["diabetes"] == 1.0


def test_a_history_lists_the_latest_first(tmp_path: Path) -> None:
    pages = _history({"resource": _pressure(120)}, {"resource": _pressure(180)})
    assert read_row(tmp_path, pages)["systolic_bp"] == 120


def test_a_deleted_patient_and_a_deleted_medicine_are_gone(tmp_path: Path) -> None:
    box = {"resourceType": "Medication", "id": "box", "code": {"text": "simvastatin 20 mg"}}
    taken = request(None, medicationReference={"reference": "Medication/box"})
    row = read_row(tmp_path, box, taken)
    assert row["statin_intensity"] == "moderate"
    row = read_row(tmp_path, box, taken, _history(_deleted("Medication/box")))
    assert "statin_intensity" not in row and "insulin" not in row
    gone = _history(_deleted("Patient/p1"))
    export = FhirExport(write_lines(tmp_path / "all.ndjson", patient(), taken, gone), DAY)
    assert next(export.batches()).rejects["rule"].tolist() == ["deleted"]


def test_versions_are_compared_by_time_by_number_and_not_at_all() -> None:
    assert compare(make_version("2020-01-02T00:00:00Z", ""), make_version("2020-01-01", "")) == 1
    assert compare(Version(number=1), Version(number=2)) == -1
    assert compare(Version(updated=1.0, number=2), Version(updated=1.0, number=1)) == 1
    assert compare(Version(updated=2.0, number=1), Version(updated=1.0, number=2)) is None
    assert compare(Version(number=3), Version(number=3)) == 0
    assert compare(Version(), Version(number=3)) is None
    assert compare(Version(history=1, place=1), Version(history=1, place=2)) == 1
    assert compare(Version(history=1, place=1), Version(history=2, place=2)) is None
