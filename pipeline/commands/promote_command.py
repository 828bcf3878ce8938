"""Command promote: judges a registered model and, where it passes, makes it the champion."""

from __future__ import annotations

from typing import Annotated

import typer

from features.errors import ConfigError
from pipeline.commands.command_line import ParamsFile
from pipeline.settings.params import Params, Paths

EXAMPLES = (
    "promote",
    "promote --version 3",
    "promote --progression",
    "promote --version 2 --force --reason 'version 3 failed in the clinic; back to 2'",
)


def promote(
    version: Annotated[
        str | None, typer.Option(help="Number or alias. None: the alias that register sets.")
    ] = None,
    progression: Annotated[
        bool, typer.Option("--progression", help="The progression model in place of the risk model")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Promote in spite of gates; recorded for all to see.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why it is forced; needs --force.")] = "",
    params: ParamsFile = None,
) -> None:
    """Judge a registered model by its gates; if it passes them all, make it the champion.

    Exit code 0: promoted, 1: a gate failed, 2: it could not be judged.
    """
    from pipeline.commands.promote import PromoteRequest, print_decision
    from pipeline.commands.promote import promote as promote_version
    from pipeline.promotion.contest import GROWTH, RISK

    if reason and not force:
        raise ConfigError("--reason needs --force")
    contest = GROWTH if progression else RISK
    request = PromoteRequest(version, reason if force else None, contest)
    decision = promote_version(Params.load(params), Paths.default(), request)
    print_decision(decision)
    raise typer.Exit(decision.exit_code)
