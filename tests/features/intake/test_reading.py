from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.dialect import Dialect
from features.dictionary.dictionary import Dictionary
from features.errors import CalciriskError, CohortError, ConfigError
from features.intake.files.cohort_file import locate_source, read_bytes
from features.intake.files.raw_table import RawTable
from features.intake.read_file import read_file
from features.intake.whole_table import read_table

PLAIN = "id,age,sex\n007,61,f\nNA,55,m\n"


def _frame(content: bytes | str) -> pd.DataFrame:
    data = content.encode() if isinstance(content, str) else content
    return read_bytes(data, "c.csv").frame


def test_identifiers_keep_leading_zeros_and_na_is_an_identifier() -> None:
    assert _frame(PLAIN)["id"].tolist() == ["007", "NA"]


def test_rows_are_numbered_as_in_the_file_with_the_header_as_row_one() -> None:
    assert _frame(PLAIN).index.tolist() == [2, 3]
    assert _frame("a,b\n\n1,2\n,\n3,4\n").index.tolist() == [3, 5]
    assert _frame("sep=;\na;b\n1;2\n").index.tolist() == [3]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_read_with_or_without_its_mark(encoding: str) -> None:
    expected = _frame(PLAIN.replace("age", "âge"))
    assert _frame(PLAIN.replace("age", "âge").encode(encoding)).equals(expected)


def test_a_western_code_page_is_guessed() -> None:
    content = "nom,âge\n" + "Hélène Müller,61\n" * 20
    raw = read_bytes(content.encode("cp1252"), "c.csv")
    assert list(raw.frame.columns) == ["nom", "âge"]
    assert raw.frame["nom"].iloc[0] == "Hélène Müller"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    raw = read_bytes(PLAIN.replace(",", delimiter).encode(), "c.txt")
    assert raw.delimiter == delimiter
    assert raw.frame.shape == (2, 3)


def test_a_delimiter_inside_a_quoted_text_is_no_delimiter() -> None:
    frame = _frame('id;note\n1;"a, b, c; d"\n2;"two\nlines"\n')
    assert frame["note"].tolist() == ["a, b, c; d", "two\nlines"]


def test_a_decimal_comma_is_told_by_the_file() -> None:
    assert read_bytes(b"a;b\n5,2;1\n", "c.csv").decimal == ","
    assert read_bytes(b"a;b\n5.2;1,5\n", "c.csv").decimal == "."
    assert read_bytes(b'a,b\n"5,2",1\n', "c.csv").decimal == "."


def test_a_file_without_a_header_is_refused_without_a_word_of_its_first_patient() -> None:
    with pytest.raises(CohortError, match="where the names") as refused:
        read_bytes(b"000017;64,1;female;Meier;no;no;27.10.2003\n", "c.csv")
    assert not any(value in str(refused.value) for value in ("000017", "Meier", "no:", "27.10"))


@pytest.mark.parametrize(
    "content",
    [
        "Meier;weiblich;nie;Aspirin;Bern\nMoser;m;ehem;Aspirin;Bern\nKunz;w;nie;kein;Genf\n",
        "Smith,female,no,no,never,white\n",
        "a,statin,high,white,lad\nb,statin,low,white,lad\nc,none,high,black,rca\n",
    ],
)
def test_a_first_row_of_words_that_is_a_patient_s_is_refused_without_a_word_of_it(
    content: str,
) -> None:
    with pytest.raises(CohortError, match="where the names of the columns should be") as refused:
        read_bytes(content.encode(), "c.csv")
    assert not any(cell in str(refused.value) for cell in ("Meier", "Smith", "statin", "weiblich"))


def test_a_header_repeated_by_files_pasted_together_is_still_a_header() -> None:
    assert len(_frame("id,age,sex\n1,61,f\nid,age,sex\n2,55,m\n")) == 3


def test_a_column_may_be_called_like_one_of_its_values() -> None:
    header = ["id", "age", "sex", "smoker", "ldl"]
    content = ",".join(header) + "\n1,61,f,smoker,100\n2,50,m,no,90\n"
    assert list(_frame(content)) == header


@pytest.mark.parametrize(
    "title",
    [
        "Export of the clinic",
        "Export of the clinic;;;;",
        "\ufeffExport, 3 May 2024;;;;",
        ";Clinic;;;",
    ],
)
def test_a_title_above_the_header_is_refused_by_that_name(title: str) -> None:
    table = "PID;AGE;LDL;SBP;CAC\n1;61,5;3,2;120,0;0\n2;55,1;2,9;130,5;12,5\n"
    with pytest.raises(CohortError, match="begins with a title"):
        read_bytes(f"{title}\n{table}".encode(), "c.csv")
    assert len(_frame(table)) == 2


def test_a_header_may_hold_a_number_or_two() -> None:
    assert list(_frame("id,sbp 1,2003,age,sex,ldl\n1,2,3,4,5,6\n"))[2] == "2003"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compressed_files_are_known_by_their_bytes(pack: object) -> None:
    assert callable(pack)
    assert _frame(pack(PLAIN.encode())).equals(_frame(PLAIN))


def test_old_and_other_line_ends_make_no_difference() -> None:
    for end in ("\r\n", "\r"):
        assert _frame(PLAIN.replace("\n", end)).equals(_frame(PLAIN))


def test_parquet_becomes_the_text_that_a_csv_would_hold(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "id": ["01", "02"],
            "whole": [1.0, None],
            "part": [1.25, np.nan],
            "day": pd.Series([pd.Timestamp(2020, 1, 31), pd.NaT]),
            "yes": pd.array([True, None], dtype="boolean"),
            "kind": pd.Categorical(["u", "v"]),
        }
    )
    table.to_parquet(tmp_path / "c.parquet")
    assert read_table(tmp_path / "c.parquet").frame.to_dict("list") == {
        "id": ["01", "02"],
        "whole": ["1", ""],
        "part": ["1.25", ""],
        "day": ["2020-01-31", ""],
        "yes": ["True", ""],
        "kind": ["u", "v"],
    }


def test_a_column_of_lists_is_left_out_and_named_where_the_map_wants_it(tmp_path: Path) -> None:
    table = pd.DataFrame({"age": [61.0, 58.0], "drugs": [["a"], []], "scan": [b"\xff\x00", b"a"]})
    table.to_parquet(tmp_path / "c.parquet")
    raw = read_table(tmp_path / "c.parquet")
    assert list(raw.frame) == ["age"]
    assert raw.no_cells == ("drugs", "scan")
    content = {"name": "c", "file": "c.parquet", "variables": {"age": "age", "apob": "DRUGS"}}
    cohort_map = CohortMap.read("c.yaml", content)
    read = read_file(raw, cohort_map, Dictionary.load(), with_endpoint=True)
    (wanting,) = [one for one in read.findings.problems if one.column]
    assert wanting.column == "DRUGS"
    assert "nested or binary" in wanting.rule


def test_a_packed_parquet_file_is_refused_by_its_name(tmp_path: Path) -> None:
    pd.DataFrame({"age": [61.0]}).to_parquet(tmp_path / "c.parquet")
    (tmp_path / "c.gz").write_bytes(gzip.compress((tmp_path / "c.parquet").read_bytes()))
    with pytest.raises(CohortError, match="a Parquet file in a compressed one"):
        read_table(tmp_path / "c.gz")


def test_lines_in_two_encodings_are_refused() -> None:
    lines = [f"{i},männlich,Müller\n" for i in range(40)]
    whole = "id,sex,name\n" + "".join(lines)
    for encoding in ("utf-8", "cp1252"):
        assert read_bytes(whole.encode(encoding), "c.csv").frame["sex"].unique() == ["männlich"]
    mixed = whole[:300].encode() + whole[300:].encode("cp1252")
    with pytest.raises(CohortError, match="not in one encoding"):
        read_bytes(mixed, "c.csv")
    greek = "id,sex\n" + "1,\u0386\u03bd\u03b4\u03c1\u03b1\u03c2\n" * 40
    assert len(read_bytes(greek.encode("cp1253"), "c.csv").frame) == 40


def test_a_declared_encoding_holds(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes("id,name\n1,Łódź\n".encode("cp1250"))
    raw = read_table(tmp_path / "c.csv", Dialect(encoding="cp1250"))
    assert raw.frame["name"].tolist() == ["Łódź"]
    with pytest.raises(ConfigError, match="cp125O is not known"):
        read_table(tmp_path / "c.csv", Dialect(encoding="cp125O"))


def test_a_file_is_found_in_the_first_folder_that_has_it_compressed_or_not(tmp_path: Path) -> None:
    first, second = tmp_path / "raw", tmp_path / "shared"
    for folder in (first, second):
        folder.mkdir()
    (second / "c.csv.gz").write_bytes(gzip.compress(PLAIN.encode()))
    assert locate_source("c.csv", (first, second)) == second / "c.csv.gz"
    (first / "c.csv").write_text(PLAIN)
    assert locate_source("c.csv", (first, second)) == first / "c.csv"


def test_a_file_that_is_nowhere_is_refused_with_the_places_looked_in(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="CALCIRISK_COHORTS") as raised:
        locate_source("c.csv", (tmp_path / "raw", tmp_path / "shared"))
    assert str(tmp_path / "raw") in str(raised.value)
    assert str(tmp_path / "shared") in str(raised.value)


def _read_or_refuse(data: bytes) -> None:
    try:
        raw = read_bytes(data, "c.csv")
    except CalciriskError:
        return
    assert isinstance(raw, RawTable)
    assert raw.frame.columns.is_unique
    assert len(raw.frame) > 0


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_clear_refusal(data: bytes) -> None:
    _read_or_refuse(data)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab1,;"\n\r\t|. é\x1a\ufeff', max_size=200))
def test_any_text_is_a_table_or_a_clear_refusal(text: str) -> None:
    _read_or_refuse(text.encode())


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([gzip.compress(PLAIN.encode()), zstandard.compress(PLAIN.encode())]),
    st.integers(0, 60),
    st.integers(0, 255),
)
def test_any_damage_to_a_compressed_file_is_a_clear_refusal(
    packed: bytes, position: int, byte: int
) -> None:
    position = min(position, len(packed) - 1)
    _read_or_refuse(packed[:position] + bytes([byte]) + packed[position + 1 :])
