"""Later scans of a cohort file: one row per scan, checked like everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.cohort_map.later_scans import SCORE, SETTINGS, LaterScan, ScanSettings
from features.dictionary.variable import Variable
from features.intake.cells.canonical_values import read_values
from features.intake.cells.conversion import Reading, is_missing, read_dates, read_numbers
from features.intake.cells.read_values import report_broken
from features.intake.validation.findings import Findings

PER_YEAR = {"years": 1.0, "months": 12.0, "weeks": 365.25 / 7, "days": 365.25}
LATEST_YEARS = 60.0
FIRST = "first_"
_DAYS_PER_YEAR = 365.25


def without_absent_scans(
    cohort_map: CohortMap, columns: Iterable[str], findings: Findings
) -> CohortMap:
    """The map without later scans of which the file has no column at all; each is a warning.

    A scan with some of its columns stays: what it lacks is a problem, as for everything else.
    """
    present = {str(column).casefold() for column in columns}
    kept = []
    for scan in cohort_map.later_scans:
        if any(column.casefold() in present for column in scan.columns):
            kept.append(scan)
        else:
            rule = "is not in the file, nor is anything else of that later scan: it is left out"
            findings.warn(scan.time, rule, "Merge the later exams into the file to learn growth")
    return replace(cohort_map, later_scans=tuple(kept))


def read_later_scans(
    cells: pd.DataFrame,
    cohort_map: CohortMap,
    dictionary: Mapping[str, Variable],
    reading: Reading,
    entry: pd.Series | None,
    findings: Findings,
) -> pd.DataFrame | None:
    """The later scans of these rows, sorted by row and time; None where the map names none.

    Index: row number; columns ``years`` (since entry), dictionary variables, ``scanner``,
    ``slice_mm``, ``kilovolts`` and the same of the first scan with the prefix ``first_``. A score
    without a time, a time before entry and times that cannot be years are rejects.
    """
    if not cohort_map.later_scans:
        return None
    first = _read_settings(cells, cohort_map.first_scan, reading, findings).add_prefix(FIRST)
    tables = []
    for scan in cohort_map.later_scans:
        if not set(scan.columns) <= set(cells.columns):
            continue
        values = {
            name: _read_variable(cells, source, dictionary[name], reading, findings)
            for name, source in scan.variables.items()
        }
        years = _read_years(cells, scan, reading, entry, findings)
        _check_time(years, values[SCORE], scan, findings)
        settings = _read_settings(cells, scan.settings, reading, findings)
        table = pd.DataFrame({"years": years, **values}).join(settings).join(first)
        tables.append(table[values[SCORE].notna() & years.notna()])
    if not tables:
        return None
    scans = pd.concat(tables).rename_axis("row").reset_index()
    return scans.sort_values(["row", "years"], ignore_index=True).set_index("row")


def _read_variable(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    findings: Findings,
) -> pd.Series:
    read = read_values(cells, source, variable, reading)
    report_broken(read, source, variable, cells.index, findings)
    values = pd.Series(read.values, index=cells.index)
    return values.astype("str") if variable.kind == "category" else values


def name_patients(scans: pd.DataFrame, identifiers: pd.Series) -> pd.DataFrame:
    """The scans of these patients (row number -> identifier), indexed by ``patient_id``."""
    kept = scans[scans.index.isin(identifiers.index)]
    index = pd.Index(identifiers.loc[kept.index], name="patient_id", dtype="str")
    return kept.set_axis(index)


def _read_years(
    cells: pd.DataFrame,
    scan: LaterScan,
    reading: Reading,
    entry: pd.Series | None,
    findings: Findings,
) -> pd.Series:
    text = cells[scan.time]
    missing = is_missing(text, reading)
    if scan.unit != "date":
        return read_numbers(text, missing, reading, findings) / PER_YEAR[scan.unit]
    dates = read_dates(text, missing, reading, findings)
    if entry is None or not pd.api.types.is_datetime64_any_dtype(entry):
        remedy = "Give 'entry', the column with the date of the first scan"
        findings.problem(scan.time, "a date of a later scan without a date of entry", remedy)
        return pd.Series(float("nan"), index=cells.index)
    return (dates - entry).dt.days / _DAYS_PER_YEAR


def _check_time(years: pd.Series, score: pd.Series, scan: LaterScan, findings: Findings) -> None:
    column = scan.time
    rule, remedy = "a score of a later scan without its time", "Fill in the time, or drop the score"
    findings.reject(column, rule, remedy, score.notna() & years.isna())
    rule, remedy = "a later scan that is not after entry", "Correct the time; check its unit"
    findings.reject(column, rule, remedy, score.notna() & (years <= 0))
    rule = f"a later scan more than {LATEST_YEARS:g} years after entry"
    findings.reject(column, rule, remedy, score.notna() & (years > LATEST_YEARS))


def _read_settings(
    cells: pd.DataFrame, settings: ScanSettings, reading: Reading, findings: Findings
) -> pd.DataFrame:
    columns = {}
    for name in SETTINGS:
        column = settings.columns.get(name)
        if column is None or column not in cells:
            continue
        text = cells[column]
        missing = is_missing(text, reading)
        if name == "scanner":
            columns[name] = text.mask(missing)
        else:
            columns[name] = read_numbers(text, missing, reading, findings)
    return pd.DataFrame(columns, index=cells.index)
