"""The commands progression and forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.command_line import Out, ParamsFile, run_stage
from pipeline.settings.params import Params, Paths

EXAMPLES = (
    "forecast new.csv --model outputs/progression/model --out forecast.csv",
    "forecast patients.parquet --years 5 --above 100 --above 400 --out forecast.parquet",
    "forecast",
)


def progression(params: ParamsFile = None, out: Out = None) -> None:
    """Fit the model of later calcium scores on the development patients who have later scans."""
    run_stage("progression", Params.load(params), out)


def forecast(
    file: Annotated[
        str | None,
        typer.Argument(
            help="Patients: CSV, Parquet, FHIR, or the URL of a database with --query. None: the "
            "held-out patients, and how good their forecasts are."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION or a model's folder.")
    ] = "models:/calcirisk-progression@challenger",
    out: Annotated[
        Path | None,
        typer.Option(help="File to write: .csv or .parquet. Without FILE: folder for outputs/."),
    ] = None,
    cohort: Annotated[
        str | None, typer.Option(help="Map of the file's columns; none: dictionary names.")
    ] = None,
    years: Annotated[
        list[float] | None, typer.Option(help="Years ahead; may be repeated. None: the model's.")
    ] = None,
    above: Annotated[
        list[float] | None,
        typer.Option(help="Scores whose passing is wanted. None: 10, 100, 300, 400, 1000."),
    ] = None,
    query: Annotated[
        str | None, typer.Option(help="SQL that gives the rows, with ORDER BY, for a database.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    params: ParamsFile = None,
) -> None:
    """Give each patient the distribution of the calcium score after some years.

    Expected score, intervals, the chance of passing scores; of two scans also whether the change is
    real or noise, and whether it was to be expected.
    """
    if file is None:
        run_stage("forecast", Params.load(params), out)
        return
    from models.progression.forecaster import THRESHOLDS
    from pipeline.scoring.forecast_batches import ForecastRequest, forecast_file

    request = ForecastRequest(
        file,
        model,
        out or Path("forecast.csv"),
        cohort,
        tuple(years) if years else None,
        tuple(above) if above else THRESHOLDS,
        query,
        overwrite,
    )
    typer.echo(forecast_file(request, Paths.default()).describe())
