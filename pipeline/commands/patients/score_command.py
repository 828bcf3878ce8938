"""The command score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.command_line import ParamsFile, run_stage
from pipeline.commands.patients.job_options import (
    CohortOption,
    Decimal,
    Delimiter,
    Encoding,
    Engine,
    EngineOption,
    FirstRow,
    HeaderRow,
    IndexDate,
    Keep,
    Lesions,
    Model,
    Overwrite,
    Points,
    PointsOption,
    Query,
    Resume,
    RunId,
    Sheet,
    Workers,
    describe_source,
)
from pipeline.settings.params import Params, Paths


def score(
    file: Annotated[
        str | None,
        typer.Argument(
            help="Patients: CSV (also .gz, .zst), Parquet (file or folder), Arrow, Excel, SAS, "
            "Stata, SPSS, FHIR (.json, .ndjson) or the URL of a database. None: what params.yaml "
            "says."
        ),
    ] = None,
    model: Model = "models:/calcirisk@challenger",
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write: .csv, .parquet, .ndjson or .json (RiskAssessments). Without FILE: "
            "folder for outputs/."
        ),
    ] = None,
    cohort: CohortOption = None,
    lesions: Lesions = None,
    query: Query = None,
    horizon: Annotated[
        list[float] | None, typer.Option(help="Years; may be repeated. None: those trained for.")
    ] = None,
    reasons: Annotated[
        int, typer.Option(min=0, help="Reasons beside each risk; 0 is fastest.")
    ] = 3,
    points: PointsOption = Points.text,
    intervals: Annotated[
        bool, typer.Option("--intervals/--no-intervals", help="The 90 % interval of each risk.")
    ] = True,
    index_date: IndexDate = None,
    keep: Keep = None,
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    decimal: Decimal = "",
    sheet: Sheet = "",
    header_row: HeaderRow = 0,
    first_row: FirstRow = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    run_id: RunId = None,
    workers: Workers = 0,
    engine: EngineOption = Engine.local,
    params: ParamsFile = None,
) -> None:
    """Give each patient the risk by every horizon, and the strongest reasons for it.

    Of a file with earlier scans also whether the change is real or noise. Every row is in the
    output or, with the reason, in the rejects beside it. A job that is killed leaves nothing, or
    what --resume goes on with.
    """
    if file is None:
        run_stage("score", Params.load(params), out)
        return
    source = describe_source(
        lesions, query, index_date, keep, encoding, delimiter, decimal, sheet, header_row, first_row
    )
    from pipeline.scoring.job import score_stream
    from pipeline.scoring.request import ScoreRequest
    from pipeline.stages.score import categories_of, comparison_of

    chosen = Params.load(params)
    request = ScoreRequest(
        file,
        model,
        out or Path("risks.csv"),
        cohort,
        tuple(horizon) if horizon else None,
        reasons,
        overwrite,
        points=points.value,
        intervals=intervals,
        categories=categories_of(chosen),
        comparison=comparison_of(chosen),
        resume=resume,
        run_id=run_id,
        workers=workers,
        **source,
    )
    if engine is Engine.spark:
        from pipeline.engines.spark_scoring import score_with_spark

        typer.echo(score_with_spark(request, Paths.default()).describe())
        return
    typer.echo(score_stream(request, Paths.default()).describe())
