"""Command clinic: finds the model and the files, then serves the clinician's pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.errors import ConfigError
from pipeline.settings.params import Paths


def clinic(
    model: Annotated[
        str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION or a model's folder.")
    ] = "models:/calcirisk@challenger",
    scores: Annotated[
        Path | None, typer.Option(help="What `score` wrote. None: outputs/score/risks.csv.")
    ] = None,
    cohort_folder: Annotated[
        Path | None, typer.Option(help="What `ingest` wrote of them. None: outputs/ingest.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Elsewhere than 127.0.0.1 only with a token or behind a proxy.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8400,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A reverse proxy has signed people in.")
    ] = False,
) -> None:
    """Show scored patients in a browser, on this machine alone unless told otherwise."""
    try:
        from clinic.security import Access
        from clinic.server import ClinicRequest, build_app, read_token, serve
        from clinic.store import count_differing
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn", "starlette"):
            raise
        raise ConfigError(
            f"The pages need {error.name}. Install the extra: pip install 'calcirisk[web]'"
        ) from None
    from pipeline.tracking import locate_model

    access = Access(host, port, read_token(), behind_proxy)
    paths = Paths.default()
    located = locate_model(model, paths.root)
    request = ClinicRequest(
        located.folder,
        scores or paths.score / "risks.csv",
        cohort_folder or paths.ingest,
        paths.stage("clinic") / "patients.sqlite",
        paths.root / paths.outputs,
        located.version,
    )
    app = build_app(request, access)
    if differing := count_differing(request.store):
        typer.echo(
            f"{differing:,} patients are listed without a page: the covariates under their "
            "identifiers do not give the scored risk"
        )
    typer.echo(f"http://{access.host}:{access.port}/patients (stop with Ctrl+C)")
    serve(app, access)
