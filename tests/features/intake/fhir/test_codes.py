from __future__ import annotations

import csv
from pathlib import Path

import pytest

from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.fhir.codes import CodeTable, Meaning
from features.intake.fhir.drugs import find_substances, statin_intensity
from features.intake.fhir.elements import Coding
from tests.features.intake.fhir.records import RXNORM, concept

DICTIONARY = Dictionary.load()
TABLE = CodeTable.load(DICTIONARY)


def _rows() -> list[dict[str, str]]:
    with data_file("reference/fhir_codes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_code_names_its_meaning_and_its_source() -> None:
    for row in _rows():
        assert row["name"] and row["source"] and row["code"], row


def test_every_value_is_one_that_its_variable_can_have() -> None:
    for row in _rows():
        variable = DICTIONARY[row["variable"]]
        if row["kind"] == "observation":
            assert row["value"] == ""
        elif row["variable"] == "statin_intensity":
            assert statin_intensity(row["value"], 40.0) in variable.codes
        elif row["variable"] == "antiplatelet":
            assert row["value"].isalpha()
        elif variable.kind == "category":
            assert row["value"] in variable.codes
        else:
            assert (variable.kind, row["value"]) == ("boolean", "yes")


def test_no_loinc_code_means_two_variables() -> None:
    loinc = [key for key in TABLE.exact if key[:2] == ("observation", "loinc")]
    assert all(len(TABLE.exact[key]) == 1 for key in loinc)
    assert len(loinc) > 40


@pytest.mark.parametrize("code", ["E11", "E11.9", "e119", "E11.65"])
def test_an_icd_category_means_all_below_it_with_or_without_its_point(code: str) -> None:
    assert TABLE.find("condition", Coding("icd10", code, "")) == (Meaning("diabetes", "yes"),)


@pytest.mark.parametrize("code", ["E16.2", "I26", "I71.9", "Z95.0", "", "I7"])
def test_a_neighbouring_icd_code_means_nothing(code: str) -> None:
    assert TABLE.find("condition", Coding("icd10", code, "")) == ()


def test_a_combination_by_atc_means_all_that_is_in_it() -> None:
    found = TABLE.find("medication", Coding("atc", "C10BX06", ""))
    assert {meaning.variable for meaning in found} == {
        "statin_intensity",
        "antiplatelet",
        "bp_treated",
        "ras_inhibitor",
        "lipid_lowering",
    }


def test_a_code_is_looked_up_in_its_own_system_only() -> None:
    assert TABLE.find("condition", Coding("loinc", "44054006", "")) == ()
    assert TABLE.find("observation", Coding("snomed", "44054006", "")) == ()


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
    found = find_substances({"code": concept(RXNORM, "0", name)}, TABLE)
    assert {one.meaning.variable for one in found} == expected


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
