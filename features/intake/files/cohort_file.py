"""Reading a cohort file: every cell as text, so that nothing is guessed before the map speaks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from features.cohort_map.map_files import COMPRESSED
from features.errors import CohortError
from features.intake.files.decoding import decode, refuse, unpack
from features.intake.files.header import (
    check_header,
    refuse_patient_as_header,
    refuse_title,
    sniff_delimiter,
)
from features.intake.files.raw_table import RawTable

ROOT = Path(__file__).resolve().parents[3]
COHORTS_VARIABLE = "CALCIRISK_COHORTS"
# Rows that are looked at for a decimal sign, and numbers in which the sign can be no other.
_SHOWN_ROWS = 500
_SHOWS_SIGN = r"[-+]?(?:\d*SIGN(?:\d{1,2}|\d{4,})|0*SIGN\d+|0\d*SIGN\d+|\d{4,}SIGN\d+)"


def source_folders(root: Path = ROOT) -> tuple[Path, ...]:
    """Where cohort files are looked for, in order: data/raw, outputs/simulate, shared cohorts."""
    shared = os.environ.get(COHORTS_VARIABLE)
    return (
        root / "data" / "raw",
        root / "outputs" / "simulate",
        Path(shared) if shared else root.parent / "shared" / "cohorts",
    )


def locate_source(name: str | Path, folders: Sequence[Path] | None = None) -> Path:
    """The path of a cohort file, as it is or with .gz or .zst behind its name.

    Looks at the path itself where it is absolute, else into each of the folders (by default
    `source_folders`). Raises CohortError that lists where it looked.
    """
    looked = source_folders() if folders is None else folders
    for folder in looked:
        for suffix in COMPRESSED:
            path = folder / f"{name}{suffix}"
            if path.is_file():
                return path
    places = ", ".join(str(folder) for folder in looked)
    remedy = f"Looked in {places}. Put it into data/raw or set {COHORTS_VARIABLE} to its folder"
    raise refuse(str(name), "is not there", remedy)


def read_bytes(
    data: bytes, name: str, delimiter: str = "", *, skip_ragged: bool = False
) -> RawTable:
    """The table in the bytes of a text file called ``name``: CSV, TSV, semicolons or bars, packed
    by gzip or zstd or not.

    ``delimiter``: empty to find it out. ``skip_ragged``: leave out rows with more or fewer cells
    than the header (the rows that are left are then numbered without them) in place of refusing.
    Raises CohortError where it is no text or no rectangular table.
    """
    data = unpack(data, name)
    if not data.strip():
        raise refuse(name, "is empty", "Export the cohort again")
    text = decode(data, name)
    content, first_row = drop_separator_line(text.content)
    refuse_title(content, name)
    delimiter = delimiter or sniff_delimiter(content)
    header, frame = _read_text(content, delimiter, name, first_row, skip_ragged)
    refuse_patient_as_header(header, frame, name)
    check_header(header, name, delimiter)
    frame.columns = pd.Index([column or f"column {i + 1}" for i, column in enumerate(header)])
    frame = frame[(frame != "").any(axis=1)]
    if frame.empty:
        raise refuse(name, "has a header but no rows", "Export the cohort again")
    return RawTable(name, frame, text.encoding, delimiter, find_decimal_sign(frame, delimiter))


def drop_separator_line(content: str) -> tuple[str, int]:
    """Without the line ``sep=;`` that Excel puts first, and the row that follows the header."""
    line, _, rest = content.partition("\n")
    hint = re.fullmatch(r'"?sep=(.)"?', line.strip(), flags=re.IGNORECASE)
    return (rest, 3) if hint else (content, 2)


def _read_text(
    content: str, delimiter: str, name: str, first_row: int, skip_ragged: bool
) -> tuple[list[str], pd.DataFrame]:
    """The header, and the rows below it numbered as in the file."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").replace("\x1a", "").strip("\n")
    data = (re.sub(r"(?m)^[ \t]+$", "", lines) + "\n").encode("utf-8", "replace")
    ragged: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    try:
        table = _parse(data, delimiter, skip)
    except pa.ArrowException as error:
        raise _open_quote(name) from error
    if ragged and not skip_ragged:
        first = ragged[0]
        where = "" if first.number is None else f", first in row {first.number + first_row - 2}"
        raise refuse(
            name,
            f"has rows with more or fewer cells than the header{where} "
            f"({first.actual_columns} cells, the header has {first.expected_columns})",
            "Look for a delimiter inside a text and put that text in quotation marks",
            rows=len(ragged),
        )
    header = [str(column[0]).strip() for column in table.columns]
    frame = table.slice(1).to_pandas().astype("str")
    if lines.count('"') % 2 and len(frame) and frame.iloc[-1].str.contains("\n").any():
        raise _open_quote(name)
    frame.index = pd.RangeIndex(first_row, first_row + len(frame))
    return header, frame


def _parse(data: bytes, delimiter: str, on_ragged: Callable[[Any], str]) -> pa.Table:
    width = data.split(b"\n", 1)[0].count(delimiter.encode()) + 1
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(
            use_threads=False,
            block_size=min(len(data) + 1, 2**30),
            autogenerate_column_names=True,
        ),
        arrow_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=on_ragged,
        ),
        arrow_csv.ConvertOptions(
            column_types={f"f{i}": pa.string() for i in range(width)}, strings_can_be_null=False
        ),
    )
    trimmed = [pc.utf8_trim_whitespace(column.cast(pa.string())) for column in table.columns]
    return pa.table(trimmed, names=table.column_names)


def _open_quote(name: str) -> CohortError:
    rule = "cannot be read as a table: a quotation mark seems to be left open"
    return refuse(name, rule, "Look for a lone quotation mark and export the cohort again")


def find_decimal_sign(frame: pd.DataFrame, delimiter: str) -> str:
    """The decimal sign that numbers of the file show; "" where none shows it for certain.

    ``1,234`` and ``1.234`` show nothing: either sign may separate thousands. A file with commas
    between its cells writes decimal points.
    """
    if delimiter in ("", ","):
        return "."
    sample = frame.head(_SHOWN_ROWS).stack()
    if sample.str.fullmatch(_SHOWS_SIGN.replace("SIGN", r"\.")).any():
        return "."
    return "," if sample.str.fullmatch(_SHOWS_SIGN.replace("SIGN", ",")).any() else ""
