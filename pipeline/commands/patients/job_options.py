"""Options of the commands that work out every row of a source: what is read, and how."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import ConfigError


class Points(StrEnum):
    """Where the size of a reason stands."""

    text = "text"
    column = "column"


class Engine(StrEnum):
    """What does the work."""

    local = "local"
    spark = "spark"


Model = Annotated[
    str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION or a model's folder.")
]
CohortOption = Annotated[
    str | None, typer.Option(help="Map of the file's columns; none: dictionary names.")
]
Lesions = Annotated[Path | None, typer.Option(help="Lesion table of the same patients.")]
Query = Annotated[
    str | None, typer.Option(help="SQL that gives the rows, with ORDER BY, for a database.")
]
PointsOption = Annotated[
    Points, typer.Option(help="The size of a reason in its text or in a column.")
]
IndexDate = Annotated[
    str | None,
    typer.Option(help="Day to read health records on; none: each one's last measurement."),
]
Keep = Annotated[list[str] | None, typer.Option(help="A column to carry through; may be repeated.")]
Encoding = Annotated[str, typer.Option(help="Encoding of a text file; none: found out.")]
Delimiter = Annotated[str, typer.Option(help="Its delimiter; none: found out.")]
Decimal = Annotated[str, typer.Option(help="Its decimal sign; none: found out.")]
Sheet = Annotated[str, typer.Option(help="Sheet of a workbook; none: the only one.")]
HeaderRow = Annotated[
    int, typer.Option(min=0, help="Its row with the names of the columns; 0: found out.")
]
FirstRow = Annotated[
    int, typer.Option(min=0, help="Its first row of a patient; 0: the one below the names.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where a killed job stopped, if one did.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what is there, finished or not.")
]
RunId = Annotated[
    str | None, typer.Option(help="Name of this run in the output; none: a hash of it.")
]
Workers = Annotated[
    int,
    typer.Option(
        min=0,
        help="Processes that work side by side; 1: this one alone, 0: one for each core where "
        "there are rows enough.",
    ),
]
EngineOption = Annotated[Engine, typer.Option(help="This machine, or Spark (Parquet in and out).")]


def describe_source(
    lesions: Path | None,
    query: str | None,
    index_date: str | None,
    keep: list[str] | None,
    encoding: str,
    delimiter: str,
    decimal: str,
    sheet: str,
    header_row: int,
    first_row: int,
) -> dict[str, Any]:
    """The fields of a `ScoreRequest` that these options fill. Raises ConfigError."""
    if len(delimiter) > 1 or decimal not in ("", ".", ","):
        raise ConfigError("--delimiter is one character, --decimal is . or ,")
    from features.cohort_map.dialect import Dialect

    return {
        "lesions": lesions,
        "query": query,
        "index_date": read_day(index_date),
        "keep": tuple(keep or ()),
        "dialect": Dialect(encoding, delimiter, decimal, sheet, header_row, first_row),
    }


def read_day(text: str | None) -> date | None:
    """The date, or None. Raises ConfigError where the text is none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError("--index-date must be a date such as 2026-01-31") from error
