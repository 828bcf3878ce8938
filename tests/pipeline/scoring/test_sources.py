from __future__ import annotations

import gzip
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

from features.cohort_map.dialect import Dialect
from features.errors import CohortError, ConfigError
from features.intake.cells.conversion import as_text
from features.intake.sources.parquet_source import ParquetSource
from features.intake.sources.source import RawBatch, Source
from features.intake.sources.sql_source import SqlSource
from features.intake.sources.text.csv_source import CsvSource
from features.intake.whole_table import read_table

QUERY = "SELECT * FROM patients ORDER BY row"


def wide_table(n: int = 3000) -> pd.DataFrame:
    """So much text that it does not fit into the smallest block."""
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"row": np.arange(n), "age": rng.uniform(40, 80, n).round(1)})
    table["sex"] = rng.choice(["female", "male"], n)
    table["note"] = [f'Größe "{i}", ' + "x" * 40 for i in range(n)]
    table.loc[rng.random(n) < 0.1, "age"] = np.nan
    return table


def gather(source: Source, first: int = 0) -> tuple[list[RawBatch], pd.DataFrame]:
    batches = list(source.batches(source.columns, first))
    return batches, pd.concat([batch.rows for batch in batches])


@pytest.mark.parametrize(
    "pack",
    [
        lambda text: text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text[:70_000].encode()) + gzip.compress(text[70_000:].encode()),
        lambda text: zstandard.compress(text.encode()),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: ("sep=,\r\n" + text.replace("\n", "\r\n")).encode(),
        lambda text: ("\n\n" + text + "\n\n \n").encode(),
    ],
)
def test_a_text_file_streams_to_what_reading_it_whole_gives(
    tmp_path: Path, pack: Callable[[str], bytes]
) -> None:
    file = tmp_path / "patients.csv"
    file.write_bytes(pack(wide_table().to_csv(index=False)))
    source = CsvSource(file, Dialect(), 500)
    batches, rows = gather(source)
    assert len(batches) > 2
    pd.testing.assert_frame_equal(rows, read_table(file).frame)
    assert [batch.number for batch in batches] == list(range(len(batches)))
    assert batches[-1].done == source.total


def test_rows_keep_their_numbers_where_a_batch_is_cut_in_several_pieces(tmp_path: Path) -> None:
    file, n = tmp_path / "patients.csv", 120_000
    lines = [f"P{number:06d},{number % 90},{'x' * 60}" for number in range(n)]
    ragged = [7, 30_000, 60_001, 60_002, n - 1]
    for number in ragged:
        lines[number] += ",more"
    lines[45_000] = ""
    file.write_text("\n".join(["patient_id,age,note", *lines]) + "\n")
    source = CsvSource(file, Dialect(), 60_000)
    batches, rows = gather(source)
    # About 4 MiB each, two pieces and more; the ragged row at the end is a batch of its own.
    assert len(batches) == 4
    assert [batch.rows.shape[0] > 40_000 for batch in batches[:2]] == [True, True]
    numbers = rows["patient_id"].str.removeprefix("P").astype(int)
    assert rows.index.tolist() == (numbers + 2).tolist()
    unreadable = pd.concat([batch.unreadable for batch in batches])
    assert unreadable["row"].tolist() == [number + 2 for number in ragged]
    assert len(rows) == n - len(ragged) - 1
    again, later = gather(source, 1)
    assert again[0].number == 1
    assert later.index.tolist() == rows.index[len(batches[0].rows) :].tolist()


def test_a_source_can_be_read_from_any_batch_on(tmp_path: Path) -> None:
    table = wide_table()
    table.to_csv(tmp_path / "patients.csv", index=False)
    table.to_parquet(tmp_path / "patients.parquet", index=False, row_group_size=700)
    connect(tmp_path, table)
    for source in (
        CsvSource(tmp_path / "patients.csv", Dialect(), 500),
        ParquetSource(tmp_path / "patients.parquet", 500),
        SqlSource(f"sqlite:///{tmp_path / 'patients.db'}", QUERY, 500),
    ):
        batches, _ = gather(source)
        again, _ = gather(source, 2)
        assert len(again) == len(batches) - 2
        for one, other in zip(again, batches[2:], strict=True):
            assert one.number == other.number
            pd.testing.assert_frame_equal(one.rows, other.rows)


def connect(folder: Path, table: pd.DataFrame) -> None:
    with sqlite3.connect(folder / "patients.db") as connection:
        table.to_sql("patients", connection, index=False, if_exists="replace")
    connection.close()


def test_text_parquet_and_sql_hold_the_same_cells(tmp_path: Path) -> None:
    table = wide_table(40)
    table.to_csv(tmp_path / "patients.csv", index=False)
    table.to_parquet(tmp_path / "patients.parquet", index=False)
    connect(tmp_path, table)
    _, text = gather(CsvSource(tmp_path / "patients.csv", Dialect(), 500))
    _, binary = gather(ParquetSource(tmp_path / "patients.parquet", 7))
    _, queried = gather(SqlSource(f"sqlite:///{tmp_path / 'patients.db'}", QUERY, 7))
    text = text.reset_index(drop=True).replace(r"\.0$", "", regex=True)
    for other in (binary, queried):
        assert other.index.tolist() == list(range(1, 41))
        told = pd.DataFrame({name: as_text(other[name]) for name in other})
        pd.testing.assert_frame_equal(told.reset_index(drop=True), text)


def test_rows_that_cannot_be_cut_into_cells_are_rejects_and_keep_their_numbers(
    tmp_path: Path,
) -> None:
    lines = wide_table(3000).to_csv(index=False).splitlines()
    lines[10] += ",more"
    lines[2000] = "few"
    lines[-1] = "1"
    (tmp_path / "patients.csv").write_text("\n".join(lines))
    source = CsvSource(tmp_path / "patients.csv", Dialect(), 500)
    batches, rows = gather(source)
    broken = pd.concat([batch.unreadable for batch in batches])
    assert broken["row"].tolist() == [11, 2001, 3001]
    assert set(rows.index) == set(range(2, 3001)) - {11, 2001}
    assert rows.loc[2002, "row"] == "2000"
    assert source.notes() == [
        "The last line of the file has no line end: make sure that the file is whole"
    ]


def test_a_table_of_ragged_rows_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("age,sex\n" + ("50,male,more\n" + "50,male\n" * 20) * 9)
    with pytest.raises(CohortError, match="more or fewer cells"):
        gather(CsvSource(tmp_path / "patients.csv", Dialect(), 500))


def test_what_is_declared_is_not_guessed(tmp_path: Path) -> None:
    file = tmp_path / "patients.txt"
    file.write_bytes("age^größe\n1.234^5\n".encode("cp850"))
    source = CsvSource(file, Dialect("cp850", "^", ","), 500)
    _, rows = gather(source)
    assert (source.columns, source.decimal) == (("age", "größe"), ",")
    assert rows.to_numpy().tolist() == [["1.234", "5"]]
    with pytest.raises(ConfigError, match="--encoding cp0 is not known"):
        CsvSource(file, Dialect("cp0"), 500)


def test_letters_of_a_code_page_may_come_late_but_not_after_those_of_another(
    tmp_path: Path,
) -> None:
    file = tmp_path / "patients.csv"
    plain = b"age,note\n" + b"50,plain\n" * 200_000
    late = "50,Die Größe des Herzens über die Jahre für Männer\n" * 20
    file.write_bytes(plain + late.encode("cp1252"))
    _, rows = gather(CsvSource(file, Dialect(), 50_000))
    assert rows["note"].iloc[-1].startswith("Die Größe")
    file.write_bytes("age,note\n50,Größe\n".encode() + plain + "50,Größe\n".encode("cp1252"))
    with pytest.raises(CohortError, match="not in one encoding"):
        gather(CsvSource(file, Dialect(), 50_000))


def test_a_damaged_packed_file_is_refused(tmp_path: Path) -> None:
    data = wide_table(20_000).to_csv(index=False).encode()
    for name, packed in (("a.gz", gzip.compress(data)), ("b.zst", zstandard.compress(data))):
        (tmp_path / name).write_bytes(packed[:-500])
        with pytest.raises(CohortError, match="truncated or damaged"):
            gather(CsvSource(tmp_path / name, Dialect(), 500))


def test_a_partitioned_folder_has_its_partitions_as_columns(tmp_path: Path) -> None:
    table = wide_table(100).assign(site=["b", "a"] * 50)
    table.to_parquet(tmp_path / "patients", partition_cols=["site"], index=False)
    source = ParquetSource(tmp_path / "patients", 30)
    _, rows = gather(source)
    assert source.columns == ("row", "age", "sex", "note", "site")
    assert rows.index.tolist() == list(range(1, 101))
    assert rows["site"].tolist() == ["a"] * 50 + ["b"] * 50
    (tmp_path / "patients" / "notes.txt").write_text("none")
    with pytest.raises(CohortError, match="Parquet files alone"):
        ParquetSource(tmp_path / "patients", 30)


def test_row_groups_of_any_size_give_batches_of_the_size_asked_for(tmp_path: Path) -> None:
    table = wide_table(3000)
    for number, half in enumerate((table[:1500], table[1500:])):
        half.to_parquet(tmp_path / f"part-{number}.parquet", row_group_size=400, index=False)
    source = ParquetSource(tmp_path, 1000)
    batches, rows = gather(source)
    # texts that stay encoded have other codes in every row group
    assert all(isinstance(batch.rows["sex"].dtype, pd.CategoricalDtype) for batch in batches)
    assert [len(batch.rows) for batch in batches] == [1000, 500, 1000, 500]
    assert [batch.number for batch in batches] == [0, 1, 2, 3]
    assert rows.index.tolist() == list(range(1, 3001))
    assert as_text(rows["sex"]).tolist() == table["sex"].tolist()
    _, later = gather(source, first=2)
    assert later.index.tolist() == list(range(1501, 3001))


def test_what_was_read_of_a_file_is_not_held_until_its_end(tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).normal(size=(200_000, 4))
    file = tmp_path / "patients.parquet"
    pd.DataFrame(numbers, columns=list("abcd")).to_parquet(file, row_group_size=20_000)
    source, before = ParquetSource(file, 20_000), pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in source.batches(source.columns)]
    assert len(held) == 10
    assert max(held) < 2 * held[1] < file.stat().st_size


def test_files_of_a_folder_must_have_the_same_columns(tmp_path: Path) -> None:
    table = wide_table(10)
    table.to_parquet(tmp_path / "a.parquet")
    table.drop(columns="age").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(CohortError, match=r"b\.parquet has other columns"):
        ParquetSource(tmp_path, 30)


def test_columns_of_any_type_become_cells(tmp_path: Path) -> None:
    import datetime
    from decimal import Decimal

    pd.DataFrame(
        {
            "flag": pd.array([True, None], dtype="boolean"),
            "count": pd.array([3, None], dtype="Int16"),
            "code": pd.Categorical(["a", None]),
            "day": [datetime.date(2020, 1, 2), None],
            "exact": [Decimal("1.50"), None],
            "key": [2**60 + 1, 7],
        }
    ).to_parquet(tmp_path / "a.parquet", index=False)
    _, rows = gather(ParquetSource(tmp_path / "a.parquet", 30))
    assert rows.iloc[0].tolist() == [1.0, 3.0, "a", "2020-01-02", 1.5, str(2**60 + 1)]
    assert as_text(rows["count"]).tolist() == ["3", ""]
    key = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    berlin = pa.array([datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)] * 2)
    table = pa.table(
        {
            "id": pa.array([key.bytes, None], pa.uuid()),
            "old_text": pa.array([b"north", None]),
            "midnight": berlin.cast(pa.timestamp("us", tz="America/New_York")),
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    _, rows = gather(ParquetSource(tmp_path / "a.parquet", 30))
    assert rows.iloc[0].tolist() == [str(key), "north", "2020-01-01"]
    assert rows.iloc[1].tolist() == ["", "", "2020-01-01"]
    pd.DataFrame({"list": [[1], [2]]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(CohortError, match="nested"):
        gather(ParquetSource(tmp_path / "a.parquet", 30))


def test_a_query_may_give_cells_of_several_types_in_one_column(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "patients.db") as connection:
        connection.execute("CREATE TABLE patients (row, age)")
        cells = [(1, 50), (2, "n/a"), (3, 50.5), (4, None)]
        connection.executemany("INSERT INTO patients VALUES (?, ?)", cells)
    connection.close()
    _, rows = gather(SqlSource(f"sqlite:///{tmp_path / 'patients.db'}", QUERY, 30))
    assert rows["age"].tolist() == ["50", "n/a", "50.5", ""]


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="refused or broke off") as told:
        SqlSource("postgresql+psycopg://me:secret@127.0.0.1:1/none", "SELECT 1", 30)
    assert "secret" not in str(told.value)
    with pytest.raises(ConfigError, match="there is no such file"):
        SqlSource(f"sqlite:///{tmp_path / 'none.db'}", QUERY, 30)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(ConfigError, match="no driver"):
        SqlSource("oracle+nothing://host/db", QUERY, 30)
    with pytest.raises(ConfigError, match="cannot be read"):
        SqlSource("no url", QUERY, 30)


@pytest.mark.parametrize("query", ["DROP TABLE patients", "DELETE FROM patients RETURNING *"])
def test_a_query_changes_nothing(tmp_path: Path, query: str) -> None:
    connect(tmp_path, wide_table(5))
    with pytest.raises(ConfigError):
        SqlSource(f"sqlite:///{tmp_path / 'patients.db'}", query, 30)
    _, rows = gather(SqlSource(f"sqlite:///{tmp_path / 'patients.db'}", QUERY, 30))
    assert len(rows) == 5


def test_a_query_is_sent_word_for_word_and_never_repeated(tmp_path: Path) -> None:
    connect(tmp_path, wide_table(5))
    where = f"sqlite:///{tmp_path / 'patients.db'}"
    query = "SELECT age, 'at 10:30 %s :name' AS note FROM patients WHERE note LIKE '%\"1\"%'"
    _, rows = gather(SqlSource(where, query, 30))
    assert rows["note"].tolist() == ["at 10:30 %s :name"]
    for broken in ("SELECT * FROM nowhere WHERE name = 'Meier :id'", "SELECT ':Meier", ""):
        with pytest.raises(ConfigError) as told:
            SqlSource(where, broken, 30)
        assert "Meier" not in str(told.value)
        assert told.value.__cause__ is None
        assert told.value.__suppress_context__ or told.value.__context__ is None


def test_damaged_metadata_of_parquet_is_an_error_and_no_end_of_the_program() -> None:
    """Found by fuzzing: Arrow ends the program where it is asked for the sizes of such a column."""
    file = Path(__file__).parents[2] / "fuzz" / "seeds" / "parquet" / "histogram.parquet"
    with pytest.raises(CohortError, match="damaged"):
        gather(ParquetSource(file, 30))


@pytest.mark.parametrize("blanks", [0, 500])
def test_a_line_that_names_the_separator_may_be_of_any_length_and_followed_by_any_letters(
    tmp_path: Path, blanks: int
) -> None:
    for length in range(80, 100):
        file = tmp_path / "a.csv"
        text = f"{' ' * blanks}sep=;\npatient_id;größe\n{'a' * length};{'ö' * 9}\n"
        file.write_text(text, encoding="cp1252")
        source = CsvSource(file, Dialect(encoding="cp1252"), 100)
        (batch,) = source.batches(["patient_id", "größe"])
        assert batch.rows["größe"].tolist() == ["ö" * 9]


def test_a_column_that_begins_like_a_separator_line_is_a_column(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("sep=age,sex\n50,male\n60,female\n")
    (batch,) = CsvSource(file, Dialect(), 100).batches(["sep=age", "sex"])
    assert batch.rows.to_dict("list") == {"sep=age": ["50", "60"], "sex": ["male", "female"]}
    assert batch.rows.index.tolist() == [2, 3]
