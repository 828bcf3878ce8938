from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook

from features.cohort_map.dialect import Dialect
from features.errors import CohortError
from features.intake.sources.excel_source import ExcelSource
from features.intake.whole_table import read_table

NAMES: list[Any] = ["id", "age", "sex", "scan", "ldl"]
PATIENTS: list[list[Any]] = [
    ["007", 61.5, "male", datetime.date(2020, 1, 31), 130],
    ["008", 58, "female", datetime.datetime(2021, 12, 1, 13, 45), None],
    ["009", None, None, None, 99],
]


def _save(path: Path, **sheets: list[list[Any]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def _read(path: Path, **declared: Any) -> dict[str, list[str]]:
    frame = read_table(path, Dialect(**declared)).frame
    return {str(name): frame[name].tolist() for name in frame}


PLAIN = {
    "id": ["007", "008", "009"],
    "age": ["61.5", "58", ""],
    "sex": ["male", "female", ""],
    "scan": ["2020-01-31", "2021-12-01", ""],
    "ldl": ["130", "", "99"],
}


def test_a_workbook_is_read_as_excel_keeps_it_whatever_its_name(tmp_path: Path) -> None:
    file = _save(tmp_path / "c.csv", Patients=[NAMES, *PATIENTS])
    assert _read(file) == PLAIN


def test_empty_rows_are_no_rows_and_the_numbers_are_those_of_the_sheet(tmp_path: Path) -> None:
    rows: list[Any] = [[], NAMES, PATIENTS[0], [None, ""], PATIENTS[1], PATIENTS[2], []]
    raw = read_table(_save(tmp_path / "c.xlsx", Patients=rows))
    assert raw.frame.to_dict("list") == PLAIN
    assert raw.frame.index.tolist() == [3, 5, 6]


def test_of_several_sheets_one_has_to_be_named(tmp_path: Path) -> None:
    file = _save(tmp_path / "c.xlsx", Codes=[["code"], [1]], Patients=[NAMES, *PATIENTS])
    with pytest.raises(CohortError, match=r"has 2 sheets: Codes, Patients.*--sheet NAME"):
        _read(file)
    assert _read(file, sheet="patients") == PLAIN
    with pytest.raises(CohortError, match="has no sheet 'Patient'; it has Codes, Patients"):
        _read(file, sheet="Patient")


def test_empty_and_hidden_sheets_are_no_choice(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    file = _save(tmp_path / "c.xlsx", Empty=[], Hidden=[["x"], [1]], Patients=[NAMES, *PATIENTS])
    book = load_workbook(file)
    book["Hidden"].sheet_state = "hidden"
    book.save(file)
    assert _read(file) == PLAIN
    assert ExcelSource(file, Dialect(), 5).notes() == ["c.xlsx: sheet Patients was read"]


def test_a_title_is_refused_with_the_row_of_the_names(tmp_path: Path) -> None:
    rows: list[Any] = [["Export of the calcium clinic"], [], NAMES, *PATIENTS]
    file = _save(tmp_path / "c.xlsx", Patients=rows)
    with pytest.raises(CohortError, match=r"title in row 1; .* row 3\. .*header_row: 3"):
        _read(file)
    assert _read(file, header_row=3) == PLAIN


def test_of_two_rows_of_names_one_has_to_be_named(tmp_path: Path) -> None:
    groups: list[Any] = [None, "Person", None, "Scan", "Blood"]
    file = _save(tmp_path / "c.xlsx", Patients=[groups, NAMES, *PATIENTS])
    with pytest.raises(CohortError, match=r"two rows of names, 1 and 2\. .*header_row: 2"):
        _read(file)
    assert _read(file, header_row=2) == PLAIN


def test_a_row_of_units_below_the_names_can_be_passed_over(tmp_path: Path) -> None:
    units: list[Any] = ["text", "years", "m/f", "date", "mg/dl"]
    file = _save(tmp_path / "c.xlsx", Patients=[NAMES, units, *PATIENTS])
    with pytest.raises(CohortError, match="'header_row: 1' and 'first_row: 3'"):
        _read(file)
    assert _read(file, header_row=1, first_row=3) == PLAIN


def test_a_patient_in_place_of_the_names_is_refused_without_a_value(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="patient's values where the names") as raised:
        _read(_save(tmp_path / "c.xlsx", Patients=PATIENTS))
    assert "61.5" not in str(raised.value)


def test_batches_are_the_same_from_any_batch_on(tmp_path: Path) -> None:
    rows: list[Any] = [[f"P{i}", float(i), "male", None, i if i % 2 else "low"] for i in range(120)]
    rows[60].append("beyond")
    source = ExcelSource(_save(tmp_path / "c.xlsx", Patients=[NAMES, *rows]), Dialect(), 50)
    batches = list(source.batches(["age", "ldl"]))
    assert [batch.n_rows for batch in batches] == [50, 50, 20]
    assert batches[1].unreadable["row"].tolist() == [62]
    assert batches[0].rows["age"].dtype == np.float64
    assert batches[0].rows["ldl"].tolist()[:2] == ["low", "1"]
    (last,) = source.batches(["age"], 2)
    assert last.rows["age"].tolist() == batches[2].rows["age"].tolist()


def test_numbers_and_texts_read_alike_under_a_decimal_comma(tmp_path: Path) -> None:
    rows: list[Any] = [["id", "ldl", "hdl"], ["a", "3,25", 1.234], ["b", 3.5, 1.5]]
    frame = read_table(_save(tmp_path / "c.xlsx", P=rows), Dialect(decimal=",")).frame
    assert frame["hdl"].tolist() == ["1,234", "1,5"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 and nothing more", "damaged Excel workbook or archive"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Excel workbook .* or one with a password"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "c.xlsx").write_bytes(content)
    with pytest.raises(CohortError, match=words):
        read_table(tmp_path / "c.xlsx")


def test_another_archive_is_named(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("c.csv", "id,age\n1,61\n")
    with pytest.raises(CohortError, match="is a zip archive"):
        read_table(tmp_path / "c.zip")
