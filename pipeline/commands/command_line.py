"""What every command shares: the application, its options, and how a stage is run."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from features.errors import CalciriskError, ConfigError
from pipeline.settings.params import Params, Paths

Command = TypeVar("Command", bound=Callable[..., None])

app = typer.Typer(
    name="calcirisk",
    help="Absolute cardiac risk from coronary calcium, lipids, therapy and lifestyle: trained, "
    "calibrated and explained. Research software, not for care.",
    epilog="Start with: calcirisk run",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

# What a stage cannot do without; dvc.yaml knows the whole of it.
NEEDS = {
    "featurize": ("ingest",),
    "train": ("ingest", "featurize"),
    "evaluate": ("ingest", "featurize", "train"),
    "explain": ("ingest", "featurize", "train"),
    "progression": ("ingest", "featurize"),
    "forecast": ("ingest", "featurize", "progression"),
    "score": ("ingest", "train"),
    "report": ("ingest", "train", "evaluate"),
    "register": ("train", "evaluate"),
}

# What it reads where it is there; dvc.yaml's `deps` among outputs.
READS: dict[str, tuple[str, ...]] = {
    "source": (),
    "simulate": (),
    "ingest": ("source", "simulate"),
    "featurize": ("ingest",),
    "train": ("source", "ingest", "featurize"),
    "evaluate": ("simulate", "ingest", "featurize", "train"),
    "explain": ("ingest", "featurize", "train"),
    "progression": ("source", "ingest", "featurize", "train"),
    "forecast": ("simulate", "ingest", "featurize", "train", "progression"),
    "score": ("ingest", "train"),
    "report": ("ingest", "train", "evaluate", "explain", "forecast"),
    "register": (
        *("source", "ingest", "train", "evaluate", "explain"),
        *("progression", "forecast", "score", "report"),
    ),
}

Out = Annotated[Path | None, typer.Option("--out", help="Work in this folder instead of outputs/.")]
ParamsFile = Annotated[
    Path | None, typer.Option("--params", help="Read this file instead of params.yaml.")
]


def command(summary: str, *examples: str) -> Callable[[Command], Command]:
    """Registers a command with its line in `calcirisk --help` and examples below its own help."""
    lines = "\n".join(f"  calcirisk {example}" for example in examples)
    return app.command(short_help=summary, epilog=f"\b\nExamples:\n{lines}")


def run_stage(name: str, params: Params, out: Path | None) -> None:
    """Run one stage. Raises ConfigError naming the stage that must come first."""
    from pipeline.files.stage_folder import written_whole

    paths = Paths.default(out)
    for earlier in NEEDS.get(name, ()):
        if not any(paths.stage(earlier).glob("*")):
            raise ConfigError(
                f"{paths.stage(earlier)} is empty or not there: run `calcirisk {earlier}"
                f"{f' --out {out}' if out else ''}` first"
            )
    with written_whole(name, paths, READS[name], forget=name == "ingest") as staged:
        import_module(f"pipeline.stages.{name}").run(params, staged)


def tell(error: CalciriskError) -> int:
    """Print what a person can mend, without a traceback; the exit code."""
    typer.secho(str(error), fg=typer.colors.RED, err=True)
    return error.exit_code
