"""What is taken on the index date, by status, period and dosage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.features.intake.fhir.records import Json, dosage, named, read_row, request

STATIN = {"text": "atorvastatin 20 MG Oral Tablet"}
PLANNED = {"dispenseRequest": {"validityPeriod": {"start": "2020-01-01", "end": "2020-12-31"}}}


def _statement(**changes: Any) -> Json:
    made = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": STATIN,
        "effectiveDateTime": "2020-01-01",
    }
    return named(made | changes)


def test_what_is_intended_is_not_known_to_be_taken(tmp_path: Path) -> None:
    assert "statin_intensity" not in read_row(tmp_path, _statement(status="intended"))
    assert read_row(tmp_path, _statement())["statin_intensity"] == "moderate"


@pytest.mark.parametrize(
    ("status", "intensity"),
    [("active", "moderate"), ("stopped", "none"), ("completed", "moderate")],
)
def test_what_was_stopped_did_not_go_on_to_its_planned_end(
    tmp_path: Path, status: str, intensity: str
) -> None:
    row = read_row(tmp_path, request(STATIN, "2020-01-01", status=status, **PLANNED))
    assert row["statin_intensity"] == intensity


def test_what_is_over_as_of_a_day_was_over_by_then(tmp_path: Path) -> None:
    period = {"effectivePeriod": {"start": "2019-01-01", "end": "2021-01-01"}}
    over = _statement(status="completed", dateAsserted="2020-02-01", **period)
    assert read_row(tmp_path, over)["statin_intensity"] == "none"


def test_aspirin_as_needed_is_not_known_to_be_an_antiplatelet(tmp_path: Path) -> None:
    aspirin = {"text": "aspirin 100 MG Oral Tablet"}
    daily, as_needed = dosage(1), dosage(1)
    as_needed[0]["asNeededBoolean"] = True
    row = read_row(tmp_path, request(aspirin, dosageInstruction=as_needed))
    assert "antiplatelet" not in row
    assert row["statin_intensity"] == "none"
    assert read_row(tmp_path, request(aspirin, dosageInstruction=daily))["antiplatelet"] == "single"


def test_a_dose_in_the_morning_and_one_in_the_evening_add_up(tmp_path: Path) -> None:
    both = [*dosage(20, "mg"), *dosage(20, "mg")]
    row = read_row(tmp_path, request(STATIN, dosageInstruction=both))
    assert (row["statin_dose"], row["statin_intensity"]) == (40, "high")
    tablets = [*dosage(1), *dosage(1)]
    assert read_row(tmp_path, request(STATIN, dosageInstruction=tablets))["statin_dose"] == 40


def test_of_doses_that_follow_one_another_none_is_known_to_hold(tmp_path: Path) -> None:
    steps = [one | {"sequence": n} for n, one in enumerate((*dosage(20, "mg"), *dosage(40, "mg")))]
    row = read_row(tmp_path, request(STATIN, dosageInstruction=steps))
    assert row["lipid_lowering"] == 1
    assert not {"statin_dose", "statin_intensity"} & row.keys()


def test_a_dose_of_stu3_is_read(tmp_path: Path) -> None:
    dose = {"doseQuantity": {"value": 40, "unit": "mg", "code": "mg"}}
    assert read_row(tmp_path, _statement(dosage=[dose]))["statin_intensity"] == "high"
