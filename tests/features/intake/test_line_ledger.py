from __future__ import annotations

import csv
import gzip
import io
import random
import time
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from features.cohort_map.dialect import Dialect
from features.errors import CohortError
from features.intake.sources.text.csv_source import CsvSource
from features.intake.sources.text.line_ledger import LineLedger
from features.intake.sources.text.text_stream import TextStream

ROWS = [f"P{i:05d},{50 + i % 30},male,note {i}" for i in range(3000)]
HEADER = "patient_id,age,sex,note"


def source(folder: Path, lines: list[str], end: str = "\n") -> CsvSource:
    file = folder / "patients.csv"
    file.write_text("\n".join([HEADER, *lines]) + end)
    return CsvSource(file, Dialect(), 500)


def read(found: CsvSource) -> pd.DataFrame:
    return pd.concat([batch.rows for batch in found.batches(found.columns)])


@pytest.mark.parametrize("at", [5, 1500, 2990, 2999])
def test_an_open_quotation_is_an_error_with_its_line(tmp_path: Path, at: int) -> None:
    lines = ROWS.copy()
    lines[at] = lines[at].replace(",note", ',"note')
    with pytest.raises(CohortError, match=rf"quotation.* line {at + 2}\b|quotation mark"):
        read(source(tmp_path, lines))


def test_two_lone_marks_never_swallow_the_rows_between_them(tmp_path: Path) -> None:
    for first, second in ((10, 2010), (7, 8), (2995, 2999)):
        lines = ROWS.copy()
        for at in (first, second):
            lines[at] = lines[at].replace(",note", ',"note') if at == first else lines[at] + '"'
        with pytest.raises(CohortError, match=f"from line {first + 2} to line {second + 2}"):
            read(source(tmp_path, lines))


def test_records_that_span_lines_are_read_and_reported(tmp_path: Path) -> None:
    lines = ROWS.copy()
    lines[3] = 'P00003,53,male,"one\ntwo, three\n""four"""'
    lines[2000] = '"P\n2000",53,male,"x"'
    found = source(tmp_path, lines)
    rows = read(found)
    assert len(rows) == 3000
    assert rows.loc[5, "note"] == 'one\ntwo, three\n"four"'
    assert found.notes() == ["2 records span several lines: those in lines 5, 2004"]


def test_marks_within_a_cell_mean_nothing(tmp_path: Path) -> None:
    lines = ROWS.copy()
    lines[9] = 'P00009,53,male,5" pipe'
    lines[11] = 'P00011,53,male,""'
    lines[12] = 'P00012,53,male,"said ""no"""'
    rows = read(source(tmp_path, lines))
    assert rows.loc[11, "note"] == '5" pipe'
    assert rows.loc[14, "note"] == 'said "no"'
    assert len(rows) == 3000


def test_lines_of_any_text_are_counted_as_they_are_parsed() -> None:
    """However a file is cut into pieces: as many records as Python's own reader finds."""
    draw = random.Random(1)
    for _ in range(300):
        table = [
            ["".join(draw.choices('a,"\n ', k=draw.randrange(6))) for _ in range(9)]
            for _ in range(20)
        ]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=draw.choice([0, 1])).writerows(table)
        ledger = LineLedger("x", ",", 10_000)
        for line in text.getvalue().splitlines(keepends=True):
            ledger.add(line.encode())
        whole = LineLedger("x", ",", 10_000)
        whole.add(text.getvalue().encode())
        ledger.finish()
        assert ledger.n_records == whole.n_records == 20


def test_broken_files_account_for_every_line(tmp_path: Path) -> None:
    """Marks, line ends and delimiters put anywhere: an error, or no row is lost."""
    draw, read_whole = random.Random(2), 0
    for _ in range(150):
        lines = ROWS[:40].copy()
        text = "\n".join([HEADER, *lines]) + "\n"
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(HEADER) + 1, len(text))
            text = text[:at] + draw.choice('"",\n') + text[at:]
        file = tmp_path / "patients.csv"
        file.write_text(text)
        try:
            found = CsvSource(file, Dialect(), 500)
            batches = list(found.batches(found.columns))
        except CohortError:
            continue
        read_whole += 1
        n_lines = len([line for line in text.splitlines() if line])
        n_rows = sum(batch.n_rows for batch in batches)
        spanning = sum("\n" in cell for batch in batches for cell in batch.rows.to_numpy().flat)
        assert n_rows >= n_lines - 1 - 2 * spanning
    assert read_whole > 30


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_file_of_nothing_but_line_ends_costs_its_length_and_no_memory(
    tmp_path: Path, pack: object
) -> None:
    file = tmp_path / "a.csv.gz"
    content = (HEADER + "\n" + ROWS[0]).encode() + b"\n" * 50_000_000
    file.write_bytes(pack(content))  # type: ignore[operator]
    started = time.process_time()
    with TextStream(file, "utf-8") as stream:
        assert len(stream.read()) == len(HEADER + ROWS[0]) + 2
    assert time.process_time() - started < 5


def test_a_line_without_end_and_a_header_without_end_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(HEADER + "\n" + "\n".join(ROWS) + "\n" + "x" * 20_000_000)
    with pytest.raises(CohortError, match="a line of more than 16 MiB"):
        read(CsvSource(file, Dialect(), 500))
    file.write_text(",".join(f"c{i}" for i in range(6000)) + "\n" + ",".join("1" * 6000) + "\n")
    with pytest.raises(CohortError, match="6,000 columns; up to 5,000"):
        CsvSource(file, Dialect(), 500)
