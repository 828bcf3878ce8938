"""Generated files: whatever stands in them, every row is accounted for and nothing breaks down."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from features.cohort_map.dialect import Dialect
from features.dictionary.dictionary import Dictionary
from features.errors import CalciriskError
from features.intake.sources.text.csv_source import CsvSource
from models.scorer import Scorer
from pipeline.scoring.batch import score_batch
from pipeline.scoring.columns import Wanted
from pipeline.scoring.risk_rules import ScoringRules

NAMES = [*list(Dictionary.load())[:40], "patient_id", "ward", "AGE"]
ODD = "NA n/a 1 0 yes no male female never -1 1e400 inf nan 1,5 1.234,5 #REF! 1.2E+10 3-Mar ٣ ½"
CELLS = st.one_of(
    st.sampled_from(["", "'", "1_000", *ODD.split(" ")]),
    st.floats(-1e3, 1e3).map(lambda number: f"{number:.6g}"),
    st.integers(-(10**20), 10**20).map(str),
    st.text(max_size=8),
)
BYTES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from([b"patient_id,age,sex\n", b"a,60,male\n", b'"', b",", b";", b"\n", b"\r"]),
        st.sampled_from([b"sep=;\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b\x08", b"(\xb5/\xfd"]),
    ),
    max_size=12,
).map(b"".join)
# a counterexample is told with the model it was found with
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SOON = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(SOON, max_examples=3000)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A header and rows of cells, some rows too long or too short.

    Two names or more: a header of one says of no delimiter, and then a line is one cell.
    """
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique_by=str.casefold))
    row = st.lists(CELLS, min_size=len(names), max_size=len(names))
    ragged = st.lists(CELLS, min_size=1, max_size=len(names) + 2)
    rows = draw(st.lists(st.one_of(row, row, row, row, row, ragged), min_size=1, max_size=12))
    return names, rows


@pytest.fixture(scope="module")
def scorer(model_folder: Path) -> Scorer:
    return Scorer.load(model_folder)


def score_bytes(data: bytes, scorer: Scorer) -> tuple[int, int, pd.Index]:
    """How many rows are scored and rejected, and their numbers; raises what a person is told."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "patients.csv"
        file.write_bytes(data)
        source = CsvSource(file, Dialect(), 4)
        wanted = Wanted(reasons=0, intervals=False, comparison=None)
        rules = ScoringRules.make(scorer, None, source.columns, wanted, source.decimal)
        scored, rejected, numbers = 0, 0, pd.Index([], dtype="int64")
        for batch in source.batches(rules.columns):
            good, bad = score_batch(batch.rows, rules)
            scored += len(good)
            rejected += len(bad) + len(batch.unreadable)
            parts = [good.index, pd.Index(bad["row"]), pd.Index(batch.unreadable["row"])]
            for part in parts:
                numbers = numbers.append(part)
        return scored, rejected, numbers


def account_for(table: tuple[list[str], list[list[str]]], scorer: Scorer) -> None:
    names, rows = table
    out = io.StringIO(newline="")
    writer = csv.writer(out)  # ends lines with both characters, and so quotes cells with either
    writer.writerows([names, *rows])
    try:
        scored, rejected, numbers = score_bytes(out.getvalue().encode("utf-8", "replace"), scorer)
    except CalciriskError as error:
        # A refusal of the whole file says so in a sentence.
        assert str(error)
        return
    assert numbers.is_unique
    blank = sum(all(not cell.strip() for cell in row) for row in rows)
    assert len(rows) - blank <= scored + rejected <= len(rows)


def break_nothing(data: bytes, scorer: Scorer) -> None:
    try:
        _, _, numbers = score_bytes(data, scorer)
    except CalciriskError as error:
        assert str(error)
        return
    assert numbers.is_unique


@SOON
@example((["age", "lpa_mass"], [["", "'"], ["", "601"]]))
@example((["age"], [["0\r0"]]))
@given(tables())
def test_every_row_of_a_generated_table_is_scored_or_rejected_once(
    scorer: Scorer, table: tuple[list[str], list[list[str]]]
) -> None:
    account_for(table, scorer)


@SOON
@given(BYTES)
def test_any_bytes_are_scored_or_refused_in_a_sentence(scorer: Scorer, data: bytes) -> None:
    break_nothing(data, scorer)


@pytest.mark.slow
@LONG
@given(tables())
def test_every_row_of_thousands_of_tables_is_scored_or_rejected_once(
    scorer: Scorer, table: tuple[list[str], list[list[str]]]
) -> None:
    account_for(table, scorer)


@pytest.mark.slow
@LONG
@given(BYTES)
def test_thousands_of_files_of_any_bytes_are_scored_or_refused(scorer: Scorer, data: bytes) -> None:
    break_nothing(data, scorer)
