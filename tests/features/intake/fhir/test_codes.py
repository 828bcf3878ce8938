from __future__ import annotations

import csv
from pathlib import Path

import pytest

from features.derivation.therapy import statin_intensity
from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.fhir.codes.code_table import CodeTable, Kind, Meaning
from features.intake.fhir.elements.code_systems import name_system
from features.intake.fhir.elements.json_elements import Coding
from features.intake.fhir.resources.drugs import read_medicine
from tests.features.intake.fhir.records import RXNORM, concept

DICTIONARY = Dictionary.load()
TABLE = CodeTable.load(DICTIONARY)


def _rows() -> list[dict[str, str]]:
    names = ("fhir_codes", "fhir_snomed_conditions", "fhir_medicine_names", "fhir_relatives")
    found: list[dict[str, str]] = []
    for name in names:
        with data_file(f"reference/{name}.csv").open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def test_every_code_names_its_meaning_and_its_source() -> None:
    for row in _rows():
        assert row["name"] and row["source"] and row["code"], row


def test_no_code_is_said_to_mean_two_things_of_one_variable() -> None:
    keys = [
        tuple(row[name] for name in ("kind", "system", "match", "code", "variable"))
        for row in _rows()
    ]
    assert len(keys) == len(set(keys))


def test_every_value_is_one_that_its_variable_can_have() -> None:
    for row in _rows():
        variable, value = DICTIONARY.get(row["variable"]), row["value"]
        if variable is None or row["kind"] in ("observation", "site", "method"):
            assert value in ("", "yes", "no", "unknown"), row
        elif row["variable"] == "statin_intensity":
            assert statin_intensity(value, 40.0) in variable.codes
        elif row["variable"] == "antiplatelet":
            assert value.isalpha()
        elif variable.kind == "category":
            assert value in variable.codes
        else:
            assert variable.kind == "boolean" and value in ("yes", "unknown", "none")


def test_no_loinc_code_means_two_variables() -> None:
    loinc = [key for key in TABLE.exact if key[:2] == ("observation", "loinc")]
    assert all(len(TABLE.exact[key]) == 1 for key in loinc)
    assert len(loinc) > 40


@pytest.mark.parametrize("code", ["E11", "E11.9", "e119", "E11.65", "E11.9+", "E11.9 "])
@pytest.mark.parametrize("kind", ["icd10"])
def test_an_icd_category_means_all_below_it_with_or_without_its_point(kind: str, code: str) -> None:
    assert Meaning("diabetes", "yes") in (TABLE.find("condition", Coding(kind, code, "")) or ())


@pytest.mark.parametrize(
    ("system", "code"),
    [
        *(("icd10", code) for code in ("E16.2", "I26", "Z95.0", "J45.9", "O24.4", "G45.4")),
        *(("icd9", code) for code in ("401.9", "251.2", "V10.3", "E880.0")),
        ("snomed", "38341003"),
        ("atc", "A02BC01"),
    ],
)
def test_a_code_beside_every_family_is_understood_and_means_none_of_them(
    system: str, code: str
) -> None:
    kind: Kind = "medication" if system == "atc" else "condition"
    assert TABLE.find(kind, Coding(system, code, "")) == ()


@pytest.mark.parametrize(
    ("system", "code"),
    [("icd10", ""), ("icd10", "I7"), ("icd10", "diabetes"), ("icd9", "25"), ("snomed", "1")],
)
def test_what_is_no_code_of_its_system_is_not_understood(system: str, code: str) -> None:
    assert TABLE.find("condition", Coding(system, code, "")) is None


@pytest.mark.parametrize(
    ("system", "code", "variable", "value"),
    [
        ("icd10", "I25.10", "prior_cad", "unknown"),
        ("icd10", "I25.84", "prior_cad", "unknown"),
        ("icd10", "I25", "prior_cad", "unknown"),
        ("icd10", "I25.110", "prior_cad", "yes"),
        ("icd10", "I25.2", "prior_cad", "yes"),
        ("icd10", "I71.9", "prior_aaa", "unknown"),
        ("icd10", "I71", "prior_aaa", "unknown"),
        ("icd9", "414.01", "prior_cad", "unknown"),
        ("icd9", "41400", "prior_cad", "unknown"),
        ("icd9", "414.05", "prior_cad", "yes"),
        ("icd9", "410.71", "prior_cad", "yes"),
        ("icd9", "434.91", "prior_stroke", "yes"),
        ("icd9", "434.9", "prior_stroke", "unknown"),
        ("icd10", "I48", "atrial_fibrillation", "unknown"),
        ("icd10", "I48.9", "atrial_fibrillation", "unknown"),
        ("icd10", "I48.91", "atrial_fibrillation", "yes"),
        ("snomed", "195080001", "atrial_fibrillation", "unknown"),
        ("snomed", "53741008", "prior_cad", "unknown"),
        ("snomed", "445512009", "prior_cad", "unknown"),
        ("snomed", "371068009", "prior_cad", "yes"),
        ("snomed", "127014009", "diabetes", "yes"),
    ],
)
def test_a_longer_code_decides_and_what_a_scan_may_have_seen_is_left_open(
    system: str, code: str, variable: str, value: str
) -> None:
    found = TABLE.find("condition", Coding(system, code, "")) or ()
    assert [one.value for one in found if one.variable == variable] == [value]


def test_a_group_above_the_substances_leaves_open_which_it_is() -> None:
    found = TABLE.find("medication", Coding("atc", "C10AA", "")) or ()
    assert Meaning("lipid_lowering", "yes") in found
    assert Meaning("statin_intensity", "unknown") in found


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://snomed.info/sct/731000124108/version/20240301", "snomed"),
        ("https://snomed.info/sct/", "snomed"),
        ("urn:oid:2.16.840.1.113883.6.96", "snomed"),
        ("2.16.840.1.113883.6.96", "snomed"),
        ("http://hl7.org/fhir/sid/icd-10-cm|2025", "icd10"),
        ("HTTP://HL7.org/fhir/sid/ICD-10", "icd10"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "icd9"),
        ("urn:local", "urn:local"),
    ],
)
def test_a_code_system_is_known_by_all_its_addresses(address: str, name: str) -> None:
    assert name_system(address) == name


def test_a_combination_by_atc_means_all_that_is_in_it() -> None:
    found = TABLE.find("medication", Coding("atc", "C10BX06", "")) or ()
    assert {meaning.variable for meaning in found} == {
        "statin_intensity",
        "antiplatelet",
        "bp_treated",
        "ras_inhibitor",
        "lipid_lowering",
    }


def test_a_code_is_looked_up_in_its_own_system_only() -> None:
    assert TABLE.find("condition", Coding("loinc", "44054006", "")) is None
    assert TABLE.find("observation", Coding("snomed", "44054006", "")) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("24 HR metoprolol succinate 100 MG Extended Release Oral Tablet", {"bp_treated"}),
        (
            "amlodipine 5 MG / benazepril hydrochloride 10 MG Oral Capsule",
            {"bp_treated", "ras_inhibitor"},
        ),
        ("insulin glargine 100 UNT/ML Injectable Solution", {"insulin"}),
        ("nystatin 100000 UNT/ML Oral Suspension", set()),
        ("levocarnitine 250 MG Oral Tablet", set()),
        ("Aspirin-free Tension Relief", set()),
    ],
)
def test_a_generic_name_is_found_as_a_whole_word(name: str, expected: set[str]) -> None:
    found = read_medicine({"code": concept(RXNORM, "0", name)}, TABLE)
    assert {one.meaning.variable for one in found.substances} == expected


def test_a_table_that_names_an_unknown_variable_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    lines = data_file("reference/fhir_codes.csv").read_text().splitlines()
    path.write_text("\n".join([lines[0], "observation,loinc,exact,1-1,no_such,,x,y"]))
    with pytest.raises(MapError, match="no_such"):
        CodeTable.load(DICTIONARY, path)


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code,variable\n1,age\n")
    with pytest.raises(MapError, match="the columns must be"):
        CodeTable.load(DICTIONARY, path)
