"""Command monitor: is a new batch of patients still like those that the model was trained on?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import CohortError, Problem
from pipeline.files.destinations import existing, map_of
from pipeline.files.tables import written_whole
from pipeline.monitoring.batch import Batch, MonitorRequest, read_batch
from pipeline.monitoring.opening import open_watched
from pipeline.settings.params import Paths

if TYPE_CHECKING:
    from models.drift.profile import Profile
    from models.drift.report import DriftReport
    from pipeline.monitoring.watched import Watched

SMALLEST_BATCH = 20
"""Below this, shares would tell of single patients, and no drift could be told from chance."""


def monitor(request: MonitorRequest, paths: Paths) -> DriftReport:
    """Compare a file of patients with the model's profile; write monitor.json and monitor.md.

    Raises CohortError where the file cannot be read or holds too few patients, ModelError where
    the model has no profile, ConfigError where a report is there, or being written.
    """
    from models.drift.profile import PROFILE, Profile
    from pipeline.locating import locate_model

    files = [request.out / f"monitor.{ending}" for ending in ("json", "md")]
    sources = existing(request.file, request.lesions, request.model, map_of(request.cohort))
    with written_whole(files, sources, request.overwrite) as made:
        model = locate_model(request.model, paths.root)
        watched = open_watched(model.folder)
        profile = Profile.load(model.folder / PROFILE)
        maps, dictionary = paths.cohort_maps, watched.dictionary
        batch = read_batch(request, maps, dictionary, watched.judged_by)
        told = f"{watched.about.name} {model.version}".strip()
        report = compare_batch(profile, watched, batch, told)
        write_report(report, made.folder)
    return report


def compare_batch(profile: Profile, watched: Watched, batch: Batch, model: str) -> DriftReport:
    """Covariates, predictions and, where it is known, what came; all tests adjusted as one."""
    from models.drift.comparison import compare_covariates, compare_outputs, compare_rejects
    from models.drift.report import DriftReport
    from models.drift.shift import adjust_all

    covariates = batch.covariates
    if len(covariates) < SMALLEST_BATCH:
        rule = f"holds {len(covariates)} patients that can be scored"
        remedy = f"Gather {SMALLEST_BATCH} or more; see rejects with calcirisk score"
        raise CohortError([Problem("", rule, remedy)], "batch")
    shifts = [*compare_covariates(profile, covariates, batch.weight)]
    shifts += compare_rejects(batch.n_rejected, len(covariates) + batch.n_rejected)
    shifts += compare_outputs(profile, watched.predict(covariates), batch.weight)
    judged, notes = watched.judge(batch.followed)
    return DriftReport(
        model,
        watched.about.digest,
        profile.n_patients,
        len(covariates),
        adjust_all([*shifts, *judged]),
        (*describe_weights(profile, batch), *batch.notes, *notes),
    )


def describe_weights(profile: Profile, batch: Batch) -> list[str]:
    """Who is weighted to the population, and how many drawn at random from it they are worth."""
    from features.sample.survey import effective_size

    said = "weighted to the population that they stand for, and worth"
    worth = {"trained on": profile.worth}
    if batch.weight is not None:
        worth["of the batch"] = round(effective_size(batch.weight))
    return [
        f"The patients {who} are {said} {n:,} drawn from it at random"
        for who, n in worth.items()
        if n is not None
    ]


def write_report(report: DriftReport, folder: Path) -> None:
    """Write monitor.json and monitor.md; aggregates only."""
    text = json.dumps(report.to_dict(), indent=1, ensure_ascii=False) + "\n"
    (folder / "monitor.json").write_text(text, encoding="utf-8")
    (folder / "monitor.md").write_text(report.to_markdown(), encoding="utf-8")


def print_report(report: DriftReport) -> None:
    """The verdict, the drifts as a table, and the notes, on the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if report.drifted:
        table = Table("What", box=None, pad_edge=False)
        table.add_column("Where", no_wrap=True)
        table.add_column("Change")
        table.add_column("Size")
        for row in report.rows():
            table.add_row(*row)
        console.print(table)
        console.print()
    for note in report.remarks():
        console.print(note, markup=False, soft_wrap=True)
    console.print(report.verdict(), markup=False, soft_wrap=True)
