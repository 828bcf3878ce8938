"""Coronary disease of a relative counts where it is surely early and of the first degree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.intake.fhir.reader import FhirPatients, read_fhir
from tests.features.intake.fhir.records import (
    DAY,
    ICD10,
    ROLE,
    SNOMED,
    Json,
    concept,
    condition,
    observation,
    patient,
    quantity,
    relative,
    write_lines,
)

MALE = ("FTH", "NFTH", "BRO", "NBRO", "SON", "SONC", "TWINBRO", "FTWINBRO", "ITWINBRO")
FEMALE = ("MTH", "NMTH", "SIS", "NSIS", "DAU", "DAUC", "TWINSIS", "FTWINSIS", "ITWINSIS")
OF_EITHER_SEX = ("PRN", "NPRN", "SIB", "NSIB", "CHILD", "NCHILD", "TWIN", "FTWIN", "ITWIN")
OTHERS = ("HBRO", "HSIS", "STPFTH", "ADOPTM", "FTHINLAW", "GRFTH", "UNCLE", "AUNT", "WIFE", "EXT")


def years(value: float, comparator: str = "") -> Json:
    return quantity(value, "a") | ({"comparator": comparator} if comparator else {})


def _read(folder: Path, *resources: Json) -> FhirPatients:
    return read_fhir(write_lines(folder / "all.ndjson", patient(), *resources), DAY)


def _found(folder: Path, *resources: Json) -> float | None:
    frame = _read(folder, *resources).frame
    return float(frame["family_history"].iloc[0]) if "family_history" in frame else None


@pytest.mark.parametrize("age", [0.5, 40, 54, 54.9, 55, 60, 64.9, 65, 70, 90])
def test_early_is_below_55_in_men_and_below_65_in_women_of_the_first_degree(
    tmp_path: Path, age: float
) -> None:
    for codes, limit in ((MALE, 55), (FEMALE, 65), (OF_EITHER_SEX, 55), (OTHERS, 0)):
        for code in codes:
            found = _found(tmp_path, relative(code, years(age)))
            assert found == (1.0 if age < limit else None), code


@pytest.mark.parametrize("sex", ["male", "female"])
@pytest.mark.parametrize("age", [50, 60, 70])
def test_the_sex_of_a_parent_or_child_may_be_told_beside_the_relationship(
    tmp_path: Path, sex: str, age: float
) -> None:
    limit = {"male": 55, "female": 65}[sex]
    said: tuple[dict[str, Any], ...] = (
        {"sex": concept("http://hl7.org/fhir/administrative-gender", sex)},
        {"gender": sex},
    )
    for told in said:
        found = _found(tmp_path, relative("PRN", years(age), **told))
        assert found == (1.0 if age < limit else None)
    at_odds = {"male": "MTH", "female": "FTH"}[sex]
    assert _found(tmp_path, relative(at_odds, years(age), **said[0])) is None


@pytest.mark.parametrize(
    ("onset", "early"),
    [
        ({"onsetAge": years(55, "<")}, True),
        ({"onsetAge": years(54, "<=")}, True),
        ({"onsetAge": years(55, "<=")}, False),
        ({"onsetAge": years(40, ">")}, False),
        ({"onsetAge": years(40, "ad")}, False),
        ({"onsetAge": quantity(50 * 12, "mo")}, True),
        ({"onsetAge": {"value": 50}}, False),
        ({"onsetAge": {"value": 50, "unit": "years"}}, True),
        ({"onsetAge": quantity(50, "kg")}, False),
        ({"onsetAge": years(-1)}, False),
        ({"onsetAge": years(400)}, False),
        ({"onsetRange": {"low": years(40), "high": years(49)}}, True),
        ({"onsetRange": {"high": years(49)}}, True),
        ({"onsetRange": {"low": years(50), "high": years(59)}}, False),
        ({"onsetRange": {"low": years(40)}}, False),
        ({"onsetString": "50"}, False),
        ({"onsetString": "premature"}, False),
        ({"onsetPeriod": {"start": "1970"}}, False),
        ({}, False),
    ],
)
def test_an_age_that_may_be_no_early_one_leaves_it_open_and_is_counted(
    tmp_path: Path, onset: Json, early: bool
) -> None:
    disease = {"code": concept(ICD10, "I21.9"), **onset}
    read = _read(tmp_path, relative("FTH", condition=[disease]))
    assert ("family_history" in read.frame) == early
    told = read.left_out[read.left_out["resource"] == "FamilyMemberHistory"]
    assert len(told) == (0 if early else 1)
    assert not any("50" in str(one) for one in told.to_numpy().ravel())


@pytest.mark.parametrize(
    ("lived", "early"),
    [
        ({"deceasedAge": years(52)}, True),
        ({"deceasedAge": years(70)}, False),
        ({"deceasedBoolean": True}, False),
        ({"ageAge": years(50)}, True),
        ({"ageAge": years(50), "estimatedAge": True}, False),
    ],
)
def test_what_a_relative_had_began_while_the_relative_lived(
    tmp_path: Path, lived: Json, early: bool
) -> None:
    assert _found(tmp_path, relative("FTH", **lived)) == (1.0 if early else None)


@pytest.mark.parametrize(
    ("disease", "counts"),
    [
        (concept(ICD10, "I25.2"), True),
        (concept(SNOMED, "22298006"), True),
        (concept(ICD10, "I25.10"), False),
        (concept(ICD10, "I63.9"), False),
        (concept(ICD10, "E11.9"), False),
        ({"text": "Heart attack"}, False),
    ],
)
def test_what_is_coronary_disease_of_the_patient_is_coronary_disease_of_a_relative(
    tmp_path: Path, disease: Json, counts: bool
) -> None:
    had = {"code": disease, "onsetAge": years(45)}
    assert _found(tmp_path, relative("FTH", condition=[had])) == (1.0 if counts else None)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"status": "partial"}, True),
        ({"status": "entered-in-error"}, False),
        ({"status": "health-unknown"}, False),
        ({"status": None}, False),
        ({"notDone": True}, False),
        ({"relationship": {"text": "father"}}, False),
        ({"relationship": concept(ROLE, "FAMMEMB")}, False),
        ({"date": "2020-07-01"}, False),
        ({"date": "2020"}, False),
        ({"patient": {"reference": "Patient/p2"}}, False),
        ({"modifierExtension": [{"url": "x", "valueBoolean": True}]}, False),
    ],
)
def test_what_is_no_sure_statement_of_the_time_counts_for_nothing(
    tmp_path: Path, changes: dict[str, Any], counts: bool
) -> None:
    told = relative("FTH", years(45), **changes)
    assert _found(tmp_path, told) == (1.0 if counts else None)


def test_no_relative_and_no_list_ever_says_no(tmp_path: Path) -> None:
    healthy = relative("FTH", condition=[]), relative("MTH", years(90)), relative("SIS", years(66))
    lists = condition(ICD10, "J45.9"), observation("2085-9", 50, "mg/dL")
    assert _found(tmp_path, *healthy, *lists) is None


def test_one_early_relative_is_enough_and_outweighs_an_answer_of_no(tmp_path: Path) -> None:
    told = relative("AUNT", years(40)), relative("FTH", years(80)), relative("MTH", years(60))
    own = concept("urn:calcirisk:variable", "family_history")
    denied = observation("x", {"valueBoolean": False}, code=own)
    read = _read(tmp_path, *told, denied)
    assert read.frame.loc["p1", "family_history"] == 1
    assert any("family_history denied" in reason for reason in read.left_out["reason"])
