from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from features.errors import CohortError
from features.intake.fhir.reader import FhirExport, FhirPatients, read_fhir
from tests.features.intake.fhir.records import (
    ATC,
    ICD10,
    LOINC,
    RXNORM,
    SNOMED,
    Json,
    blood_pressure,
    bundle,
    concept,
    condition,
    dosage,
    observation,
    patient,
    quantity,
    race,
    request,
    write_bundle,
    write_lines,
)

DAY = date(2020, 6, 29)


def _read(folder: Path, *resources: Json, day: date | None = DAY) -> FhirPatients:
    return read_fhir(write_bundle(folder, patient(), *resources), day)


def _row(folder: Path, *resources: Json, day: date | None = DAY) -> Json:
    known = _read(folder, *resources, day=day).frame.loc["p1"].dropna()
    return {str(name): value for name, value in known.items()}


def test_a_whole_record_becomes_one_row_in_canonical_units(tmp_path: Path) -> None:
    row = _row(
        tmp_path,
        blood_pressure(128, 76),
        observation("2089-1", 3.0, "mmol/L"),
        observation("2085-9", 50, "mg/dL"),
        observation("4548-4", 5.6, "%"),
        observation("72166-2", {"valueCodeableConcept": concept(SNOMED, "8517006")}),
        observation(
            "x", 130, "{score}", code=concept(SNOMED, "450360000"), date="2020-05-05T08:00:00+02:00"
        ),
        condition(SNOMED, "44054006"),
        request(concept(RXNORM, "617310", "atorvastatin 20 MG Oral Tablet")),
    )
    assert row == {
        "age": round((DAY - date(1960, 6, 30)).days / 365.25, 4),
        "sex": "female",
        "diabetes": 1.0,
        "prior_cad": 0.0,
        "prior_stroke": 0.0,
        "prior_pad": 0.0,
        "prior_aaa": 0.0,
        "prior_pci": 0.0,
        "cac_agatston": 130.0,
        "ldl_cholesterol": 3.0 * 38.67,
        "hdl_cholesterol": 50.0,
        "systolic_bp": 128.0,
        "diastolic_bp": 76.0,
        "hba1c": 5.6,
        "statin_intensity": "moderate",
        "statin_drug": "atorvastatin",
        "statin_dose": 20.0,
        "statin_years": round((DAY - date(2018, 1, 1)).days / 365.25, 4),
        "lipid_lowering": 1.0,
        "ezetimibe": 0.0,
        "pcsk9_inhibitor": 0.0,
        "bempedoic_acid": 0.0,
        "icosapent_ethyl": 0.0,
        "antiplatelet": "none",
        "bp_treated": 0.0,
        "ras_inhibitor": 0.0,
        "vitamin_k_antagonist": 0.0,
        "anticoagulant": "none",
        "insulin": 0.0,
        "sglt2_inhibitor": 0.0,
        "glp1_agonist": 0.0,
        "colchicine": 0.0,
        "smoking_status": "former",
    }


def test_columns_come_in_the_order_of_the_dictionary_and_rows_in_that_of_the_export(
    tmp_path: Path,
) -> None:
    path = write_bundle(
        tmp_path,
        patient("zz"),
        patient("p1"),
        observation("2085-9", 50, "mg/dL"),
        observation("29463-7", 70, "kg", subject={"reference": "Patient/zz"}),
    )
    frame = read_fhir(path, DAY).frame
    assert list(frame.index) == ["zz", "p1"]
    assert list(frame) == ["age", "sex", "hdl_cholesterol", "weight"]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_ndjson_by_type_in_any_order_gives_what_the_bundle_gives(
    tmp_path: Path, suffix: str
) -> None:
    resources = [blood_pressure(128, 76), condition(ICD10, "I25.10")]
    folder = tmp_path / "export"
    folder.mkdir()
    for name, lines in (("A_Condition", resources[1:]), ("B_Observation", resources[:1])):
        write_lines(folder / f"{name}.ndjson", *lines)
    write_lines(folder / "Patient.ndjson", patient())
    for file in list(folder.iterdir()) if suffix else []:
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    expected = _read(tmp_path, *resources).frame
    pd.testing.assert_frame_equal(read_fhir(folder, DAY).frame, expected)


def test_a_reference_by_the_address_of_the_entry_finds_the_patient(tmp_path: Path) -> None:
    whole = bundle(patient("server-id"), observation("2085-9", 50, "mg/dL"))
    whole["entry"][0]["fullUrl"] = "urn:uuid:88f1"
    whole["entry"][1]["resource"]["subject"] = {"reference": "urn:uuid:88f1"}
    path = tmp_path / "one.json"
    path.write_text(json.dumps(whole))
    assert read_fhir(path, DAY).frame.loc["server-id", "hdl_cholesterol"] == 50


def test_the_latest_measurement_up_to_the_index_date_counts_and_none_after_it(
    tmp_path: Path,
) -> None:
    found = [
        observation("2085-9", value, "mg/dL", date=day)
        for value, day in ((40, "2018-01-01"), (45, "2020-06-29"), (60, "2020-06-30"))
    ]
    assert _row(tmp_path, *found)["hdl_cholesterol"] == 45


def test_a_date_without_its_day_counts_only_when_the_month_is_over(tmp_path: Path) -> None:
    june = observation("2085-9", 60, "mg/dL", date="2020-06")
    may = observation("2085-9", 50, "mg/dL", date="2020-05")
    assert _row(tmp_path, june, may)["hdl_cholesterol"] == 50


def test_of_two_values_at_one_moment_the_mean_counts_whatever_their_order(tmp_path: Path) -> None:
    pair = [observation("2085-9", value, "mg/dL") for value in (40, 50)]
    assert _row(tmp_path, *pair)["hdl_cholesterol"] == (40 + 50) / 2
    assert _row(tmp_path, *pair[::-1])["hdl_cholesterol"] == (40 + 50) / 2


def test_what_was_measured_over_five_years_ago_is_left_out_but_height_lasts(
    tmp_path: Path,
) -> None:
    found = _read(
        tmp_path,
        observation("2085-9", 50, "mg/dL", date="2014-01-01"),
        observation("8302-2", 170, "cm", date="2001-01-01"),
    )
    assert list(found.frame) == ["age", "sex", "height"]
    assert found.left_out.loc[0, "reason"] == "hdl_cholesterol older than 5 years"


def test_without_an_index_date_the_last_measurement_of_each_patient_is_it(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        observation("2085-9", 50, "mg/dL", date="2015-06-29"),
        observation("8302-2", 170, "cm", date="2010-06-30"),
        day=None,
    )
    assert found.index_date["p1"] == "2015-06-29"
    assert found.frame.loc["p1", "age"] == round(
        (date(2015, 6, 29) - date(1960, 6, 30)).days / 365.25, 4
    )


def test_the_scan_before_the_last_one_becomes_the_prior_scan(tmp_path: Path) -> None:
    scans = [
        observation("x", value, "1", date=day, code=concept(SNOMED, "450360000"))
        for value, day in ((10, "2012-01-01"), (40, "2016-06-29"), (90, "2020-06-28"))
    ]
    row = _row(tmp_path, *scans)
    assert (row["cac_agatston"], row["prior_cac_agatston"]) == (90, 40)
    years = (date(2020, 6, 28) - date(2016, 6, 29)).days / 365.25
    assert row["prior_scan_years"] == round(years, 4)


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "preliminary", "unknown"])
def test_an_observation_that_is_not_final_is_left_out_and_counted(
    tmp_path: Path, status: str
) -> None:
    found = _read(tmp_path, observation("2085-9", 50, "mg/dL", status=status))
    assert "hdl_cholesterol" not in found.frame
    assert found.left_out.to_dict("records") == [
        {"resource": "Observation", "reason": "status", "detail": status, "count": 1}
    ]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (observation("2085-9", 50, "furlong"), "hdl_cholesterol in an unknown unit"),
        (observation("2085-9", 50, ""), "hdl_cholesterol in an unknown unit"),
        (observation("2085-9", None), "hdl_cholesterol without a value that can be read"),
        (observation("2085-9", 50, "mg/dL", date=None), "without a date"),
        (observation("2085-9", 50, "mg/dL", date="last spring"), "without a date"),
        (observation("2085-9", 50, "mg/dL", subject={}), "refers to no Patient"),
    ],
)
def test_what_cannot_be_read_is_never_guessed_and_always_counted(
    tmp_path: Path, part: Json, reason: str
) -> None:
    found = _read(tmp_path, part)
    assert "hdl_cholesterol" not in found.frame
    assert found.left_out["reason"].tolist() == [reason]


def test_codes_that_mean_nothing_are_counted_by_system_and_code_and_show_no_value(
    tmp_path: Path,
) -> None:
    odd = [observation("99999-9", 777.5, "mg/dL"), observation("99999-9", 888.5, "mg/dL")]
    found = _read(tmp_path, *odd, condition(ICD10, "J45.9"))
    assert found.unmapped.to_dict("records") == [
        {"resource": "Observation", "system": "loinc", "code": "99999-9", "count": 2},
        {"resource": "Condition", "system": "icd10", "code": "J45.9", "count": 1},
    ]
    assert "777" not in found.unmapped.to_string() + found.left_out.to_string()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"birthDate": None}, "no birth date"),
        ({"birthDate": "around 1960"}, "no birth date"),
        ({"id": None}, "no id"),
        ({"deceasedDateTime": "2019-01-01"}, "has died by the index date"),
        ({"deceasedBoolean": True}, "has died by the index date"),
        ({"birthDate": "2021-01-01"}, "born after the index date"),
        (
            {"link": [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]},
            "replaced by a Patient who is not in the export",
        ),
    ],
)
def test_a_patient_who_cannot_be_scored_is_a_reject_with_the_reason(
    tmp_path: Path, changes: Json, rule: str
) -> None:
    found = read_fhir(write_bundle(tmp_path, patient("ok"), patient(**changes)), DAY)
    assert list(found.frame.index) == ["ok"]
    assert found.rejects["rule"].tolist() == [rule]


def test_who_died_after_the_index_date_was_alive_on_it(tmp_path: Path) -> None:
    path = write_bundle(tmp_path, patient(deceasedDateTime="2020-12-01"))
    assert len(read_fhir(path, DAY).frame) == 1


def test_records_of_nobody_broken_lines_and_repeated_patients_are_rejects(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "all.ndjson", patient(), patient(birthDate="1970-01-01"))
    lost = observation("2085-9", 50, "mg/dL", subject={"reference": "Patient/lost"})
    with path.open("a") as file:
        file.write(json.dumps(lost) + '\n{"resourceType": "Observation", "sub\n')
    export = FhirExport(path, DAY)
    rejects = next(export.batches()).rejects
    assert rejects["rule"].tolist() == [
        "another Patient of the same id",
        "a Patient of the same id",
        "no JSON: cut off or damaged",
        "no Patient resource",
    ]
    assert rejects["row"].tolist() == [1, 2, 3, 4]
    assert rejects["patient_id"].tolist() == ["p1", "p1", "", "lost"]
    assert rejects["column"].tolist()[2] == "all.ndjson line 4"
    assert export.n_rows == 4


def test_the_same_batches_come_each_time_and_from_any_batch_on(tmp_path: Path) -> None:
    people = [patient(f"p{i}") for i in range(25)]
    seen = [
        observation("2085-9", 20 + i, "mg/dL", subject={"reference": f"Patient/p{i}"})
        for i in range(25)
    ]
    export = FhirExport(write_lines(tmp_path / "all.ndjson", *seen, *people), DAY)
    whole = [batch.frame for batch in export.batches(10)]
    assert [list(frame.index) for frame in whole] == [
        list(range(1, 11)),
        list(range(11, 21)),
        list(range(21, 26)),
    ]
    assert pd.concat(whole)["hdl_cholesterol"].tolist() == [20.0 + i for i in range(25)]
    for first in range(3):
        again = [batch.frame for batch in export.batches(10, first)]
        for one, other in zip(whole[first:], again, strict=True):
            pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"{", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"[1, 2]", "is no FHIR resource"),
        (b"[" * 100_000, "is no JSON"),
    ],
)
def test_a_file_that_is_no_bundle_is_refused_by_name(
    tmp_path: Path, content: bytes, rule: str
) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    with pytest.raises(CohortError, match=rule):
        read_fhir(path)


def test_an_export_cut_off_inside_its_compression_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "Patient.ndjson", *[patient(f"p{i}") for i in range(999)])
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(gzip.compress(path.read_bytes())[:-20])
    with pytest.raises(CohortError, match="damaged"):
        read_fhir(cut)


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ([race("2106-3")], "white"),
        ([race("2106-3"), race("2135-2", url="ethnicity")], "hispanic"),
        ([race("2106-3"), race("2186-5", url="ethnicity")], "white"),
        ([race("2028-9", "2034-7")], "chinese"),
        ([race("2028-9", "2029-7")], "south_asian"),
        ([race("2028-9")], None),
        ([race("2106-3"), race("2054-5")], "other"),
        ([race("UNK")], None),
        ([{"url": "https://example.org/other"}], None),
    ],
)
def test_ethnicity_follows_us_core_and_is_missing_where_it_does_not_decide(
    tmp_path: Path, extension: list[Json], expected: str | None
) -> None:
    path = write_bundle(tmp_path, patient(extension=extension))
    frame = read_fhir(path, DAY).frame
    assert frame.get("ethnicity", pd.Series([None])).iloc[0] == expected


def test_variables_without_a_public_code_travel_by_their_own_name(tmp_path: Path) -> None:
    own = "urn:calcirisk:variable"
    row = _row(
        tmp_path,
        observation("x", {"valueBoolean": True}, code=concept(own, "family_history")),
        observation("x", {"valueInteger": 3}, code=concept(own, "lesion_count")),
        observation("x", {"valueString": "micro"}, code=concept(own, "albuminuria")),
        observation(
            "x",
            {"valueQuantity": quantity(0.4, "mL")},
            code=concept(own, "cac_volume"),
        ),
    )
    assert row["family_history"] == 1.0
    assert row["lesion_count"] == 3.0
    assert row["albuminuria"] == "micro"
    assert row["cac_volume"] == 0.4 * 1000


def test_no_history_is_known_of_a_patient_whose_list_of_conditions_is_empty(
    tmp_path: Path,
) -> None:
    assert "diabetes" not in _row(tmp_path, observation("2085-9", 50, "mg/dL"))
    assert _row(tmp_path, condition(ICD10, "J45.9"))["diabetes"] == 0.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"verificationStatus": concept("", "refuted")}, None),
        ({"verificationStatus": concept("", "provisional")}, None),
        ({"clinicalStatus": concept("", "remission")}, None),
        ({"abatementDateTime": "2019-01-01"}, 0.0),
        ({"abatementDateTime": "2021-01-01"}, 1.0),
        ({"clinicalStatus": concept("", "resolved")}, 0.0),
        ({"onsetDateTime": "2020-06-30"}, None),
        ({"onsetDateTime": None, "recordedDate": "2019-01-01"}, 1.0),
    ],
)
def test_a_diabetes_counts_if_it_is_sure_lasts_and_began_by_the_index_date(
    tmp_path: Path, changes: Json, expected: float | None
) -> None:
    made = condition(SNOMED, "44054006") | changes
    row = _row(tmp_path, {key: value for key, value in made.items() if value is not None})
    assert row.get("diabetes") == expected


def test_an_infarction_that_is_over_has_still_been_one(tmp_path: Path) -> None:
    over = condition(SNOMED, "22298006", clinicalStatus=concept("", "resolved"))
    assert _row(tmp_path, over)["prior_cad"] == 1.0


def test_a_stent_is_coronary_disease_and_a_prior_intervention(tmp_path: Path) -> None:
    done = {
        "resourceType": "Procedure",
        "id": "x",
        "status": "completed",
        "code": concept(SNOMED, "415070008"),
        "subject": {"reference": "Patient/p1"},
        "performedPeriod": {"start": "2019-01-01T10:00:00Z", "end": "2019-01-01T11:00:00Z"},
    }
    row = _row(tmp_path, done)
    assert (row["prior_pci"], row["prior_cad"]) == (1.0, 1.0)
    assert "prior_pci" not in _row(tmp_path, done | {"status": "not-done"})


def test_a_medicine_may_lie_in_its_own_resource_before_or_after_or_inside(tmp_path: Path) -> None:
    box = {
        "resourceType": "Medication",
        "id": "box",
        "code": concept(ATC, "C10AA05"),
        "ingredient": [
            {
                "itemCodeableConcept": concept(ATC, "C10AA05"),
                "strength": {"numerator": quantity(80, "mg"), "denominator": quantity(1, "1")},
            }
        ],
    }
    by_reference = request(None, medicationReference={"reference": "Medication/box"})
    assert _row(tmp_path, box, by_reference)["statin_intensity"] == "high"
    assert _row(tmp_path, by_reference, box)["statin_intensity"] == "high"
    inside = request(None, medicationReference={"reference": "#box"}, contained=[box])
    assert _row(tmp_path, inside)["statin_intensity"] == "high"


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        ({"status": "stopped"}, False),
        ({"status": "entered-in-error"}, None),
        ({"doNotPerform": True}, None),
        ({"authoredOn": "2020-07-01"}, None),
        (
            {
                "status": "completed",
                "dispenseRequest": {"validityPeriod": {"end": "2020-12-31"}},
            },
            True,
        ),
        ({"dispenseRequest": {"validityPeriod": {"end": "2019-12-31"}}}, False),
    ],
)
def test_a_medicine_counts_while_it_is_taken(
    tmp_path: Path, changes: Json, taken: bool | None
) -> None:
    row = _row(tmp_path, request(concept(ATC, "A10BK03"), **changes))
    assert row.get("sglt2_inhibitor") == (None if taken is None else float(taken))


def test_two_antiplatelets_are_dual_and_aspirin_for_pain_is_none(tmp_path: Path) -> None:
    aspirin = request(concept(RXNORM, "243670", "aspirin 81 MG Oral Tablet"))
    clopidogrel = request(concept(ATC, "B01AC04"))
    pain = request(concept(RXNORM, "1", "acetaminophen 250 MG / aspirin 250 MG Oral Tablet"))
    assert _row(tmp_path, aspirin)["antiplatelet"] == "single"
    assert _row(tmp_path, aspirin, aspirin)["antiplatelet"] == "single"
    assert _row(tmp_path, aspirin, clopidogrel)["antiplatelet"] == "dual"
    assert _row(tmp_path, pain)["antiplatelet"] == "none"


def test_a_statin_without_a_dose_is_lipid_lowering_of_unknown_intensity(tmp_path: Path) -> None:
    found = _read(tmp_path, request(concept(ATC, "C10AA05")))
    assert "statin_intensity" not in found.frame
    assert found.frame.loc["p1", "lipid_lowering"] == 1.0
    assert "a statin without a dose" in found.left_out["reason"].tolist()


@pytest.mark.parametrize(
    ("name", "dose", "expected"),
    [
        ("atorvastatin 40 MG Oral Tablet", None, "high"),
        ("atorvastatin 20 MG Oral Tablet", dosage(2), "high"),
        ("atorvastatin 20 MG Oral Tablet", dosage(1), "moderate"),
        ("fluvastatin 40 MG Oral Capsule", dosage(1, frequency=2), "moderate"),
        ("fluvastatin 40 MG Oral Capsule", dosage(1), "low"),
        ("ezetimibe 10 MG / simvastatin 10 MG Oral Tablet", None, "low"),
        ("Rosuvastatin", dosage(20, "mg"), "high"),
        ("amlodipine 5 MG / atorvastatin 10 MG Oral Tablet", dosage(80, "mg"), "moderate"),
        ("pravastatin sodium 20 MG Oral Tablet [Pravachol]", None, "low"),
    ],
)
def test_statin_intensity_follows_drug_and_daily_dose(
    tmp_path: Path, name: str, dose: list[Json] | None, expected: str
) -> None:
    changes: Json = {} if dose is None else {"dosageInstruction": dose}
    row = _row(tmp_path, request(concept(RXNORM, "0", name), **changes))
    assert row["statin_intensity"] == expected


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="holds no"):
        read_fhir(tmp_path)


def test_an_export_without_patients_gives_an_empty_table(tmp_path: Path) -> None:
    found = read_fhir(write_bundle(tmp_path, observation("2085-9", 50, "mg/dL")), DAY)
    assert found.frame.empty
    assert found.rejects["rule"].tolist() == ["no Patient resource"]


def test_the_loinc_code_of_the_dictionary_is_read_as_it_stands(tmp_path: Path) -> None:
    lpa = observation("10835-7", 30, "mg/dL", code=concept(LOINC, "10835-7", "Lipoprotein a"))
    assert _row(tmp_path, lpa)["lpa_mass"] == 30.0
