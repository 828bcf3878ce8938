"""A whole file under its map, each row read once: where ingest, monitor and judging begin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.intake.cells.conversion import Reading
from features.intake.cells.value_labels import apply_labels
from features.intake.files.raw_table import RawTable
from features.intake.later_scans import without_absent_scans
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.map_check import check_map, report_absent
from features.intake.rows import (
    NOT_SELECTED,
    ExaminedRows,
    RowRules,
    examine_rows,
    list_rejects,
    name_patients,
)
from features.intake.sources.typed_cells import describe_no_cells
from features.intake.validation.findings import Findings


@dataclass(frozen=True)
class ReadFile:
    """``findings``: all that was found before any look at the endpoint.

    ``rows`` and ``rules`` are None where nothing of the map is in the file.
    """

    raw: RawTable
    cohort_map: CohortMap
    findings: Findings
    rules: RowRules | None = None
    rows: ExaminedRows | None = None

    @property
    def covariates(self) -> pd.DataFrame:
        """Canonical covariates of the sound rows, by ``patient_id``; categories categorical."""
        if self.rows is None:
            return pd.DataFrame(index=pd.Index([], name="patient_id", dtype="str"))
        sound = ~self.rows.cells.index.isin(self.findings.rejected_rows)
        names = pd.Index(self.rows.identifiers[sound], name="patient_id", dtype="str")
        return self.rows.columns.covariates[sound].set_axis(names)

    @property
    def rejects(self) -> pd.DataFrame:
        """``row``, ``column``, ``rule`` of every other row, in order."""
        if self.rows is None:
            return pd.DataFrame({"row": [], "column": [], "rule": []})
        left_out = self.rows.left_out
        others = pd.DataFrame({"row": left_out, "column": "", "rule": NOT_SELECTED})
        broken = list_rejects(self.rows, self.findings)[["row", "column", "rule"]]
        return pd.concat([broken, others]).sort_values("row", ignore_index=True)

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns of the file that the map neither reads nor lists as outcomes."""
        named = (*self.cohort_map.source_columns, *self.cohort_map.outcomes)
        known = {name.casefold() for name in named}
        there = map(str, (*self.raw.frame.columns, *self.raw.no_cells))
        return tuple(name for name in there if name.casefold() not in known)


def read_file(
    raw: RawTable,
    cohort_map: CohortMap,
    dictionary: Dictionary,
    lesions: RawTable | None = None,
    *,
    with_endpoint: bool,
) -> ReadFile:
    """Everything that can be found in the rows; see `features.intake.rows`.

    ``with_endpoint`` False: patients to be scored, so that endpoint, inclusion rules and variables
    may be absent from the file. Raises MapError, and CohortError where two columns of the file may
    be the same of the map.
    """
    known = cohort_map.extend(dictionary)
    cohort_map = apply_labels(cohort_map, raw.declared, known)
    check_map(cohort_map, known)
    columns, findings = list(map(str, raw.frame.columns)), Findings()
    if with_endpoint:
        cohort_map = without_absent_scans(cohort_map, columns, findings)
    if with_endpoint and cohort_map.endpoint is None:
        if not cohort_map.later_scans:
            findings.problem("", "the map has no endpoint", "Add 'endpoint' to the map")
        else:
            rule = "the map has no endpoint: growth can be learnt from this cohort, risk cannot"
            findings.warn("", rule, "Add 'endpoint' to the map to train a risk model")
    _report_columns(raw, cohort_map, columns, findings, with_endpoint)
    there = cohort_map.for_scoring(columns)
    if not there.variables and not there.lesions:
        findings.problem("", "has no column of the map", "Check the names in its header")
        return ReadFile(raw, cohort_map, findings)
    summed = None
    if there.lesions is not None and lesions is not None:
        reading = Reading.by(cohort_map, raw.decimal)
        summed = PatientLesions.read(lesions, cohort_map, reading, findings)
    rules = RowRules.for_columns(columns, cohort_map, dictionary, raw.decimal, summed, raw.name)
    rules = replace(rules, whole=True)
    rows = examine_rows(raw.frame, rules)
    findings.add(rows.findings)
    if summed is not None:
        _report_orphans(summed, rules, raw, findings)
    return ReadFile(raw, cohort_map, findings, rules, rows)


def _report_columns(
    raw: RawTable,
    cohort_map: CohortMap,
    columns: list[str],
    findings: Findings,
    with_endpoint: bool,
) -> None:
    wanted = cohort_map if with_endpoint else cohort_map.for_scoring(columns)
    report_absent([*columns, *raw.no_cells], wanted, raw.name, findings)
    no_cells = {name.casefold() for name in raw.no_cells}
    wanting = [name for name in wanted.source_columns if name.casefold() in no_cells]
    findings.problems += [describe_no_cells(name) for name in wanting]


def _report_orphans(
    lesions: PatientLesions, rules: RowRules, raw: RawTable, findings: Findings
) -> None:
    """Lesions of patients who are not in the file: a warning, or a problem where all are such."""
    cells = raw.frame.rename(columns=dict(rules.names))
    owned = lesions.find_owned(name_patients(cells, rules.cohort_map.patient_id))
    if owned.all():
        return
    if not owned.any():
        rule = f"no identifier of {lesions.file} is in the main file"
        findings.problem("patient_id", rule, "Check how both files write the identifiers")
        return
    remedy = "Compare how both files write the identifiers, if they should be here"
    rule = f"has no row for patients with lesions in {lesions.file}"
    findings.warn("patient_id", rule, remedy, int((~owned).sum()))
