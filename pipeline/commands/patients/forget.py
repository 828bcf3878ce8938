"""Command forget: no copy of a patient stays in the project's folder."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from features.errors import ConfigError
from pipeline.settings.params import Paths


def forget(
    folder: Annotated[
        list[Path] | None,
        typer.Argument(help="Other folders in which jobs were left unfinished."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it they are listed.")] = False,
) -> None:
    """Remove every copy of patients that the program made: outputs, caches, unfinished work.

    Stays: files that were given (data/raw), what --out named, report, evaluation and MLflow, which
    hold no patient. Refused while one of the copies is being written. What is removed is not
    overwritten on the disk.
    """
    from pipeline.files.destinations import alone_with
    from pipeline.files.leftovers import find_leftovers, remove, written_by

    found = find_leftovers(Paths.default(), folder or ())
    with ExitStack() as stack:
        for place in {written_by(path) for path in found} if yes else ():
            stack.enter_context(alone_with(place))
        for path in found:
            typer.echo(f"{'removed' if yes else 'would remove'} {path}")
            if yes:
                try:
                    remove(path)
                except OSError as error:
                    raise ConfigError(f"{path} cannot be removed ({error.strerror})") from error
    if not found:
        typer.echo("Nothing is left of any patient here.")
    elif not yes:
        typer.echo("Say --yes to remove them.")
