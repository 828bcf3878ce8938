"""Command monitor: is a new batch of patients still like those that the model was trained on?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.errors import CohortError, Problem
from pipeline.settings.params import Paths

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from features.intake.read_file import ReadFile
    from models.drift.report import DriftReport
    from models.scorer import Scorer

SMALLEST_BATCH = 20
"""Below this, shares would tell of single patients, and no drift could be told from chance."""


@dataclass(frozen=True)
class MonitorRequest:
    """What to compare. ``cohort``: map name or file, None for dictionary names.

    ``lesions``: table of the patients' lesions, for a map that reads one. ``out``: folder.
    """

    file: Path
    model: str
    out: Path
    cohort: str | None = None
    lesions: Path | None = None


@dataclass(frozen=True)
class Batch:
    """``endpoint`` where the map tells how to read one and the file holds it.

    ``n_rejected``: rows that break a rule and are left aside.
    """

    covariates: pd.DataFrame
    endpoint: Endpoint | None
    notes: tuple[str, ...] = ()
    n_rejected: int = 0


def monitor(request: MonitorRequest, paths: Paths) -> DriftReport:
    """Compare a file of patients with the model's profile; write monitor.json and monitor.md.

    Raises CohortError where the file cannot be read or holds too few patients, ModelError where
    the model has no profile.
    """
    from models.drift.profile import PROFILE, Profile
    from models.scorer import Scorer
    from pipeline.tracking import locate_model

    model = locate_model(request.model, paths.root)
    scorer = Scorer.load(model.folder)
    profile = Profile.load(model.folder / PROFILE)
    batch = read_batch(request, paths.cohort_maps, scorer.dictionary)
    report = compare_batch(profile, scorer, batch, f"{scorer.about.name} {model.version}".strip())
    write_report(report, request.out)
    return report


def compare_batch(profile: Any, scorer: Scorer, batch: Batch, model: str) -> DriftReport:
    """Covariates, risks and, where outcomes are there, calibration; all tests adjusted as one."""
    from models.drift.comparison import compare_covariates, compare_rejects, compare_risks
    from models.drift.matured import measure_matured
    from models.drift.report import DriftReport
    from models.drift.shift import adjust_all

    covariates, notes = batch.covariates, list(batch.notes)
    if len(covariates) < SMALLEST_BATCH:
        rule = f"holds {len(covariates)} patients that can be scored"
        remedy = f"Gather {SMALLEST_BATCH} or more; see rejects with calcirisk score"
        raise CohortError([Problem("", rule, remedy)], "batch")

    def predict(horizons: Sequence[float]) -> Any:
        scored = scorer.score(covariates, horizons, n_reasons=0)
        return scored[[f"risk_{horizon:g}y" for horizon in horizons]].to_numpy()

    horizons = scorer.about.horizons
    risks = predict(horizons)
    shifts = [*compare_covariates(profile, covariates)]
    shifts += compare_rejects(batch.n_rejected, len(covariates) + batch.n_rejected)
    shifts += compare_risks(profile, {h: risks[:, k] for k, h in enumerate(horizons)})
    if batch.endpoint is not None and (batch.endpoint.survey or batch.endpoint.is_delayed):
        notes.append("Outcomes: of a survey, or with delayed entry, calibration is not judged here")
    elif batch.endpoint is not None:
        matured = measure_matured(batch.endpoint, predict, horizons)
        shifts += [one.to_shift() for one in matured]
        notes += [
            f"Outcomes by {one.horizon:g} years: {one.to_shift().told}, {one.n_patients} patients"
            for one in matured
        ] or ["Outcomes: too early, or too few events expected, to judge the calibration"]
    return DriftReport(
        model,
        scorer.about.digest,
        profile.n_patients,
        len(covariates),
        adjust_all(shifts),
        tuple(notes),
    )


def read_batch(request: MonitorRequest, maps: Path, dictionary: Dictionary) -> Batch:
    """The patients of the file, each row read once; with their endpoint where there is one.

    Raises CohortError where the file as a whole or a whole column is wrong, MapError.
    """
    from features.intake.ingestion import make_cohort
    from pipeline.scoring.sources.patient_file import read_patient_file, unlimited

    patients = read_patient_file(request.file, request.cohort, maps, dictionary, request.lesions)
    rejects = patients.rejects
    # rows that the map itself leaves out have no column
    rejected, notes = int((rejects["column"] != "").sum()), []
    if len(rejects):
        notes.append(f"{len(rejects):,} rows left aside; calcirisk score lists them")
    if patients.cohort_map.lesions is not None and request.lesions is None:
        notes.append("The map reads calcium from a table of lesions; none was given (--lesions)")
    if not has_endpoint(patients):
        nothing = "Outcomes: none in the file, so calibration is not judged"
        return Batch(patients.covariates, None, (*notes, nothing), rejected)
    found = make_cohort(patients, unlimited(), with_endpoint=True)
    if found.cohort is None or found.findings.problems:
        why = "; ".join(f"{one.column} {one.rule}".strip() for one in found.findings.problems)
        notes.append(f"Outcomes: left aside ({why})")
        return Batch(patients.covariates, None, tuple(notes), rejected)
    return Batch(found.cohort.covariates, found.cohort.endpoint, tuple(notes), rejected)


def has_endpoint(patients: ReadFile) -> bool:
    """Whether the file has every column of the map's endpoint."""
    there = {str(name).casefold() for name in patients.raw.frame.columns}
    endpoint = patients.cohort_map.endpoint
    return endpoint is not None and {one.casefold() for one in endpoint.columns} <= there


def write_report(report: DriftReport, folder: Path) -> None:
    """Write monitor.json and monitor.md; aggregates only."""
    folder.mkdir(parents=True, exist_ok=True)
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
