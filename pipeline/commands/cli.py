"""The command line. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from features.errors import CalciriskError, ConfigError
from pipeline.commands.clinic import clinic
from pipeline.commands.command_line import Out, ParamsFile, app, command, run_stage, tell
from pipeline.commands.patients import forecast_command as ahead
from pipeline.commands.patients.fhir import fhir
from pipeline.commands.patients.forget import forget
from pipeline.commands.patients.job_options import Overwrite
from pipeline.commands.patients.lesions import EXAMPLES as LESIONS_EXAMPLES
from pipeline.commands.patients.lesions import lesions
from pipeline.commands.patients.reference_scores import reference_scores
from pipeline.commands.patients.score_command import score
from pipeline.commands.process import run_as_program
from pipeline.commands.promote_command import EXAMPLES as PROMOTE_EXAMPLES
from pipeline.commands.promote_command import promote
from pipeline.commands.sign import sign
from pipeline.settings.params import Params, Paths

__all__ = ["app", "main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit code. What a person can mend is told without a traceback."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Nothing is worth collecting when the program ends: that alone takes a third of a second.
    atexit.register(gc.freeze)
    try:
        with run_as_program(argv or sys.argv[1:]):
            app(args=argv, prog_name="calcirisk")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except CalciriskError as error:
        return tell(error)
    return 0


@command("everything, then the summary", "run")
def run(params: ParamsFile = None) -> None:
    """Bring everything up to date (dvc repro), then print the summary."""
    from pipeline.commands.run import run as run_all

    run_all(Params.load(params), Paths.default())


@command("where the results are", "summary")
def summary(params: ParamsFile = None, out: Out = None) -> None:
    """Print where the results are, how good the model is and how to open each."""
    from pipeline.commands.summary import summarise

    typer.echo(summarise(Params.load(params), Paths.default(out)))


@command("list the cohort maps", "cohorts")
def cohorts() -> None:
    """List the cohort maps and whether the file of each is here."""
    from pipeline.commands.listing import list_cohorts

    typer.echo(list_cohorts(Paths.default()))


@command("list the variables", "variables", "variables --group calcium")
def variables(
    group: Annotated[str | None, typer.Option(help="Only this group, e.g. lipids.")] = None,
) -> None:
    """List the variables of the data dictionary: unit, range, codes."""
    from pipeline.commands.listing import list_variables

    typer.echo(list_variables(group))


@command("hash the raw file", "source")
def source(params: ParamsFile = None, out: Out = None) -> None:
    """Find the raw file of the cohort and write its hash, so that DVC sees when it changes."""
    run_stage("source", Params.load(params), out)


@command("make the embedded cohort", "simulate", "simulate --patients 1000 --seed 7 --out mine")
def simulate(
    params: ParamsFile = None,
    out: Out = None,
    patients: Annotated[int | None, typer.Option(help="How many patients.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers.")] = None,
) -> None:
    """Simulate the embedded cohort: patients, lesions and each patient's true risk."""
    chosen = Params.load(params)
    if patients is not None:
        chosen = replace(chosen, simulate=replace(chosen.simulate, n_patients=patients))
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    run_stage("simulate", chosen, out)


@command(
    "check and convert a cohort file",
    "ingest",
    "ingest --cohort clinic --check",
    "ingest --cohort mine.yaml --file mine.csv --out mine",
)
def ingest(
    params: ParamsFile = None,
    out: Out = None,
    cohort: Annotated[
        str | None, typer.Option(help="Name of a map in data/cohorts, or the path of one.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Cohort file, if not the map's.")] = None,
    lesions: Annotated[Path | None, typer.Option(help="Lesion table, if not the map's.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is wrong, all of it; write nothing.")
    ] = False,
) -> None:
    """Turn a cohort file and its map into a cohort in canonical units, checked row by row."""
    from pipeline.commands.patients.own_files import check_own_cohort, ingest_own_cohort

    chosen = Params.load(params)
    if cohort is not None:
        chosen = replace(chosen, cohort=cohort)
    if check:
        fits, told = check_own_cohort(chosen, Paths.default(out), file, lesions)
        typer.echo(told)
        raise typer.Exit(0 if fits else 2)
    if any(option is not None for option in (out, cohort, file, lesions)):
        ingest_own_cohort(chosen, Paths.default(out), file, lesions)
    else:
        run_stage("ingest", chosen, None)


@command("derive the features", "featurize", "featurize --out mine")
def featurize(params: ParamsFile = None, out: Out = None) -> None:
    """Derive the features of every patient of the ingested cohort."""
    run_stage("featurize", Params.load(params), out)


@command("fit the risk model", "train", "train --out mine")
def train(params: ParamsFile = None, out: Out = None) -> None:
    """Split the cohort and fit the risk model and its explainer on the development patients."""
    run_stage("train", Params.load(params), out)


@command(
    "measure it on held-out patients, or elsewhere",
    "evaluate --out mine",
    "evaluate --model models:/calcirisk@champion --cohort other.yaml --file other.csv",
    "evaluate --model models:/calcirisk@champion --cohort clinic --recalibrate 0.3",
)
def evaluate(
    params: ParamsFile = None,
    out: Out = None,
    model: Annotated[
        str | None,
        typer.Option(help="Judge this model on another cohort: models:/NAME@ALIAS or a folder."),
    ] = None,
    cohort: Annotated[
        str | None, typer.Option(help="Map of that cohort: a name in data/cohorts, or a path.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Cohort file, if not the map's.")] = None,
    lesions: Annotated[Path | None, typer.Option(help="Lesion table, if not the map's.")] = None,
    recalibrate: Annotated[
        float | None,
        typer.Option(help="Fit intercept and slope on this share, judge on the rest."),
    ] = None,
    allow_absent: Annotated[
        bool, typer.Option("--allow-absent", help="Go on without variables of the training.")
    ] = False,
) -> None:
    """Measure the model on the held-out patients, or a given model on another cohort."""
    chosen, paths = Params.load(params), Paths.default(out)
    if model is None and cohort is None:
        if file or lesions or recalibrate is not None or allow_absent:
            raise ConfigError("--file, --lesions, --recalibrate and --allow-absent need --cohort")
        run_stage("evaluate", chosen, out)
        return
    if model is None or cohort is None:
        raise ConfigError("another cohort is judged by --model and --cohort together")
    from pipeline.commands.patients.external import ExternalRequest, evaluate_external

    request = ExternalRequest(model, cohort, file, lesions, recalibrate, allow_absent)
    for sentence in evaluate_external(request, chosen, paths):
        typer.echo(sentence)


@command("show what marks risk", "explain", "explain --out mine")
def explain(params: ParamsFile = None, out: Out = None) -> None:
    """Show what marks risk, in the population and in single patients."""
    run_stage("explain", Params.load(params), out)


command("fit the progression model", "progression", "progression --out mine")(ahead.progression)
command("later calcium scores of patients", *ahead.EXAMPLES)(ahead.forecast)
command(
    "risk and reasons of patients",
    "score new.csv --model models:/calcirisk@challenger --out risks.csv",
    "score export.csv --cohort clinic --horizon 10 --reasons 5 --out risks.csv",
    "score patients.parquet --reasons 0 --no-intervals --resume --out risks.parquet",
    "score postgresql+psycopg://host/db --query 'SELECT * FROM visit ORDER BY id'",
    "score",
)(score)


@command(
    "have patients drifted from training?",
    "monitor batch.csv --model models:/calcirisk@champion",
    "monitor export.csv --cohort clinic --out monitored",
)
def monitor(
    file: Annotated[Path, typer.Argument(help="A batch of patients, 20 or more.")],
    model: Annotated[
        str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION or a model's folder.")
    ] = "models:/calcirisk@challenger",
    cohort: Annotated[
        str | None, typer.Option(help="Map of the file's columns; none: dictionary names.")
    ] = None,
    lesions: Annotated[Path | None, typer.Option(help="Lesion table of the same patients.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the report.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare a batch with training: inputs, gaps, predictions and, where known, what came.

    Exit code 0: no drift, 1: drift, 2: it could not be compared.
    """
    from pipeline.commands.patients.monitor import monitor as compare
    from pipeline.commands.patients.monitor import print_report
    from pipeline.monitoring.batch import MonitorRequest

    paths = Paths.default()
    place = out or paths.stage("monitor")
    request = MonitorRequest(file, model, place, cohort, lesions, overwrite or out is None)
    report = compare(request, paths)
    print_report(report)
    raise typer.Exit(report.exit_code)


@command("write report and model card", "report", "report --out mine")
def report(params: ParamsFile = None, out: Out = None) -> None:
    """Write one HTML file that answers every item of TRIPOD+AI, and a model card."""
    run_stage("report", Params.load(params), out)


command(
    "health records as a table",
    "fhir export/",
    "fhir export.ndjson --index-date 2026-01-31 --out patients.csv",
)(fhir)
command("from a CT and its mask to the lesion table", *LESIONS_EXAMPLES)(lesions)
command("published scores alone, no model", "reference-scores new.csv --out scores.csv")(
    reference_scores
)
command("remove every copy of patients", "forget", "forget --yes", "forget --yes /scored")(forget)
command("vouch for a model", "sign outputs/train/model --key key.pem")(sign)
command("the clinician's pages", "clinic", "clinic --patients new.csv --model mine/model")(clinic)


@command("log and register in MLflow", "register", "register --out mine")
def register(params: ParamsFile = None, out: Out = None) -> None:
    """Log the run to MLflow and register the model under the alias of params.yaml."""
    run_stage("register", Params.load(params), out)


command("make a registered model the champion", *PROMOTE_EXAMPLES)(promote)


if __name__ == "__main__":
    raise SystemExit(main())
