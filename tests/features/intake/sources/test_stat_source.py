from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from features.cohort_map.dialect import Dialect
from features.errors import CohortError, ConfigError
from features.intake.sources import extra
from features.intake.sources.open_file import open_file
from features.intake.sources.source import Source
from features.intake.sources.stat_source import StatSource
from features.intake.whole_table import read_table
from tests.features.intake.sources.sas_writer import write_sas7bdat

PLAIN = pd.DataFrame(
    {
        "ID": ["007", "NA", "Łódź"],
        "AGE": [61.5, np.nan, 58.0],
        "SCAN": [datetime.date(2020, 1, 31), None, datetime.date(2021, 12, 1)],
    }
)


def _rows(source: Source, first: int = 0) -> pd.DataFrame:
    return pd.concat([batch.rows for batch in source.batches(source.columns, first)])


def _write(path: Path, table: pd.DataFrame = PLAIN) -> Path:
    if path.suffix == ".sas7bdat":
        days = pd.to_datetime(table["SCAN"]) - pd.Timestamp("1960-01-01")
        write_sas7bdat(table.assign(SCAN=days.dt.days.astype(float)), path, {"SCAN": "DATE9"})
    else:
        kind = {".xpt": "xport", ".zsav": "sav"}.get(path.suffix, path.suffix[1:])
        options = {"compress": True} if path.suffix == ".zsav" else {}
        getattr(pyreadstat, f"write_{kind}")(table, str(path), **options)
    return path


@pytest.mark.parametrize("ending", ["sas7bdat", "xpt", "dta", "sav", "zsav", "por"])
def test_the_same_cells_come_from_every_statistical_package(tmp_path: Path, ending: str) -> None:
    table = PLAIN if ending != "por" else PLAIN.assign(ID=["007", "NA", "Lodz"])
    # the name says nothing: what a file is, its first bytes say
    file = _write(tmp_path / f"c.{ending}", table).rename(tmp_path / "export.bin")
    raw = read_table(file)
    assert raw.frame["ID"].tolist() == table["ID"].tolist()
    assert raw.frame["AGE"].tolist() == ["61.5", "", "58"]
    assert raw.frame["SCAN"].tolist() == ["2020-01-31", "", "2021-12-01"]
    assert raw.frame.index.tolist() == [1, 2, 3]


@pytest.mark.parametrize("ending", ["sas7bdat", "xpt", "dta", "sav"])
def test_batches_are_the_same_from_any_batch_on(tmp_path: Path, ending: str) -> None:
    table = pd.concat([PLAIN] * 40, ignore_index=True).assign(AGE=np.arange(120.0))
    source = open_file(_write(tmp_path / f"c.{ending}", table), Dialect(), 50)
    batches = list(source.batches(["AGE"]))
    assert [len(batch.rows) for batch in batches] == [50, 50, 20]
    assert [batch.done for batch in batches] == [50, 100, 120]
    assert batches[1].rows["AGE"].tolist() == list(range(50, 100))
    (last,) = source.batches(["AGE", "ID"], 2)
    pd.testing.assert_series_equal(last.rows["AGE"], batches[2].rows["AGE"])
    assert [len(batch.rows) for batch in source.batches([])] == [50, 50, 20]


def test_codes_that_spss_declares_missing_are_no_values(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"AGE": [61.0, 998.0, 58.0], "SEX": ["m", "x", "f"], "HDL": [50.0, -9, 60]}
    )
    pyreadstat.write_sav(
        table,
        str(tmp_path / "c.sav"),
        variable_value_labels={"AGE": {998.0: "refused"}, "SEX": {"m": "Male", "f": "Female"}},
        missing_ranges={"AGE": [{"lo": 990.0, "hi": 999.0}], "SEX": ["x"], "HDL": [-9]},
    )
    source = open_file(tmp_path / "c.sav", Dialect(), 30)
    rows = _rows(source)
    assert rows["AGE"].tolist() == ["61", "missing 998", "58"]
    assert rows["SEX"].tolist() == ["m", "missing x", "f"]
    assert rows["HDL"].tolist() == ["50", "missing -9", "60"]
    assert isinstance(source, StatSource)
    assert source.declared["SEX"].labels == {"m": "Male", "f": "Female"}
    assert source.declared["AGE"].is_missing("995")


def test_special_missing_values_of_stata_keep_their_letter(tmp_path: Path) -> None:
    table = pd.DataFrame({"AGE": [61.0, "a", None, "z"]}, dtype="object")
    labels = {"AGE": {"a": "refused"}}
    pyreadstat.write_dta(
        table,
        str(tmp_path / "c.dta"),
        variable_value_labels=labels,
        missing_user_values={"AGE": ["a", "z"]},
    )
    source = open_file(tmp_path / "c.dta", Dialect(), 30)
    assert _rows(source)["AGE"].tolist() == ["61", ".a", "", ".z"]
    assert isinstance(source, StatSource)
    assert source.declared["AGE"].labels == {".a": "refused"}


@pytest.mark.parametrize("ending", ["sas7bdat", "xpt", "dta", "sav"])
def test_a_damaged_file_is_refused(tmp_path: Path, ending: str) -> None:
    file = _write(tmp_path / f"c.{ending}", pd.concat([PLAIN] * 2000, ignore_index=True))
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(CohortError, match=r"c\..*: 1 problem"):
        read_table(file)


def test_texts_in_another_encoding_are_refused_until_it_is_declared(tmp_path: Path) -> None:
    file = _write(tmp_path / "c.dta", PLAIN.assign(ID=["aXb", "NA", "c"]).drop(columns="SCAN"))
    file.write_bytes(file.read_bytes().replace(b"aXb", b"a\xe9b"))
    with pytest.raises(CohortError, match=r"not in the encoding.*--encoding cp1252"):
        read_table(file)
    assert read_table(file, Dialect(encoding="cp1252")).frame["ID"].tolist() == ["aéb", "NA", "c"]


def test_without_the_extra_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extra, "import_module", absent)
    said = r"c\.sav is an SPSS file, and reading it needs .* pip install 'calcirisk\[formats\]'"
    with pytest.raises(ConfigError, match=said):
        open_file(_write(tmp_path / "c.sav"), Dialect(), 30)


def test_a_cport_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "c.cpt").write_bytes(b"**COMPRESSED** **COMPRESSED** " * 20)
    with pytest.raises(CohortError, match="PROC CPORT"):
        read_table(tmp_path / "c.cpt")
