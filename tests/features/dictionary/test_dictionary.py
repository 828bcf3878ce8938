from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import GROUPS
from features.errors import MapError

ENTRY: dict[str, Any] = {
    "label": "Apolipoprotein B",
    "group": "lipids",
    "kind": "number",
    "unit": "mg/dL",
    "units": {"g/L": 100},
    "low": 10,
    "high": 400,
    "evidence": "HR 1.24",
    "source": "Clin Chem 2023;69:48-55",
}


def load(folder: Path, entry: dict[str, Any]) -> Dictionary:
    path = folder / "variables.yaml"
    path.write_text(yaml.safe_dump({"apob": entry}))
    return Dictionary.load(path)


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return Dictionary.load()


def test_the_dictionary_holds_every_group(dictionary: Dictionary) -> None:
    assert {variable.group for variable in dictionary.values()} == set(GROUPS)


def test_the_order_is_that_of_the_groups(dictionary: Dictionary) -> None:
    positions = [GROUPS.index(variable.group) for variable in dictionary.values()]
    assert positions == sorted(positions)


def test_a_label_belongs_to_one_variable(dictionary: Dictionary) -> None:
    assert len({variable.label for variable in dictionary.values()}) == len(dictionary)


def test_a_loinc_code_belongs_to_one_variable(dictionary: Dictionary) -> None:
    codes = [variable.loinc for variable in dictionary.values() if variable.loinc]
    assert len(codes) == len(set(codes))


def test_the_canonical_unit_is_the_first_accepted_one(dictionary: Dictionary) -> None:
    numbers = [variable for variable in dictionary.values() if variable.kind == "number"]
    assert all(next(iter(variable.units)) == variable.unit for variable in numbers)


def test_what_indication_confounds_has_no_direction(dictionary: Dictionary) -> None:
    therapies = [v for v in dictionary.values() if v.group in ("therapy", "emerging")]
    u_shaped = [dictionary[name] for name in ("vitamin_d", "bmi", "alcohol_drinks", "diastolic_bp")]
    density = [dictionary[name] for name in ("cac_density_hu", "cac_density_score")]
    assert all(variable.monotone == 0 for variable in [*therapies, *u_shaped, *density])


def test_an_absent_variable_is_not_in_the_dictionary(dictionary: Dictionary) -> None:
    assert "shoe_size" not in dictionary


def test_a_valid_entry_is_read(tmp_path: Path) -> None:
    variable = load(tmp_path, ENTRY)["apob"]
    assert (variable.low, variable.high, variable.monotone) == (10.0, 400.0, 0)
    assert variable.units["g/L"].factor == 100


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("unti", "mg/dL", "'unti' is not known"),
        ("group", "fats", "'group' is 'fats'"),
        ("kind", "text", "'kind' is 'text'"),
        ("label", "", "'label' must be a text"),
        ("evidence", None, "'evidence' must be a text"),
        ("source", 3, "'source' must be a text"),
        ("unit", 3, "'unit' must be a text"),
        ("units", ["g/L"], "'units' must map"),
        ("units", {"g/L": "hundred"}, "'units' must be a number"),
        ("units", {"g/L": -1}, "'units' must hold factors above zero"),
        ("units", {"g/L": [1, 2, 3]}, "'units' must hold a factor"),
        ("units", {"mg/dL": 1}, "'units' must not repeat"),
        ("low", True, "'low' must be a number"),
        ("low", 500, "'low' must be below 'high'"),
        ("codes", ["a", "b"], "'codes' does not belong to a number"),
        ("monotone", 2, "'monotone' must be -1, 0 or 1"),
        ("monotone", True, "'monotone' must be -1, 0 or 1"),
        ("loinc", 18846, "'loinc' must be a text"),
    ],
)
def test_a_wrong_key_is_an_error_that_names_entry_and_key(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    with pytest.raises(MapError, match="apob") as caught:
        load(tmp_path, ENTRY | {key: value})
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["label", "group", "kind", "unit", "low", "high", "source"])
def test_a_missing_key_is_an_error(tmp_path: Path, key: str) -> None:
    with pytest.raises(MapError, match=f"apob: key '{key}'"):
        load(tmp_path, {known: value for known, value in ENTRY.items() if known != key})


@pytest.mark.parametrize("codes", [None, ["one"], ["a", "a"], [1, 2]])
def test_a_category_needs_two_different_codes(tmp_path: Path, codes: object) -> None:
    entry = {key: ENTRY[key] for key in ("label", "group", "evidence", "source")}
    with pytest.raises(MapError, match="apob: key 'codes'"):
        load(tmp_path, entry | {"kind": "category", "codes": codes})


@pytest.mark.parametrize(
    "text", ["", "[]", "apob: 3", "Apo-B: {}", "a: {label: x}\na: {}", "{", "1: {}"]
)
def test_a_file_that_is_no_dictionary_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "variables.yaml"
    path.write_text(text)
    with pytest.raises(MapError):
        Dictionary.load(path)


def test_a_key_given_twice_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "variables.yaml"
    path.write_text("apob: {label: a, label: b}")
    with pytest.raises(MapError, match="'label' appears twice"):
        Dictionary.load(path)


def test_a_dictionary_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"nowhere\.yaml"):
        Dictionary.load(tmp_path / "nowhere.yaml")
