"""The command score."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.errors import ConfigError
from pipeline.commands.command_line import ParamsFile, run_stage
from pipeline.commands.patients.fhir import read_day
from pipeline.settings.params import Params, Paths


class Points(StrEnum):
    """Where the percentage points of a reason stand."""

    text = "text"
    column = "column"


class Engine(StrEnum):
    """What does the work."""

    local = "local"
    spark = "spark"


def score(
    file: Annotated[
        str | None,
        typer.Argument(
            help="Patients: CSV (also .gz, .zst), Parquet (file or folder), Arrow, Excel, SAS, "
            "Stata, SPSS, FHIR (.json, .ndjson) or the URL of a database. None: what params.yaml "
            "says."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION or a model's folder.")
    ] = "models:/calcirisk@challenger",
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write: .csv, .parquet, .ndjson or .json (RiskAssessments). Without FILE: "
            "folder for outputs/."
        ),
    ] = None,
    cohort: Annotated[
        str | None, typer.Option(help="Map of the file's columns; none: dictionary names.")
    ] = None,
    lesions: Annotated[Path | None, typer.Option(help="Lesion table of the same patients.")] = None,
    query: Annotated[
        str | None, typer.Option(help="SQL that gives the rows, with ORDER BY, for a database.")
    ] = None,
    horizon: Annotated[
        list[float] | None, typer.Option(help="Years; may be repeated. None: those trained for.")
    ] = None,
    reasons: Annotated[
        int, typer.Option(min=0, help="Reasons beside each risk; 0 is fastest.")
    ] = 3,
    points: Annotated[
        Points, typer.Option(help="Percentage points in the text of a reason or in a column.")
    ] = Points.text,
    intervals: Annotated[
        bool, typer.Option("--intervals/--no-intervals", help="The 90 % interval of each risk.")
    ] = True,
    index_date: Annotated[
        str | None,
        typer.Option(help="Day to read health records on; none: each one's last measurement."),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="A column to carry through; may be repeated.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of a text file; none: found out.")] = "",
    delimiter: Annotated[str, typer.Option(help="Its delimiter; none: found out.")] = "",
    decimal: Annotated[str, typer.Option(help="Its decimal sign; none: found out.")] = "",
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook; none: the only one.")] = "",
    header_row: Annotated[
        int, typer.Option(min=0, help="Its row with the names of the columns; 0: found out.")
    ] = 0,
    first_row: Annotated[
        int, typer.Option(min=0, help="Its first row of a patient; 0: the one below the names.")
    ] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a killed job stopped, if one did.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there, finished or not.")
    ] = False,
    run_id: Annotated[
        str | None, typer.Option(help="Name of this run in the output; none: a hash of it.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Processes that score side by side; 1: this one alone, 0: one for each core where "
            "there are rows enough.",
        ),
    ] = 0,
    engine: Annotated[
        Engine, typer.Option(help="This machine, or Spark (Parquet in and out).")
    ] = Engine.local,
    params: ParamsFile = None,
) -> None:
    """Give each patient the risk by every horizon, and the strongest reasons for it.

    Every row is in the output or, with the reason, in the rejects beside it. A job that is killed
    leaves nothing, or what --resume goes on with.
    """
    if file is None:
        run_stage("score", Params.load(params), out)
        return
    if len(delimiter) > 1 or decimal not in ("", ".", ","):
        raise ConfigError("--delimiter is one character, --decimal is . or ,")
    from features.cohort_map.dialect import Dialect
    from pipeline.scoring.request import ScoreRequest
    from pipeline.stages.score import categories_of, comparison_of, score_file

    chosen = Params.load(params)
    request = ScoreRequest(
        file,
        model,
        out or Path("risks.csv"),
        cohort,
        tuple(horizon) if horizon else None,
        reasons,
        overwrite,
        lesions,
        points.value,
        intervals,
        tuple(keep or ()),
        categories_of(chosen),
        comparison_of(chosen),
        query,
        Dialect(encoding, delimiter, decimal, sheet, header_row, first_row),
        resume,
        run_id,
        workers=workers,
        index_date=read_day(index_date),
    )
    if engine is Engine.spark:
        from pipeline.engines.spark_scoring import score_with_spark

        typer.echo(score_with_spark(request, Paths.default()).describe())
        return
    typer.echo(score_file(request, Paths.default()).describe())
