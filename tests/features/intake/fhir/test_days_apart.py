"""Values of different days: calcium is of one scan, and of two that contradict the later counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.intake.fhir.reader import FhirPatients, read_fhir
from tests.features.intake.fhir.records import (
    DAY,
    ICD10,
    SNOMED,
    Json,
    concept,
    condition,
    observation,
    patient,
    quantity,
    read_row,
    request,
    write_lines,
)

OWN = "urn:calcirisk:variable"
SCORE, LAD = concept(SNOMED, "450360000"), concept(SNOMED, "59438005")
NEVER, FORMER, CURRENT = "266919005", "8517006", "77176002"


def _score(value: float, date: str, **more: Any) -> Json:
    return observation("x", value, "1", date, code=SCORE) | more


def _own(name: str, value: Any, date: str, unit: str = "") -> Json:
    told = {"valueBoolean": value} if isinstance(value, bool) else None
    return observation("x", told or value, unit, date, code=concept(OWN, name))


def _smokes(code: str, date: str) -> Json:
    return observation("72166-2", {"valueCodeableConcept": concept(SNOMED, code)}, date=date)


def _read(folder: Path, *resources: Json) -> FhirPatients:
    return read_fhir(write_lines(folder / "all.ndjson", patient(), *resources), DAY)


def _reasons(read: FhirPatients) -> set[str]:
    return {*read.left_out["reason"], *read.remarks["reason"]}


def test_what_an_earlier_scan_showed_never_stands_beside_the_last_score(tmp_path: Path) -> None:
    earlier = (
        _score(100, "2016-03-01", id="1"),
        _score(60, "2016-03-01", id="2", bodySite=LAD),
        _own("cac_volume", 90, "2016-03-01", "mm3"),
        _own("lesion_count", 2, "2016-03-01", "{lesions}"),
    )
    row = read_row(tmp_path, *earlier, _score(250, "2020-03-01", id="3"))
    assert {name: value for name, value in row.items() if "cac_" in name} == {
        "cac_agatston": 250,
        "prior_cac_agatston": 100,
        "prior_cac_volume": 90,
    }
    assert "lesion_count" not in row
    assert row["prior_scan_years"] == pytest.approx(4, abs=0.01)
    told = _reasons(_read(tmp_path, *earlier, _score(250, "2020-03-01", id="3")))
    assert "lesion_count of an earlier scan than the last" in told
    assert "cac_agatston_lad of an earlier scan than the last" in told


def test_what_is_reported_some_days_after_a_scan_is_of_that_scan(tmp_path: Path) -> None:
    row = read_row(
        tmp_path, _score(250, "2020-03-01"), _own("lesion_count", 5, "2020-03-20", "{lesions}")
    )
    assert row["lesion_count"] == 5
    assert row["cac_agatston"] == 250


def test_angiography_is_another_scan_than_that_for_calcium(tmp_path: Path) -> None:
    row = read_row(
        tmp_path, _own("plaque_volume", 300, "2018-03-01", "mm3"), _score(250, "2020-03-01")
    )
    assert row["plaque_volume"] == 300


def test_a_score_is_that_of_the_earlier_scan_where_the_last_has_another_measure(
    tmp_path: Path,
) -> None:
    row = read_row(
        tmp_path, _score(100, "2016-03-01"), _own("cac_volume", 300, "2020-03-01", "mm3")
    )
    assert "cac_agatston" not in row
    assert row["prior_cac_agatston"] == 100
    assert row["cac_volume"] == 300


@pytest.mark.parametrize(
    ("resources", "gone", "kept"),
    [
        (
            (
                _own("cigarettes_per_day", 20, "2017-03-01", "/d"),
                _smokes(FORMER, "2020-03-01"),
            ),
            "cigarettes_per_day",
            {"smoking_status": "former"},
        ),
        (
            (
                _own("years_since_quitting", 2, "2017-03-01", "a"),
                _smokes(CURRENT, "2020-03-01"),
            ),
            "years_since_quitting",
            {"smoking_status": "current"},
        ),
        (
            (
                observation("39156-5", 38, "kg/m2", "2017-03-01"),
                observation("8302-2", 175, "cm", "2009-03-01"),
                observation("29463-7", 80, "kg", "2020-03-01"),
            ),
            "bmi",
            {"height": 175, "weight": 80},
        ),
        (
            (
                observation("2093-3", 140, "mg/dL", "2017-03-01"),
                observation("2089-1", 190, "mg/dL", "2020-03-01"),
            ),
            "total_cholesterol",
            {"ldl_cholesterol": 190},
        ),
    ],
)
def test_of_two_values_that_contradict_each_other_the_later_counts(
    tmp_path: Path, resources: tuple[Json, ...], gone: str, kept: dict[str, Any]
) -> None:
    read = _read(tmp_path, *resources)
    row = read.frame.loc["p1"].dropna().to_dict()
    assert gone not in row
    assert kept.items() <= row.items()
    assert f"{gone} that a later value contradicts" in _reasons(read)


def test_what_time_cannot_have_changed_stays_a_contradiction(tmp_path: Path) -> None:
    row = read_row(
        tmp_path,
        _own("pack_years", 30, "2017-03-01", "{pack-years}"),
        _smokes(NEVER, "2020-03-01"),
    )
    assert row["pack_years"] == 30
    assert row["smoking_status"] == "never"


def test_a_yes_of_the_past_does_not_grow_old(tmp_path: Path) -> None:
    row = read_row(
        tmp_path,
        _own("family_history", True, "2009-03-01"),
        _own("prior_cad", True, "2009-03-01"),
        _own("dialysis", True, "2009-03-01"),
        condition(ICD10, "I10"),
    )
    assert row["family_history"] == 1
    assert row["prior_cad"] == 1
    assert "dialysis" not in row


def test_an_observation_does_not_deny_a_diagnosis_or_a_drug_that_is_taken(tmp_path: Path) -> None:
    statin = request({"text": "atorvastatin 80 MG Oral Tablet"})
    said = (
        _own("diabetes", False, "2020-03-01"),
        observation("x", {"valueString": "none"}, code=concept(OWN, "statin_intensity")),
    )
    read = _read(tmp_path, condition(ICD10, "E11.9"), statin, *said)
    row = read.frame.loc["p1"]
    assert row["diabetes"] == 1
    assert row["statin_intensity"] == "high"
    assert "diabetes denied, though diagnoses or medicines have it" in _reasons(read)


def test_a_limit_is_read_as_a_value_and_told(tmp_path: Path) -> None:
    above = {"valueQuantity": quantity(400, "1") | {"comparator": ">"}}
    read = _read(tmp_path, observation("x", above, code=SCORE))
    assert read.frame.loc["p1", "cac_agatston"] == 400
    assert read.remarks["detail"].tolist() == [">"]


def test_ldl_of_before_the_statin_is_told(tmp_path: Path) -> None:
    statin = request({"text": "atorvastatin 80 MG Oral Tablet"}, "2019-01-01")
    before = observation("2089-1", 190, "mg/dL", "2018-03-01")
    after = observation("2089-1", 90, "mg/dL", "2020-03-01")
    told = "ldl_cholesterol is of before the first statin on record"
    assert told in _reasons(_read(tmp_path, statin, before))
    assert told not in _reasons(_read(tmp_path, statin, before, after))


def test_years_since_quitting_go_on(tmp_path: Path) -> None:
    quit_then = _own("years_since_quitting", 2, "2017-06-29", "a")
    row = read_row(tmp_path, quit_then, _smokes(FORMER, "2020-03-01"))
    assert row["years_since_quitting"] == pytest.approx(2 + 3, abs=0.01)
    none = _own("years_since_quitting", 0, "2017-06-29", "a")
    assert read_row(tmp_path, none)["years_since_quitting"] == 0


@pytest.mark.parametrize(
    ("before", "years"), [("2010", 9.67), ("2019-06", 0.71), ("2019", None), ("2020-01", None)]
)
def test_a_vague_date_makes_no_rate_of_growth(
    tmp_path: Path, before: str, years: float | None
) -> None:
    row = read_row(tmp_path, _score(100, before), _score(250, "2020-03-01"))
    if years is None:
        assert not {"prior_scan_years", "prior_cac_agatston"} & row.keys()
    else:
        assert row["prior_scan_years"] == pytest.approx(years, abs=0.01)


def test_a_score_of_over_a_year_ago_is_told(tmp_path: Path) -> None:
    told = "cac_agatston is of over a year before the index date"
    assert told in _reasons(_read(tmp_path, _score(100, "2018-03-01")))
    assert told not in _reasons(_read(tmp_path, _score(100, "2019-09-01")))


@pytest.mark.parametrize(("before", "now", "remarked"), [(100, 0, True), (0, 0, False),
                                                         (100, 1, False)])  # fmt: skip
def test_a_score_of_0_after_a_scan_with_calcium_is_remarked(
    tmp_path: Path, before: float, now: float, remarked: bool
) -> None:
    scans = _score(before, "2016-03-01", id="1"), _score(now, "2020-03-01", id="2")
    told = "cac_agatston is 0 though an earlier scan showed calcium"
    assert (told in set(_read(tmp_path, *scans).remarks["reason"])) == remarked
