from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather

from features.cohort_map.dialect import Dialect
from features.errors import CohortError
from features.intake.sources.arrow_source import ArrowSource, SpeaksArrow
from features.intake.sources.open_file import open_file
from features.intake.sources.source import Source
from features.intake.whole_table import read_table

TABLE = pa.table(
    {
        "id": [f"P{i}" for i in range(130)],
        "age": pa.array([None, *np.arange(129.0)]),
        "sex": pa.array(["male", None] * 65).dictionary_encode(),
        "drugs": [["a"]] * 130,
    }
)
COLUMNS = ("id", "age", "sex")


def _rows(source: Source) -> pd.DataFrame:
    return pd.concat([batch.rows for batch in source.batches(COLUMNS)])


@pytest.mark.parametrize("form", ["file", "stream", "feather", "feather, packed"])
def test_arrow_files_of_every_form_give_batches_of_one_size(tmp_path: Path, form: str) -> None:
    file = tmp_path / "c.arrow"
    if form.startswith("feather"):
        feather.write_feather(TABLE, file, compression="zstd" if "packed" in form else None)
    else:
        new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with new(file, TABLE.schema) as writer:
            writer.write_table(TABLE, max_chunksize=37)
    source = open_file(file, Dialect(), 50)
    batches = list(source.batches(COLUMNS))
    assert [len(batch.rows) for batch in batches] == [50, 50, 30]
    assert _rows(source)["age"].tolist()[1:] == list(range(129))
    (last,) = source.batches(["age"], 2)
    assert last.rows.index.tolist() == list(range(101, 131))
    raw = read_table(file)
    assert list(raw.frame) == list(COLUMNS)
    assert raw.no_cells == ("drugs",)


def _speakers() -> dict[str, SpeaksArrow]:
    plain = TABLE.select(COLUMNS)
    connection = duckdb.connect()
    connection.register("patients", plain)
    return {
        "pyarrow": plain,
        "a stream that can be read once": plain.to_reader(max_chunksize=40),
        "polars": pl.from_arrow(plain),
        "pandas": plain.to_pandas(),
        "duckdb": connection.sql("SELECT * FROM patients"),
    }


@pytest.mark.parametrize("name", list(_speakers()))
def test_any_table_that_speaks_arrow_is_a_source(name: str) -> None:
    table = _speakers()[name]
    assert isinstance(table, SpeaksArrow)
    source = ArrowSource(table, "patients", 50)
    assert source.columns == COLUMNS
    first, again = _rows(source), _rows(source)
    assert first["age"].tolist()[1:] == list(range(129))
    assert first["sex"].astype("str").fillna("").tolist()[:2] == ["male", ""]
    pd.testing.assert_frame_equal(first, again)
    assert source.identity() == source.identity()


def test_a_damaged_arrow_file_is_refused(tmp_path: Path) -> None:
    feather.write_feather(TABLE, tmp_path / "c.feather")
    data = (tmp_path / "c.feather").read_bytes()
    (tmp_path / "c.feather").write_bytes(data[: len(data) // 2])
    with pytest.raises(CohortError, match="damaged Arrow file"):
        open_file(tmp_path / "c.feather", Dialect(), 50)
