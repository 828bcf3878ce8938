"""Command clinic: finds the model and the files, then serves the clinician's pages."""

from __future__ import annotations

from hashlib import sha256
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
        Path | None,
        typer.Option(help="What `ingest` wrote of them. None: the list alone."),
    ] = None,
    patients: Annotated[
        Path | None, typer.Option(help="A file of patients: it is scored, then shown.")
    ] = None,
    cohort: Annotated[
        str | None, typer.Option(help="Map that reads --patients. None: the dictionary's names.")
    ] = None,
    progression: Annotated[
        str | None,
        typer.Option(
            help="Model of later scores; none: the one registered beside --model, if there is one."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(help="Language that the pages are in at first: en or de.")
    ] = "en",
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
        from clinic.access.security import Access
        from clinic.scored_patients.store import count_differing
        from clinic.server import ClinicRequest, build_app, read_token, serve
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn", "starlette"):
            raise
        raise ConfigError(
            f"The pages need {error.name}. Install the extra: pip install 'calcirisk[web]'"
        ) from None
    from pipeline.files.destinations import existing, take
    from pipeline.files.faults import describe_fault
    from pipeline.tracking import locate_model

    access = Access(host, port, read_token(), behind_proxy)
    paths = Paths.default()
    if patients is not None and (scores is not None or cohort_folder is not None):
        raise ConfigError("--patients is scored here: give it without --scores and --cohort-folder")
    located = locate_model(model, paths.root)
    growth = progression or find_beside(model, paths.root)
    folder = paths.stage("clinic")
    shown = scores or paths.score / "risks.csv"
    covariates = None
    if patients is not None:
        from pipeline.scoring.shown_patients import score_and_read

        shown, covariates = score_and_read(patients, model, cohort, folder, paths)
    request = ClinicRequest(
        located.folder,
        shown,
        cohort_folder,
        # a store of its own for each set of files, so that two servers leave each other alone
        folder / f"patients-{name_store(shown, cohort_folder)}.sqlite",
        paths.root / paths.outputs,
        located.version,
        covariates,
        paths.stage("audit"),
        locate_model(growth, paths.root).folder if growth else None,
        language,
    )
    try:
        with take([request.store], existing(shown, cohort_folder, patients, located.folder)):
            app = build_app(request, access)
    except OSError as error:
        reason, remedy = describe_fault(error)
        raise ConfigError(f"{request.store} cannot be written ({reason}): {remedy}") from error
    if differing := count_differing(request.store):
        typer.echo(
            f"{differing:,} patients are listed without a page: the covariates under their "
            "identifiers do not give the scored risk"
        )
    typer.echo(f"http://{access.host}:{access.port}/patients (stop with Ctrl+C)")
    serve(app, access)


def find_beside(model: str, root: Path) -> str | None:
    """The progression model under the same alias as a risk model of the registry, if there is one.

    Beside a folder, or a version without an alias, there is none.
    """
    from pipeline.promotion.growth.registration import SUFFIX
    from pipeline.tracking import Tracking, reporting_server

    name, _, alias = model.removeprefix("models:/").partition("@")
    if not model.startswith("models:/") or not alias:
        return None
    with reporting_server():
        there = Tracking(root).find_version(name + SUFFIX, alias) is not None
    return f"models:/{name}{SUFFIX}@{alias}" if there else None


def name_store(scores: Path, cohort_folder: Path | None) -> str:
    """The same for the same files."""
    named = f"{scores.resolve()}\0{cohort_folder and cohort_folder.resolve()}"
    return sha256(named.encode()).hexdigest()[:12]
