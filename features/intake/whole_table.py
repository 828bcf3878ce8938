"""A cohort file of any kind, whole, as a table of text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.cohort_map.dialect import Dialect
from features.intake.cells.conversion import as_text, is_typed
from features.intake.cells.declared_codes import Declares
from features.intake.files.cohort_file import read_bytes
from features.intake.files.decoding import refuse, unpack
from features.intake.files.header import refuse_patient_as_header
from features.intake.files.raw_table import RawTable
from features.intake.sources.open_file import open_file
from features.intake.sources.source import Source
from features.intake.sources.text.csv_source import CsvSource, recode
from features.intake.sources.typed_cells import NoCellsError

_BATCH_ROWS = 65_536


def read_table(path: Path, dialect: Dialect | None = None) -> RawTable:
    """Read a file that `features.intake.sources.open_file.open_file` knows, every cell as text.

    Raises CohortError where the file is missing, is none of these, or is no rectangular table.
    """
    dialect = dialect or Dialect()
    source = open_file(path, dialect, _BATCH_ROWS)
    if isinstance(source, CsvSource):
        return _read_text(path, dialect)
    frame, no_cells = _gather(source, dialect.decimal)
    refuse_patient_as_header(list(frame.columns), frame, source.name)
    frame = frame[(frame != "").any(axis=1)]
    if frame.empty:
        raise refuse(source.name, "has a header but no rows", "Export the cohort again")
    declared = source.declared if isinstance(source, Declares) else {}
    kind = path.suffix.lstrip(".").lower() or "typed"
    decimal = dialect.decimal or source.decimal
    return RawTable(source.name, frame, kind, "", decimal, no_cells, declared)


def _read_text(path: Path, dialect: Dialect) -> RawTable:
    try:
        data = unpack(path.read_bytes(), path.name)
    except OSError as error:
        raise refuse(str(path), f"cannot be read ({error.strerror})", "Check it") from error
    if dialect.encoding:
        data = recode(data, dialect.encoding, path.name, whole=True)
    raw = read_bytes(data, path.name, dialect.delimiter)
    return replace(raw, decimal=dialect.decimal or raw.decimal)


def _gather(source: Source, decimal: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows as text, and the columns that hold no cells: no reason to refuse the others."""
    columns, no_cells = list(source.columns), list[str]()
    while columns:
        try:
            texts = [_as_texts(batch.rows, decimal) for batch in source.batches(columns)]
        except NoCellsError as error:
            no_cells += [problem.column for problem in error.problems]
            columns = [name for name in columns if name not in no_cells]
        else:
            return pd.concat(texts), tuple(no_cells)
    return pd.DataFrame(), tuple(no_cells)


def _as_texts(rows: pd.DataFrame, decimal: str) -> pd.DataFrame:
    texts = {name: _as_text(rows[name]).str.strip() for name in rows}
    if decimal == ",":
        # numbers beside texts of the declared form have to read alike
        for name in rows:
            if is_typed(rows[name]):
                texts[name] = texts[name].str.replace(".", ",", regex=False)
    index = pd.Index(rows.index, dtype=np.int64)
    return pd.DataFrame({name: text.to_numpy() for name, text in texts.items()}, index, dtype="str")


def _as_text(cells: pd.Series) -> pd.Series:
    """Yes and no as words: 1 and 0 could be taken for numbers."""
    return as_text(cells.astype("str") if cells.dtype == bool else cells)
