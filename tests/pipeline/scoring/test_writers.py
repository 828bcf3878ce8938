from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.scoring.outputs.writers import open_writer

TABLE = pa.table(
    {
        "text": ["plain", 'a "quoted" one', "one, two", None, "two\nlines", ""],
        "number": [0.1, 1e-7, None, 1 / 3, 5.0, 1e20],
        "count": pa.array([1, None, 3, 4, 5, 6], pa.int64()),
    }
)


def write(path: Path, ending: str, pieces: list[pa.Table]) -> None:
    writer = open_writer(path, ending, TABLE.schema)
    for piece in pieces:
        writer.write(piece)
    writer.close()


def test_cells_stand_in_quotes_only_where_they_must(tmp_path: Path) -> None:
    write(tmp_path / "a", ".csv", [TABLE])
    lines = (tmp_path / "a").read_text().splitlines()
    assert lines[:4] == [
        "text,number,count",
        "plain,0.1,1",
        '"a ""quoted"" one",1e-7,',
        '"one, two",,3',
    ]


def test_what_is_written_reads_back_to_the_last_bit(tmp_path: Path) -> None:
    numbers = np.random.default_rng(2).random(2000) ** 9
    table = TABLE.take(pa.array(np.arange(2000) % 6)).set_column(1, "number", pa.array(numbers))
    write(tmp_path / "a", ".csv", [table])
    with (tmp_path / "a").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["number"]) for row in rows] == numbers.tolist()
    assert [row["text"] for row in rows] == [text or "" for text in table["text"].to_pylist()]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_pieces_make_one_table(tmp_path: Path, ending: str) -> None:
    write(tmp_path / "whole", ending, [TABLE])
    write(tmp_path / "pieces", ending, [TABLE.slice(0, 2), TABLE.slice(2, 0), TABLE.slice(2, 4)])
    if ending == ".csv":
        assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()
    else:
        assert parquet.read_table(tmp_path / "pieces").equals(TABLE)
