"""A cell, a row: whatever the way in, one answer. Each case goes through every way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")

from clinic.new_patient import read_entry
from clinic.words.texts import load_texts
from features.cohort_map.dialect import Dialect
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError
from features.intake.ingestion import Limits, ingest
from features.intake.map_check import name_by_dictionary
from features.intake.sources.frame_source import FrameSource
from features.intake.sources.parquet_source import ParquetSource
from features.intake.sources.source import Source
from features.intake.sources.text.csv_source import CsvSource
from features.intake.whole_table import read_table
from models.scorer import Scorer
from pipeline.scoring.batch import score_batch
from pipeline.scoring.columns import Wanted
from pipeline.scoring.risk_rules import ScoringRules
from pipeline.scoring.sources.patient_file import read_patient_file
from tests.fast_part import fast_each

REFUSED = "refused"
DICTIONARY = Dictionary.load()
PATIENT = {"age": "61", "sex": "male", "cac_agatston": "240"}


def _write(row: dict[str, Any], path: Path, sign: str) -> Path:
    path.write_text(
        "\n".join(sign.join(_quote(c, sign) for c in line) for line in (row, row.values()))
    )
    return path


def _quote(cell: Any, sign: str) -> str:
    return f'"{cell}"' if sign in str(cell) else str(cell)


def _by_ingest(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    raw = read_table(_write(row, folder / "patients.csv", ","))
    by_names = name_by_dictionary([str(name) for name in raw.frame], DICTIONARY, raw.name)
    limits = Limits(1.0, date(2026, 11, 1))
    found = ingest(raw, by_names, DICTIONARY, limits, with_endpoint=False)
    return scorer.score(found.cohort.covariates, [10], 0)["risk_10y"].iloc[0]


def _by_source(source: Source, scorer: Scorer) -> Any:
    wanted = Wanted(reasons=0, horizons=(10.0,), intervals=False, comparison=None)
    rules = ScoringRules.make(scorer, None, source.columns, wanted, source.decimal)
    (batch,) = source.batches(rules.columns)
    scored, rejects = score_batch(batch.rows, rules)
    assert len(scored) + len(rejects) == 1
    return REFUSED if scored.empty else scored["risk_10y"].iloc[0]


def _by_csv(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    return _by_source(CsvSource(_write(row, folder / "a.csv", ","), Dialect(), 100), scorer)


def _by_tabs(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    return _by_source(CsvSource(_write(row, folder / "a.tsv", "\t"), Dialect(), 100), scorer)


def _by_semicolons(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    return _by_source(CsvSource(_write(row, folder / "b.csv", ";"), Dialect(), 100), scorer)


def _by_parquet(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    pd.DataFrame([row]).to_parquet(folder / "a.parquet")
    return _by_source(ParquetSource(folder / "a.parquet", 100), scorer)


def _by_frame(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    return _by_source(FrameSource(pd.DataFrame([row]), "a table", 100), scorer)


def _by_patient_file(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    read = read_patient_file(_write(row, folder / "c.csv", ","), None, folder, DICTIONARY)
    if len(read.rejects):
        return REFUSED
    return scorer.score(read.covariates, [10], 0)["risk_10y"].iloc[0]


def _by_served_model(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    return scorer.score(pd.DataFrame([row]), [10], 0, "ignore")["risk_10y"].iloc[0]


def _by_form(row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    given = {str(name).casefold(): str(cell) for name, cell in row.items()}
    entry = read_entry(given, scorer.dictionary, load_texts())
    if entry.covariates is None:
        return REFUSED
    return scorer.score(entry.covariates, [10], 0)["risk_10y"].iloc[0]


WAYS: dict[str, Callable[[dict[str, Any], Path, Scorer], Any]] = {
    "ingest": _by_ingest,
    "csv": _by_csv,
    "tabs": _by_tabs,
    "semicolons": _by_semicolons,
    "parquet": _by_parquet,
    "frame": _by_frame,
    "monitor and reference scores": _by_patient_file,
    "served": _by_served_model,
    "form": _by_form,
}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | str]] = {
    "y": ({"diabetes": "y"}, {"diabetes": 1.0}),
    "No": ({"diabetes": "No"}, {"diabetes": 0.0}),
    "TRUE": ({"diabetes": "TRUE"}, {"diabetes": 1.0}),
    "a boolean": ({"diabetes": True}, {"diabetes": 1.0}),
    "one as text": ({"diabetes": "1.0"}, {"diabetes": 1.0}),
    "two": ({"diabetes": "2"}, REFUSED),
    "Male": ({"sex": "Male"}, {}),
    "male between blanks": ({"sex": " male "}, {}),
    "a sex that is none": ({"sex": "robot"}, REFUSED),
    "a number for a sex": ({"sex": 1}, REFUSED),
    "empty": ({"systolic_bp": ""}, {"systolic_bp": None}),
    "NA": ({"systolic_bp": "NA"}, {"systolic_bp": None}),
    "null": ({"diabetes": "null"}, {"diabetes": None}),
    "a number as text": ({"systolic_bp": "140"}, {"systolic_bp": 140.0}),
    "a number": ({"systolic_bp": 140}, {"systolic_bp": 140.0}),
    "a power of ten": ({"systolic_bp": "1.4e2"}, {"systolic_bp": 140.0}),
    "thousands": ({"cac_agatston": "1,250"}, REFUSED),
    "thousands too": ({"cac_agatston": "1,234"}, REFUSED),
    "yes for a number": ({"cac_agatston": "yes"}, REFUSED),
    "true for a number": ({"cac_agatston": True}, REFUSED),
    "false for a number": ({"cac_agatston": False}, REFUSED),
    "more than": ({"cac_agatston": ">400"}, REFUSED),
    "a comment": ({"cac_agatston": "0 (Zero)"}, REFUSED),
    "two pressures": ({"systolic_bp": "130/80"}, REFUSED),
    "infinite": ({"systolic_bp": "inf"}, REFUSED),
    "impossible": ({"systolic_bp": "0"}, REFUSED),
    "a spreadsheet error": ({"systolic_bp": "#REF!"}, REFUSED),
    "pressures swapped": ({"systolic_bp": "80", "diastolic_bp": "140"}, REFUSED),
    "HDL above total": ({"hdl_cholesterol": "90", "total_cholesterol": "80"}, REFUSED),
    "no calcium but in a vessel": ({"cac_agatston": "0", "cac_agatston_lad": "200"}, REFUSED),
    "a vessel above the total": ({"cac_agatston_lad": "900"}, REFUSED),
    "two vessels above it": ({"cac_agatston_lad": "150", "cac_agatston_rca": "150"}, REFUSED),
    "a stent without disease": ({"prior_pci": "yes", "prior_cad": "no"}, REFUSED),
    "calcium without a lesion": ({"lesion_count": "0"}, REFUSED),
    "a dose of another intensity": (
        {"statin_intensity": "low", "statin_drug": "atorvastatin", "statin_dose": "80"},
        REFUSED,
    ),
    "pack-years, never smoked": ({"smoking_status": "never", "pack_years": "40"}, REFUSED),
    "names in capitals": ({"SYSTOLIC_BP": "140"}, {"systolic_bp": 140.0}),
    "a name with a capital": ({"Diabetes": "y"}, {"diabetes": 1.0}),
}


@pytest.fixture(scope="module")
def scorer(model_folder: Path) -> Scorer:
    return Scorer.load(model_folder)


@pytest.mark.parametrize("case", fast_each(3, list(CASES)))
def test_every_way_in_gives_one_answer(case: str, scorer: Scorer, tmp_path: Path) -> None:
    cells, expected = CASES[case]
    answer: Any = REFUSED
    if not isinstance(expected, str):
        plain = {"age": 61.0, "sex": "male", "cac_agatston": 240.0, **expected}
        answer = scorer.score(pd.DataFrame([plain]), [10], 0)["risk_10y"].iloc[0]
    answers = {way: _ask(way, {**PATIENT, **cells}, tmp_path, scorer) for way in WAYS}
    wanted = dict.fromkeys(WAYS, answer)
    if not isinstance(expected, str) and None in expected.values():
        # a field of the form that is left blank is no column in which others have a value
        bare = pd.DataFrame([{"age": 61.0, "sex": "male", "cac_agatston": 240.0}])
        wanted["form"] = scorer.score(bare, [10], 0)["risk_10y"].iloc[0]
    assert answers == wanted


def test_two_columns_of_one_name_are_refused_by_every_way_that_has_columns(
    scorer: Scorer, tmp_path: Path
) -> None:
    row = {**PATIENT, "Age": "45", "AGE": "81"}
    ways = [way for way in WAYS if way != "form"]
    for cells in (row, {name: cell for name, cell in row.items() if name != "age"}):
        assert {way: _ask(way, cells, tmp_path, scorer) for way in ways} == dict.fromkeys(
            ways, REFUSED
        )


def _ask(way: str, row: dict[str, Any], folder: Path, scorer: Scorer) -> Any:
    try:
        return WAYS[way](row, folder, scorer)
    except CohortError:
        return REFUSED
