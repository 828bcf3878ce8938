"""From the raw table of a file to a cohort in canonical units, with all that was found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from features.cohort import Cohort
from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.column_check import check_map, match_columns
from features.cohort_map.value_labels import apply_labels
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.errors import CohortError, Problem
from features.intake.conversion import Reading, is_missing, read_numbers, read_variable
from features.intake.follow_up import Clock, check_ages, read_entry, read_follow_up
from features.intake.later_scans import name_patients, read_later_scans, without_absent_scans
from features.intake.lesion_table import read_lesions
from features.intake.reading import RawTable
from features.intake.selection import Step, select_rows
from features.intake.validation.columns import check_columns
from features.intake.validation.combinations import check_combinations
from features.intake.validation.findings import Findings
from features.intake.validation.outcomes import (
    NONE_NEEDED,
    EventsNeeded,
    check_leakage,
    check_outcomes,
)
from features.intake.validation.patients import check_identifiers


@dataclass(frozen=True)
class Limits:
    """How strict to be: the share of rows that may be rejected, and the day that is today.

    ``needed``: the events below which a person is warned that training will refuse.
    """

    max_reject_fraction: float
    today: date
    needed: EventsNeeded = NONE_NEEDED


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
    """Everything that `ingest` finds, without stopping at problems. Raises MapError only."""
    cohort_map = apply_labels(cohort_map, raw.declared, dictionary)
    check_map(cohort_map, dictionary)
    found = Examination(Findings())
    findings = found.findings
    if not with_endpoint:
        cohort_map = cohort_map.for_scoring(raw.frame.columns)
    elif cohort_map.endpoint is None:
        findings.problem("", "the map has no endpoint", "Add 'endpoint' to the map")
    cohort_map = without_absent_scans(cohort_map, raw.frame.columns, findings)
    if not cohort_map.variables and not cohort_map.lesions:
        findings.problem("", "has no column of the map", "Check the names in its header")
    cells = match_columns(raw, cohort_map, findings)
    reading = Reading(cohort_map.missing, cohort_map.decimal or raw.decimal, cohort_map.date_format)
    cells, found.flow = select_rows(cells, cohort_map, reading, findings)
    if cells.empty:
        return found
    covariates = _read_covariates(cells, cohort_map, dictionary, reading, findings)
    identifiers = _read_identifiers(cells, cohort_map, findings)
    if cohort_map.lesions and lesions is not None:
        covariates = read_lesions(lesions, cohort_map, covariates, identifiers, reading, findings)
    covariates = covariates[[name for name in dictionary if name in covariates]]
    entry = None
    if cohort_map.entry is not None and cohort_map.entry in cells:
        text = cells[cohort_map.entry]
        entry = read_entry(text, cohort_map.endpoint, limits.today, reading, findings)
    follow_up = _read_endpoint(cells, cohort_map, reading, limits, entry, findings)
    scans = read_later_scans(cells, cohort_map, dictionary, reading, entry, findings)
    if follow_up is not None and cohort_map.endpoint and "age" in covariates:
        columns = ", ".join(cohort_map.endpoint.time_columns)
        check_ages(covariates["age"], follow_up["time"], columns, findings)
    check_combinations(covariates, findings)
    findings.check_reject_fraction(len(cells), limits.max_reject_fraction)
    kept = ~cells.index.isin(findings.rejected_rows)
    found.flow.append(Step("without a row that breaks a rule", int(kept.sum())))
    if not kept.any():
        return found
    check_columns(covariates[kept], findings)
    if follow_up is not None and cohort_map.endpoint:
        column = ", ".join(one.column for one in cohort_map.endpoint.events)
        check_outcomes(follow_up[kept], column, findings, limits.needed)
        check_leakage(covariates[kept], follow_up[kept], findings)
    if not findings.problems:
        site = cells[cohort_map.site] if cohort_map.site else None
        found.cohort = _assemble(
            cohort_map, covariates[kept], follow_up, identifiers[kept], site, entry, scans
        )
    return found


def _read_covariates(
    cells: pd.DataFrame,
    cohort_map: CohortMap,
    dictionary: Dictionary,
    reading: Reading,
    findings: Findings,
) -> pd.DataFrame:
    columns = {
        name: read_variable(cells, source, dictionary[name], reading, findings)
        for name, source in cohort_map.variables.items()
        if set(source.columns) <= set(cells.columns)
    }
    return pd.DataFrame(columns, index=cells.index)


def _read_identifiers(cells: pd.DataFrame, cohort_map: CohortMap, findings: Findings) -> pd.Series:
    column = cohort_map.patient_id
    if column is None or column not in cells:
        return pd.Series(cells.index.astype("str"), index=cells.index, dtype="str")
    check_identifiers(cells[column], findings)
    return cells[column]


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


def _assemble(
    cohort_map: CohortMap,
    covariates: pd.DataFrame,
    follow_up: pd.DataFrame | None,
    identifiers: pd.Series,
    site: pd.Series | None,
    entry: pd.Series | None,
    scans: pd.DataFrame | None,
) -> Cohort:
    index = pd.Index(identifiers, name="patient_id", dtype="str")
    endpoint = None
    if follow_up is not None and cohort_map.endpoint:
        kept = follow_up.loc[covariates.index]
        endpoint = Endpoint(
            kept["time"].to_numpy(), kept["event"].to_numpy(), cohort_map.endpoint.horizon
        )
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
        cohort_map.about,
        None if scans is None else name_patients(scans, identifiers),
    )
