"""The patients of a batch, each row read once, with what became of them where the file says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from features.array_types import FloatArray
    from features.cohort import Cohort
    from features.cohort_map.cohort_map import CohortMap
    from features.dictionary.dictionary import Dictionary
    from features.intake.read_file import ReadFile
    from pipeline.monitoring.watched import JudgedBy


@dataclass(frozen=True)
class MonitorRequest:
    """What to compare. ``cohort``: map name or file, None for dictionary names.

    ``lesions``: table of the patients' lesions, for a map that reads one. ``out``: folder;
    ``overwrite``: replace a report that is there.
    """

    file: Path
    model: str
    out: Path
    cohort: str | None = None
    lesions: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Batch:
    """``covariates``: of all patients that can be scored; with weights, of those ``followed``.

    ``followed``: the patients with endpoint and later scans, where the map tells of either.
    ``n_rejected``: rows that break a rule and are left aside.
    """

    covariates: pd.DataFrame
    followed: Cohort | None
    notes: tuple[str, ...] = ()
    n_rejected: int = 0

    @property
    def weight(self) -> FloatArray | None:
        """(n,) how many each patient stands for; None where each stands for one."""
        endpoint = None if self.followed is None else self.followed.endpoint
        return None if endpoint is None or endpoint.survey is None else endpoint.weight


def read_batch(
    request: MonitorRequest, maps: Path, dictionary: Dictionary, judged_by: JudgedBy = "endpoint"
) -> Batch:
    """The patients of the file, each row read once.

    ``judged_by``: what predictions are held against; the other is not asked for, and nothing wrong
    with it counts. Raises CohortError where the file as a whole or a whole column is wrong,
    MapError.
    """
    from features.intake.ingestion import make_cohort
    from pipeline.scoring.sources.patient_file import read_patient_file, unlimited

    file, lesions = request.file, request.lesions
    read = read_patient_file(file, request.cohort, maps, dictionary, lesions)
    patients = replace(read, cohort_map=_told_of(read.cohort_map, judged_by))
    rejects = patients.rejects
    # rows that the map itself leaves out have no column
    rejected, notes = int((rejects["column"] != "").sum()), []
    if len(rejects):
        notes.append(f"{len(rejects):,} rows left aside; calcirisk score lists them")
    if patients.cohort_map.lesions is not None and lesions is None:
        notes.append("The map reads calcium from a table of lesions; none was given (--lesions)")
    batch = Batch(patients.covariates, None, tuple(notes), rejected)
    if has_endpoint(patients) or has_later_scans(patients):
        # a month without an event is judged as well
        limits = replace(unlimited(), needed=None)
        found = make_cohort(patients, limits, with_endpoint=True)
        if found.cohort is not None and not found.findings.problems:
            batch = replace(batch, followed=found.cohort)
            n_open = len(batch.covariates) - len(found.cohort.covariates)
            if batch.weight is not None:
                batch = replace(batch, covariates=found.cohort.covariates)
            if n_open:
                notes.append(_tell_open(n_open, weighted=batch.weight is not None))
        else:
            problems = found.findings.problems
            told = dict.fromkeys(f"{one.column} {one.rule}".strip() for one in problems)
            notes.append(f"What became of the patients: left aside ({'; '.join(told)})")
    if lacking := _lacking(patients):
        named = ", ".join(lacking)
        notes.append(f"What became of the patients: left aside (the file lacks {named})")
    survey = patients.cohort_map.survey
    if survey is not None and batch.weight is None and _has(patients, survey.columns):
        notes.append("Weights: read together with the endpoint only, so each patient counts once")
    return replace(batch, notes=tuple(notes))


def _told_of(cohort_map: CohortMap, judged_by: JudgedBy) -> CohortMap:
    """The map with what predictions are held against alone; weights need the endpoint."""
    if judged_by == "endpoint":
        return replace(cohort_map, later_scans=())
    return cohort_map if cohort_map.survey else replace(cohort_map, endpoint=None)


def _tell_open(n_open: int, *, weighted: bool) -> str:
    """Of patients whose row says nothing usable of what became of them."""
    told = f"What became of the patients: of {n_open:,} nothing that can be used"
    if weighted:
        return f"{told}, nor their weight, which is read with it: they are left aside"
    return f"{told}; they count among inputs and predictions alone"


def has_endpoint(patients: ReadFile) -> bool:
    """Whether the file has every column of the map's endpoint."""
    endpoint = patients.cohort_map.endpoint
    return endpoint is not None and _has(patients, endpoint.columns)


def has_later_scans(patients: ReadFile) -> bool:
    """Whether the file has every column of one of the map's later scans."""
    return any(_has(patients, scan.columns) for scan in patients.cohort_map.later_scans)


def _lacking(patients: ReadFile) -> list[str]:
    """Columns of the map's endpoint that are not there, where some of them are."""
    endpoint = patients.cohort_map.endpoint
    columns = () if endpoint is None else tuple(dict.fromkeys(endpoint.columns))
    lacking = [one for one in columns if not _has(patients, [one])]
    return lacking if len(lacking) < len(columns) else []


def _has(patients: ReadFile, columns: Iterable[str]) -> bool:
    there = {str(name).casefold() for name in patients.raw.frame.columns}
    return {one.casefold() for one in columns} <= there
