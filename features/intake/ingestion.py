"""From the raw table of a file to a cohort in canonical units, with all that was found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort import Cohort
from features.cohort_map.cohort_map import CohortMap
from features.derivation.filling import FILLS
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.errors import CohortError, Problem
from features.intake.cells.conversion import Reading, is_missing, read_numbers
from features.intake.files.raw_table import RawTable
from features.intake.follow_up import (
    Clock,
    age_as_start,
    check_ages,
    read_entry,
    read_follow_up,
)
from features.intake.later_scans import name_patients, read_later_scans
from features.intake.read_file import ReadFile, read_file
from features.intake.rows import REPEATED, check_repeats
from features.intake.selection import Step
from features.intake.survey_columns import check_case_cohort, make_survey, read_survey
from features.intake.validation.columns import check_columns
from features.intake.validation.copies import check_copies
from features.intake.validation.findings import Findings
from features.intake.validation.outcomes import (
    NONE_NEEDED,
    EventsNeeded,
    check_leakage,
    check_lost_events,
    check_outcomes,
)
from features.sample.survey import Survey


@dataclass(frozen=True)
class Limits:
    """How strict to be: the share of rows that may be rejected, and the day that is today.

    ``needed``: the events below which a person is warned that training will refuse; None where
    nothing is to be learnt from the endpoint, which may then hold no event at all.
    """

    max_reject_fraction: float
    today: date
    needed: EventsNeeded | None = NONE_NEEDED


@dataclass(frozen=True)
class Ingested:
    """A cohort and how it came about. ``rejects``: ``row``, ``column``, ``rule``, never a value."""

    cohort: Cohort
    rejects: pd.DataFrame
    flow: tuple[Step, ...]
    warnings: tuple[Problem, ...]


@dataclass
class Examination:
    """All that can be said of a file under a map, whether it makes a cohort or not."""

    findings: Findings
    flow: list[Step] = field(default_factory=list)
    cohort: Cohort | None = None


def ingest(
    raw: RawTable,
    cohort_map: CohortMap,
    dictionary: Dictionary,
    limits: Limits,
    lesions: RawTable | None = None,
    *,
    with_endpoint: bool = True,
) -> Ingested:
    """The cohort in the raw table.

    ``with_endpoint`` False: patients to be scored, so that endpoint, inclusion rules and variables
    may be absent from the file. Raises MapError where the map does not fit the dictionary, and
    CohortError with every problem of the file at once.
    """
    found = examine(raw, cohort_map, dictionary, limits, lesions, with_endpoint=with_endpoint)
    if found.findings.problems or found.cohort is None:
        nobody = Problem("", "no row is left: each breaks a rule", "Run calcirisk ingest --check")
        raise CohortError(found.findings.problems or [nobody], raw.name)
    findings = found.findings
    return Ingested(
        found.cohort, findings.rejects_table(), tuple(found.flow), tuple(findings.warnings)
    )


def examine(
    raw: RawTable,
    cohort_map: CohortMap,
    dictionary: Dictionary,
    limits: Limits,
    lesions: RawTable | None = None,
    *,
    with_endpoint: bool = True,
) -> Examination:
    """Everything that `ingest` finds, without stopping at problems.

    Raises MapError; CohortError where two columns of the file may be the same of the map.
    """
    read = read_file(raw, cohort_map, dictionary, lesions, with_endpoint=with_endpoint)
    return make_cohort(read, limits, with_endpoint=with_endpoint)


def make_cohort(read: ReadFile, limits: Limits, *, with_endpoint: bool) -> Examination:
    """The cohort that the rows of a file make, with endpoint, entry and site where wanted."""
    findings = Findings()
    findings.add(read.findings)
    rules, rows = read.rules, read.rows
    if rules is None or rows is None or rows.cells.empty:
        return Examination(findings, list(rows.flow) if rows else [])
    cells, flow, reading = rows.cells, list(rows.flow), rules.reading
    wanted = read.cohort_map if with_endpoint else rules.cohort_map
    covariates, identifiers = _as_texts(rows.columns.covariates), rows.identifiers
    settled = any(one.rule == REPEATED for one in findings.rejects)
    if rules.cohort_map.patient_id is not None and not settled:
        check_repeats(identifiers, findings)
    entry = None
    if wanted.entry is not None and wanted.entry in cells:
        text = cells[wanted.entry]
        entry = read_entry(text, wanted.endpoint, limits.today, reading, findings)
    follow_up = _read_endpoint(cells, wanted, reading, limits, entry, findings)
    if follow_up is not None and wanted.endpoint and wanted.endpoint.starts_at_age:
        follow_up = age_as_start(follow_up, covariates["age"], findings)
    sample = None
    if wanted.survey is not None and set(wanted.survey.columns) <= set(cells.columns):
        sample = read_survey(cells, wanted.survey, reading, findings)
    scans = read_later_scans(cells, wanted, rules.dictionary, reading, entry, findings)
    if follow_up is not None and wanted.endpoint and "age" in covariates:
        columns = ", ".join(wanted.endpoint.time_columns)
        check_ages(covariates["age"], follow_up["time"], columns, findings)
    findings.check_reject_fraction(len(cells), limits.max_reject_fraction)
    kept = ~cells.index.isin(findings.rejected_rows)
    flow.append(Step("without a row that breaks a rule", int(kept.sum())))
    found = Examination(findings, flow)
    if not kept.any():
        return found
    origins = {name: one.columns for name, one in rules.cohort_map.variables.items()}
    # what details of drugs tell is known of those who take them
    worked_out = {name for fills in FILLS.values() for name in fills} - origins.keys()
    check_columns(
        covariates[kept].drop(columns=list(worked_out), errors="ignore"), origins, findings
    )
    check_copies(covariates[kept], rules.dictionary, findings)
    if follow_up is not None and wanted.endpoint and follow_up["time"].notna().any():
        column = ", ".join(one.column for one in wanted.endpoint.events)
        check_lost_events(follow_up["event"], kept, column, findings)
        if limits.needed is not None:
            check_outcomes(follow_up[kept], column, findings, limits.needed)
        check_leakage(covariates[kept], follow_up[kept], findings)
        if sample is not None and wanted.survey is not None:
            event = follow_up["event"][kept]
            check_case_cohort(sample[kept], event, column, findings, wanted.survey)
    if not findings.problems:
        known, site = covariates[kept], None
        if wanted.site and wanted.site in cells:
            site = cells[wanted.site]
        survey = None
        if sample is not None and wanted.survey is not None and follow_up is not None:
            survey = make_survey(sample[kept], follow_up["event"][kept], findings, wanted.survey)
        followed = _make_endpoint(wanted, follow_up, kept, survey)
        found.cohort = _assemble(
            wanted, rules.dictionary, known, followed, identifiers[kept], site, entry, scans
        )
    return found


def _as_texts(covariates: pd.DataFrame) -> pd.DataFrame:
    """Categories as plain text, as a cohort keeps them."""
    kinds = {str(n): "str" for n, kind in covariates.dtypes.items() if kind == "category"}
    return covariates.astype(kinds)


def _read_endpoint(
    cells: pd.DataFrame,
    cohort_map: CohortMap,
    reading: Reading,
    limits: Limits,
    entry: pd.Series | None,
    findings: Findings,
) -> pd.DataFrame | None:
    endpoint, visit = cohort_map.endpoint, cohort_map.visit
    if endpoint is None or not set(endpoint.columns) <= set(cells.columns):
        return None
    if endpoint.unit == "date" and entry is None:
        return None
    visit_time = None
    if visit and visit.time and visit.time in cells:
        text = cells[visit.time]
        visit_time = read_numbers(text, is_missing(text, reading), reading, findings)
    clock = Clock(limits.today, entry, visit_time)
    return read_follow_up(cells, endpoint, clock, reading, findings)


def _make_endpoint(
    cohort_map: CohortMap,
    follow_up: pd.DataFrame | None,
    kept: npt.NDArray[np.bool_],
    survey: Survey | None,
) -> Endpoint | None:
    if follow_up is None or cohort_map.endpoint is None:
        return None
    rows, named = follow_up[kept], cohort_map.endpoint
    return Endpoint(
        rows["time"].to_numpy(),
        rows["event"].to_numpy(),
        named.horizon,
        rows["start"].to_numpy() if "start" in rows else None,
        named.time_scale,
        survey,
        named.any_death,
    )


def _assemble(
    cohort_map: CohortMap,
    dictionary: Dictionary,
    covariates: pd.DataFrame,
    endpoint: Endpoint | None,
    identifiers: pd.Series,
    site: pd.Series | None,
    entry: pd.Series | None,
    scans: pd.DataFrame | None,
) -> Cohort:
    index = pd.Index(identifiers, name="patient_id", dtype="str")
    # of the map, or of the model whose dictionary it was read by
    own = {name: one for name, one in dictionary.own_entries.items() if name in covariates}
    kept_site, kept_entry = (
        None if column is None else column.loc[covariates.index].set_axis(index)
        for column in (site, entry)
    )
    return Cohort(
        cohort_map.name,
        covariates.set_axis(index),
        endpoint,
        kept_site,
        kept_entry,
        {**({"own_variables": own} if own else {}), **cohort_map.about},
        None if scans is None else name_patients(scans, identifiers),
    )
