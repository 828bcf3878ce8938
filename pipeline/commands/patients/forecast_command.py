"""The commands progression and forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.command_line import Out, ParamsFile, run_stage
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

EXAMPLES = (
    "forecast new.csv --model outputs/progression/model --out forecast.csv",
    "forecast patients.parquet --years 5 --above 100 --above 400 --out forecast.parquet",
    "forecast new.csv --model outputs/progression/model --reasons 3 --resume --out forecast.csv",
    "forecast",
)


def progression(params: ParamsFile = None, out: Out = None) -> None:
    """Fit the model of later calcium scores on the development patients who have later scans."""
    run_stage("progression", Params.load(params), out)


def forecast(
    file: Annotated[
        str | None,
        typer.Argument(
            help="Patients, in any form that score reads. None: the held-out patients, and how "
            "good their forecasts are."
        ),
    ] = None,
    model: Model = "models:/calcirisk-progression@challenger",
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
    years: Annotated[
        list[float] | None, typer.Option(help="Years ahead; may be repeated. None: the model's.")
    ] = None,
    above: Annotated[
        list[float] | None,
        typer.Option(help="Scores whose passing is wanted. None: 10, 100, 300, 400, 1000."),
    ] = None,
    reasons: Annotated[
        int, typer.Option(min=0, help="Contributions to the last expected score; 0 is fastest.")
    ] = 0,
    points: PointsOption = Points.text,
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
    """Give each patient the distribution of the calcium score after some years.

    Expected score, intervals, the chance of passing scores; of two scans also whether the change is
    real or noise, and whether it was to be expected. Every row is in the output or in the rejects
    beside it. A job that is killed leaves nothing, or what --resume goes on with.
    """
    if file is None:
        run_stage("forecast", Params.load(params), out)
        return
    source = describe_source(
        lesions, query, index_date, keep, encoding, delimiter, decimal, sheet, header_row, first_row
    )
    from models.progression.forecaster import THRESHOLDS
    from pipeline.scoring.forecasts.forecast_request import ForecastRequest
    from pipeline.scoring.forecasts.forecasting import FORECASTING, forecast_file

    request = ForecastRequest(
        file,
        model,
        out or Path("forecast.csv"),
        cohort,
        tuple(years) if years else None,
        reasons,
        overwrite,
        points=points.value,
        thresholds=tuple(above) if above else THRESHOLDS,
        resume=resume,
        run_id=run_id,
        workers=workers,
        **source,
    )
    if engine is Engine.spark:
        from pipeline.engines.spark_scoring import run_with_spark

        typer.echo(run_with_spark(request, Paths.default(), FORECASTING).describe())
        return
    typer.echo(forecast_file(request, Paths.default()).describe())
