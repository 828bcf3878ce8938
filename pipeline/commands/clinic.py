"""Command clinic: finds the model and the files, then serves the clinician's pages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import ConfigError
from pipeline.settings.params import Paths

if TYPE_CHECKING:
    from clinic.access.guard import Guard
    from clinic.access.security import Access
    from clinic.server import ClinicRequest


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
    from pipeline.files.destinations import existing
    from pipeline.files.faults import describe_fault
    from pipeline.locating import locate_model

    access = Access(host, port, read_token(), behind_proxy)
    paths = Paths.default()
    if patients is not None and (scores is not None or cohort_folder is not None):
        raise ConfigError("--patients is scored here: give it without --scores and --cohort-folder")
    located = locate_model(model, paths.root)
    growth = progression or find_beside(model, paths.root)
    growth_folder = locate_model(growth, paths.root).folder if growth else None
    shown = patients or scores or paths.score / "risks.csv"
    sources = existing(shown, cohort_folder, located.folder, growth_folder)
    with own_store(paths.stage("clinic"), name_store(shown, cohort_folder), sources) as store:
        request = ClinicRequest(
            located.folder,
            shown,
            cohort_folder,
            store,
            paths.root / paths.outputs,
            located.version,
            None,
            paths.stage("audit"),
            growth_folder,
            language,
        )
        try:
            if patients is None:
                app = build_app(request, access)
            else:
                app = score_and_build(request, model, cohort, access, paths)
        except OSError as error:
            reason, remedy = describe_fault(error)
            raise ConfigError(f"{store} cannot be written ({reason}): {remedy}") from error
        if differing := count_differing(store):
            typer.echo(
                f"{differing:,} patients are listed without a page: the covariates under their "
                "identifiers do not give the scored risk"
            )
        typer.echo(f"http://{access.host}:{access.port}/patients (stop with Ctrl+C)")
        serve(app, access)


@contextmanager
def own_store(folder: Path, name: str, sources: Sequence[Path]) -> Iterator[Path]:
    """A store that nobody else writes, shows or forgets while the block lasts.

    The first of this name is left for the next time; a further one, of a second server of the same
    files, is removed with what lies beside it.
    """
    from pipeline.files.destinations import TakenError, take

    for number in count(1):
        store = folder / f"patients-{name}{'' if number == 1 else f'-{number}'}.sqlite"
        with ExitStack() as held:
            try:
                held.enter_context(take([store, rejects_beside(store)], sources))
            except TakenError:
                continue
            if number > 1:
                held.callback(store.unlink, missing_ok=True)
                held.callback(rejects_beside(store).unlink, missing_ok=True)
            yield store
            return


def score_and_build(
    request: ClinicRequest, model: str, cohort: str | None, access: Access, paths: Paths
) -> Guard:
    """Score the file of patients, make the store of them, and say who is not in it.

    Only the store and, where rows are rejected, why, are kept, once all of it is well.
    """
    from clinic.server import build_app
    from pipeline.files.private import hidden_beside, open_folder
    from pipeline.scoring.shown_patients import score_and_read

    scored, rejects = hidden_beside(request.store, "scored"), rejects_beside(request.store)
    rmtree(scored, ignore_errors=True)
    os.close(open_folder(scored))
    try:
        summary, covariates = score_and_read(request.scores, model, cohort, scored, paths)
        app = build_app(replace(request, scores=summary.out, covariates=covariates), access)
        try:
            rejects.unlink(missing_ok=True)
            if summary.n_rejected:
                summary.rejects.rename(rejects)
        except OSError:
            request.store.unlink()  # made anew each time: better none than one that hides rejects
            raise
        if summary.n_rejected:
            typer.echo(
                f"{summary.n_rejected:,} of {summary.n_rows:,} rows are not shown ({rejects})"
            )
    finally:
        rmtree(scored)
    return app


def rejects_beside(store: Path) -> Path:
    """The rows that are not in a store of a file that was scored for it."""
    return store.with_suffix(".rejects.csv")


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
