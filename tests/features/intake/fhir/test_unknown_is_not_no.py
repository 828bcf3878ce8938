"""A no needs evidence: a whole list with every entry understood, or a word that says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.intake.fhir.reader import read_fhir
from tests.features.intake.fhir.records import (
    ATC,
    DAY,
    ICD10,
    LOINC,
    RXNORM,
    SNOMED,
    Json,
    concept,
    condition,
    named,
    observation,
    read_row,
    request,
)

ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
HISTORY = {"diabetes", "prior_cad", "prior_stroke", "prior_pad", "prior_aaa", "prior_pci"}
ASTHMA = condition(ICD10, "J45.9")


def _said(text: str) -> Json:
    return condition("", "") | {"code": {"text": text}, "id": "said"}


@pytest.mark.parametrize(
    "unclear",
    [
        _said("Zuckerkrankheit"),
        _said("type 2 diabetes"),
        condition("urn:local:problems", "DM2"),
        condition(SNOMED, "999999999"),
        condition(SNOMED, "44054006", verificationStatus=concept("", "unconfirmed")),
        condition(SNOMED, "44054006", modifierExtension=[{"url": "urn:negated"}]),
        condition(SNOMED, "44054006", implicitRules="urn:rules"),
        condition(IPS, "no-problem-info"),
        condition(ICD10, "not a code"),
        condition(ICD10, ""),
    ],
)
def test_a_condition_that_is_not_understood_leaves_all_history_missing(
    tmp_path: Path, unclear: Json
) -> None:
    assert set(read_row(tmp_path, ASTHMA)) >= HISTORY
    assert not HISTORY & set(read_row(tmp_path, ASTHMA, unclear)) - _of_diabetes(unclear)


def _of_diabetes(unclear: Json) -> set[str]:
    """What a doubt of diabetes alone does not touch."""
    doubted = "verificationStatus" in unclear and "unconfirmed" in str(unclear)
    return HISTORY - {"diabetes"} if doubted else set()


@pytest.mark.parametrize(
    ("system", "code", "variable"),
    [
        (ICD9, "250.02", "diabetes"),
        (ICD9, "V45.82", "prior_pci"),
        ("urn:oid:2.16.840.1.113883.6.103", "434.91", "prior_stroke"),
        ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", "E11.90", "diabetes"),
        ("urn:oid:2.16.840.1.113883.6.90", "I73.9", "prior_pad"),
        ("http://snomed.info/sct/999000041000000102", "73211009", "diabetes"),
        (SNOMED, "314902007", "prior_pad"),
        (SNOMED, "195265003", ""),
    ],
)
def test_a_condition_is_known_by_any_address_and_by_hierarchy(
    tmp_path: Path, system: str, code: str, variable: str
) -> None:
    row = read_row(tmp_path, condition(system, code))
    if variable:
        assert row[variable] == 1.0
    else:
        assert "prior_aaa" not in row


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ICD10, "I25.10"),
        (ICD10, "I25.84"),
        (ICD10, "I25.83"),
        (ICD9, "414.4"),
        (SNOMED, "53741008"),
        (SNOMED, "445512009"),
        (SNOMED, "92517006"),
    ],
)
def test_calcified_arteries_of_a_scan_are_not_known_disease(
    tmp_path: Path, system: str, code: str
) -> None:
    row = read_row(tmp_path, condition(system, code))
    assert "prior_cad" not in row
    assert row["prior_stroke"] == 0.0


def test_an_infarction_beside_calcified_arteries_is_known_disease(tmp_path: Path) -> None:
    row = read_row(tmp_path, condition(ICD10, "I25.10"), condition(ICD10, "I21.4"))
    assert row["prior_cad"] == 1.0


@pytest.mark.parametrize("code", ["no-known-problems", "160245001"])
def test_no_known_problems_is_a_no_to_each(tmp_path: Path, code: str) -> None:
    row = read_row(tmp_path, condition(IPS if "-" in code else SNOMED, code))
    assert {name: row[name] for name in HISTORY} == dict.fromkeys(HISTORY, 0.0)


@pytest.mark.parametrize("kind", ["encounter-diagnosis", "health-concern"])
def test_the_diagnosis_of_an_encounter_is_no_list_of_problems(tmp_path: Path, kind: str) -> None:
    assert not HISTORY & set(read_row(tmp_path, ASTHMA | {"category": [concept("", kind)]}))
    listed = read_row(tmp_path, ASTHMA | {"category": [concept("", "problem-list-item")]})
    assert listed["diabetes"] == 0.0


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_what_was_refuted_is_neither_yes_nor_no_also_in_the_plain_text_of_stu3(
    tmp_path: Path, status: str
) -> None:
    stu3 = condition(SNOMED, "44054006", clinicalStatus="active", verificationStatus=status)
    assert "diabetes" not in read_row(tmp_path, stu3)
    assert read_row(tmp_path, stu3, ASTHMA)["diabetes"] == 0.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"verificationStatus": {"text": "ruled out"}}, None),
        ({"verificationStatus": {"text": "Confirmed"}}, 1.0),
        ({"verificationStatus": {"extension": [{"url": "data-absent-reason"}]}}, None),
        ({"verificationStatus": concept("urn:local", "maybe")}, None),
        ({"clinicalStatus": {"text": "resolved"}}, 0.0),
        ({"clinicalStatus": {"text": "gone?"}}, None),
        ({"clinicalStatus": "recurrence"}, 1.0),
        ({"verificationStatus": {}, "clinicalStatus": {}}, 1.0),
    ],
)
def test_a_status_that_is_not_known_is_no_confirmation(
    tmp_path: Path, changes: Json, expected: float | None
) -> None:
    said = condition(SNOMED, "44054006", **changes)
    assert read_row(tmp_path, ASTHMA, said).get("diabetes") == expected
    left_out = read_fhir(tmp_path / "all.ndjson", DAY).left_out
    assert "ruled out" not in left_out.to_string()


@pytest.mark.parametrize(("sign", "expected"), [("G", 1.0), ("A", None), ("V", None)])
def test_a_german_diagnosis_says_beside_its_code_how_sure_it_is(
    tmp_path: Path, sign: str, expected: float | None
) -> None:
    url = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"
    said = condition("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "E11.90")
    said["code"]["coding"][0]["extension"] = [{"url": url, "valueCoding": {"code": sign}}]
    assert read_row(tmp_path, said).get("diabetes") == expected


def _done(code: Json, status: str = "completed") -> Json:
    made = {"resourceType": "Procedure", "status": status, "code": code}
    return named(made | {"subject": {"reference": "Patient/p1"}, "performedDateTime": "2019-01-01"})


def test_an_operation_that_is_not_understood_may_be_any_but_diabetes(tmp_path: Path) -> None:
    row = read_row(tmp_path, ASTHMA, _done({"text": "CABG"}))
    assert HISTORY & set(row) == {"diabetes"}
    begun = _done(concept(SNOMED, "415070008"), status="stopped")
    assert "prior_pci" not in read_row(tmp_path, ASTHMA, begun)
    by_pcs = _done(concept("http://www.cms.gov/Medicare/Coding/ICD10", "02703ZZ"))
    assert read_row(tmp_path, by_pcs)["prior_pci"] == 1.0


OMEPRAZOLE = request(concept(ATC, "A02BC01"))
DRUGS = {"insulin", "bp_treated", "lipid_lowering", "statin_intensity", "antiplatelet"}


@pytest.mark.parametrize(
    "name",
    ["Sortis 20 mg", "Brilique 90 mg", "Ozempic pen", "Vytorin 10-20", "heart tablets", "x" * 300],
)
def test_a_brand_that_is_not_known_leaves_every_medicine_open(tmp_path: Path, name: str) -> None:
    assert read_row(tmp_path, OMEPRAZOLE)["statin_intensity"] == "none"
    assert not DRUGS & set(read_row(tmp_path, OMEPRAZOLE, request({"text": name})))


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("Insulin syringe 0.5 mL", "insulin"),
        ("insulin pump reservoir", "insulin"),
        ("Insulin pen, reusable", "insulin"),
        ("Cooler bag for insulin", "insulin"),
        ("Aspirin allergy", "antiplatelet"),
        ("atorvastatin - stopped", "statin_intensity"),
        ("no warfarin", "vitamin_k_antagonist"),
    ],
)
def test_a_device_or_a_denial_beside_the_name_of_a_medicine_leaves_it_open(
    tmp_path: Path, name: str, variable: str
) -> None:
    assert variable not in read_row(tmp_path, OMEPRAZOLE, request({"text": name}))


@pytest.mark.parametrize(
    "medicine",
    [
        request({"text": "Carvedilol eye drops"}),
        request({"text": "timolol 0.25 % gel forming solution"}),
        request({"text": "minoxidil topical"}),
        request({"text": "Betaxolol ophth susp"}),
        request({"text": "nifedipine 0.3% rectal ointment"}),
        request({"text": "Metoprolol"}, dosageInstruction=[{"route": concept(SNOMED, "54485002")}]),
        request(concept(ATC, "S01ED01")),
    ],
)
def test_what_acts_where_it_is_put_lowers_no_blood_pressure(tmp_path: Path, medicine: Json) -> None:
    assert read_row(tmp_path, medicine)["bp_treated"] == 0.0


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("3 ML insulin glargine 100 UNT/ML Prefilled Syringe", "insulin"),
        ("lisinopril-hydrochlorothiazide 20-12.5 mg", "ras_inhibitor"),
        ("timolol 10 MG Oral Tablet", "bp_treated"),
        ("Evolocumab 140 mg/mL pen", "pcsk9_inhibitor"),
    ],
)
def test_a_medicine_is_known_by_its_generic_name(tmp_path: Path, name: str, variable: str) -> None:
    row = read_row(tmp_path, request({"text": name}))
    assert row[variable] == 1.0
    assert row["colchicine"] == 0.0


def test_one_antiplatelet_beside_an_unknown_medicine_is_not_known_to_be_single(
    tmp_path: Path,
) -> None:
    aspirin = request({"text": "aspirin 81 MG Oral Tablet"})
    assert read_row(tmp_path, aspirin)["antiplatelet"] == "single"
    assert "antiplatelet" not in read_row(tmp_path, aspirin, request({"text": "Plavix 75"}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "unknown"}, None),
        ({"status": "on-hold"}, None),
        ({"resourceType": "MedicationStatement", "taken": "n"}, 0.0),
        ({"resourceType": "MedicationStatement", "taken": "unk"}, None),
        ({"resourceType": "MedicationDispense", "whenHandedOver": "2020-01-01"}, None),
        ({"resourceType": "MedicationAdministration", "effectiveDateTime": "2020-01-01"}, None),
    ],
)
def test_a_medicine_that_may_or_may_not_be_taken_is_open(
    tmp_path: Path, changes: Json, expected: float | None
) -> None:
    use = request(concept(ATC, "A10BK03")) | changes
    assert read_row(tmp_path, OMEPRAZOLE, use).get("sglt2_inhibitor") == expected


def test_no_known_medications_is_a_no_and_no_information_is_none(tmp_path: Path) -> None:
    assert read_row(tmp_path, request(concept(IPS, "no-known-medications")))["insulin"] == 0.0
    assert read_row(tmp_path, request(concept(SNOMED, "787481004")))["antiplatelet"] == "none"
    assert "insulin" not in read_row(tmp_path, request(concept(IPS, "no-medication-info")))


def test_an_order_of_a_hospital_stay_is_no_list_of_what_is_taken_at_home(tmp_path: Path) -> None:
    stay = request(concept(ATC, "A10BK03"), category=[concept("", "inpatient")])
    row = read_row(tmp_path, stay)
    assert row["sglt2_inhibitor"] == 1.0
    assert "insulin" not in row


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (concept(LOINC, "LA33-6"), 1.0),
        (concept(LOINC, "LA32-8"), 0.0),
        (concept(SNOMED, "373066001"), 1.0),
        (concept("http://terminology.hl7.org/CodeSystem/v2-0136", "N"), 0.0),
        (concept("urn:local", "Y"), None),
        ({"text": "yes"}, None),
    ],
)
def test_an_answer_is_yes_or_no_by_its_code(
    tmp_path: Path, value: Json, expected: float | None
) -> None:
    own = concept("urn:calcirisk:variable", "family_history")
    row = read_row(tmp_path, observation("x", {"valueCodeableConcept": value}, code=own))
    assert row.get("family_history") == expected


def test_products_of_rxnorm_are_known_by_the_names_beside_their_code(tmp_path: Path) -> None:
    both = concept(RXNORM, "0", "ezetimibe 10 MG / unknownstatin 20 MG Oral Tablet")
    row = read_row(tmp_path, request(both))
    assert row["ezetimibe"] == 1.0
    assert "statin_intensity" not in row


@pytest.mark.parametrize(
    ("system", "code", "variable"),
    [
        (ICD10, "B24", "hiv"),
        (SNOMED, "86406008", "hiv"),
        (ICD10, "O14.1", "preeclampsia"),
        (SNOMED, "398254007", "preeclampsia"),
        (ICD10, "M06.9", "inflammatory_disease"),
        (ICD10, "L40.0", "inflammatory_disease"),
        (SNOMED, "69896004", "inflammatory_disease"),
        (SNOMED, "239793008", "inflammatory_disease"),
        (ICD10, "Z99.2", "dialysis"),
        (SNOMED, "105502003", "dialysis"),
        (ICD10, "I50.22", "heart_failure"),
        (SNOMED, "42343007", "heart_failure"),
        (ICD10, "I48.0", "atrial_fibrillation"),
        (SNOMED, "49436004", "atrial_fibrillation"),
    ],
)
def test_what_not_every_code_is_known_of_is_said_by_a_code_and_never_denied(
    tmp_path: Path, system: str, code: str, variable: str
) -> None:
    row = read_row(tmp_path, condition(system, code))
    assert row[variable] == 1.0
    # an illness of another kind is still understood: the lists are whole
    assert set(row) >= HISTORY
    assert variable not in read_row(tmp_path, ASTHMA)
    no_problems = condition(IPS, "no-known-problems")
    assert variable not in read_row(tmp_path, no_problems)


def test_dialysis_that_is_over_is_none(tmp_path: Path) -> None:
    over = condition(ICD10, "Z99.2", abatementDateTime="2018-05-01")
    assert "dialysis" not in read_row(tmp_path, over)


@pytest.mark.parametrize(
    ("code", "binder"),
    [("V03AE02", "calcium_free"), ("V03AE03", "calcium_free"), ("V03AE07", "calcium_based")],
)
def test_a_phosphate_binder_is_known_by_its_class_and_never_denied(
    tmp_path: Path, code: str, binder: str
) -> None:
    assert read_row(tmp_path, request(concept(ATC, code)))["phosphate_binder"] == binder
    assert "phosphate_binder" not in read_row(tmp_path, request(concept(ATC, "A02BC01")))
    both = [request(concept(ATC, "V03AE02")), request(concept(ATC, "V03AE07"))]
    assert "phosphate_binder" not in read_row(tmp_path, *both)
