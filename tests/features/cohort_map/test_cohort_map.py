from __future__ import annotations

from pathlib import Path

import pytest

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.map_files import known_maps
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.map_check import check_map

SMALL = """\
name: small
file: small.csv
variables:
  age: AGE
  sex: {column: SEX, codes: {1: male, 2: female}}
  total_cholesterol: {column: CHOL, unit: mmol/L}
  systolic_bp: {first_of: [SBP1, SBP2]}
endpoint: {time: DAYS, unit: days, event: EVENT}
"""


def _load(folder: Path, content: str, name: str = "small") -> CohortMap:
    path = folder / f"{name}.yaml"
    path.write_text(content, encoding="utf-8")
    return CohortMap.load(path)


@pytest.mark.parametrize("name", known_maps())
def test_every_map_that_ships_is_sound(name: str) -> None:
    check_map(CohortMap.load(name), Dictionary.load())


def test_four_cohorts_ship() -> None:
    assert {"framingham", "framingham_exam3", "mesa", "smart"} <= set(known_maps())


def test_a_variable_may_be_given_by_its_column_alone(tmp_path: Path) -> None:
    cohort_map = _load(tmp_path, SMALL)
    assert cohort_map.variables["age"].columns == ("AGE",)
    assert cohort_map.variables["age"].unit is None
    assert cohort_map.variables["systolic_bp"].combine == "first_of"
    assert cohort_map.endpoint is not None
    assert cohort_map.endpoint.events[0].values == ("1",)


def test_everything_in_a_map_is_text_as_it_was_written(tmp_path: Path) -> None:
    codes = SMALL.replace("1: male, 2: female", "01: male, no: female")
    assert _load(tmp_path, codes).variables["sex"].codes == {"01": "male", "no": "female"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("file:", "fill:", "unknown key 'fill'; did you mean 'file'"),
        (
            "column: SEX",
            "colunm: SEX",
            "variables.sex: unknown key 'colunm'; did you mean 'column'",
        ),
        ("file: small.csv\n", "", "'file' is missing"),
        ("name: small\n", "", "'name' is missing"),
        ("name: small", "name: other", "'name' must be 'small'"),
        ("name: small", "name: small\nname: small", "'name' appears twice"),
        ("age: AGE", "age: {unit: years}", "needs exactly one of column"),
        ("first_of: [SBP1, SBP2]", "first_of: [SBP1]", "take two or more"),
        ("event: EVENT", "evnt: EVENT", "endpoint: unknown key 'evnt'; did you mean 'event'"),
        ("unit: days, ", "", "'unit' must be one of years, months, weeks, days, date"),
        ("unit: days", "unit: date", "needs 'entry'"),
        ("time: DAYS", "time: DAYS, horizon: 10", "fixed 'horizon' has no 'time'"),
        ("age: AGE", "age: DAYS", "would leak the outcome"),
        ("endpoint", "outcomes: [AGE]\nendpoint", "would leak the outcome"),
        ("file: small.csv", "file: [a, b]", "'file' must be one value"),
        ("file: small.csv", "file: small.csv\ndecimal: x", "'decimal' must be"),
        ("variables:", "variables: {", "is not valid YAML"),
        (
            "variables:",
            "include: [{column: REPEAT, is: '', reason: base row}]\nvariables:",
            "for empty cells say 'empty: true'",
        ),
    ],
)
def test_a_wrong_map_is_refused_with_the_place(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(MapError) as raised:
        _load(tmp_path, SMALL.replace(old, new))
    assert words in str(raised.value)
    assert str(raised.value).startswith("small.yaml")


def test_all_that_the_dictionary_does_not_know_is_told_at_once(tmp_path: Path) -> None:
    content = SMALL.replace("age: AGE", "agee: AGE").replace("mmol/L", "stone")
    cohort_map = _load(tmp_path, content.replace("male, 2", "man, 2"))
    with pytest.raises(MapError) as raised:
        check_map(cohort_map, Dictionary.load())
    assert "agee: is not in the data dictionary; did you mean 'age'" in str(raised.value)
    assert "total_cholesterol: unit 'stone' is not accepted" in str(raised.value)
    assert "sex: 'man' is none of its values (female, male)" in str(raised.value)


def test_an_unknown_name_lists_the_known_maps() -> None:
    with pytest.raises(MapError, match=r"did you mean 'smart'.*Known maps: .*framingham.*smart"):
        CohortMap.load("smrat")


def test_a_map_may_extend_another_and_says_only_what_differs(tmp_path: Path) -> None:
    _load(tmp_path, SMALL)
    later = "extends: small\nname: later\nvariables: {age: AGE2, hdl_cholesterol: HDL}\n"
    cohort_map = _load(tmp_path, later, "later")
    assert cohort_map.file == "small.csv"
    assert cohort_map.variables["age"].columns == ("AGE2",)
    assert cohort_map.variables["total_cholesterol"].unit == "mmol/L"


def test_a_map_cannot_extend_itself(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="leads back to itself"):
        _load(tmp_path, "extends: small\n" + SMALL)


def test_a_file_named_as_the_dictionary_needs_no_map() -> None:
    cohort_map = CohortMap.of_dictionary(["patient_id", "age", "shoe_size"], Dictionary.load())
    assert list(cohort_map.variables) == ["age"]
    assert cohort_map.patient_id == "patient_id"


def test_scoring_asks_only_for_what_the_file_has(tmp_path: Path) -> None:
    reduced = _load(tmp_path, SMALL).for_scoring(["age", "Sex"])
    assert list(reduced.variables) == ["age", "sex"]
    assert reduced.endpoint is None


LEAST = {"name": "mine", "file": "mine.csv", "variables": {"age": "AGE"}}


def test_what_only_the_holders_know_of_a_study_reaches_the_report() -> None:
    given = {**LEAST, "study": {"ethics": "Board 7,\n consent."}}
    assert CohortMap.read("mine.yaml", given).about["study"] == {"ethics": "Board 7, consent."}


def test_a_fact_that_no_report_asks_for_is_an_error() -> None:
    given = {**LEAST, "study": {"etics": "Board 7."}}
    with pytest.raises(MapError, match="did you mean 'ethics'"):
        CohortMap.read("mine.yaml", given)


def test_the_files_of_a_map_given_by_its_path_may_lie_beside_it(tmp_path: Path) -> None:
    text = "name: mine\nfile: here.csv\npatient_id: ''\nvariables: {age: AGE}\n"
    (tmp_path / "mine.yaml").write_text(text)
    assert CohortMap.load(tmp_path / "mine.yaml").file == "here.csv"
    for name in ("here.csv.gz", "here.csv"):
        (tmp_path / name).write_text("AGE\n50\n")
        assert CohortMap.load(tmp_path / "mine.yaml").file == str(tmp_path / "here.csv")
    assert CohortMap.load("mine", tmp_path).file == "here.csv"
