"""The second file of a cohort, one row per lesion: read by the map, every fault a problem."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.cohort_map.section import nearest
from features.derivation.calcium import BANDS, VESSELS
from features.derivation.morphology import possible_density_score
from features.intake.cells.conversion import (
    Reading,
    code_cells,
    is_missing,
    normal_code,
    read_numbers,
)
from features.intake.files.raw_table import RawTable
from features.intake.map_check import fold_names
from features.intake.validation.findings import Findings

NUMBERS = (
    "agatston",
    "volume",
    "area",
    "mass",
    "mean_hu",
    "peak_hu",
    "length",
    *(f"volume_{band}" for band in BANDS),
)
_REQUIRED = ("vessel", "agatston", "volume")
# What tells one scan from another, however it is called.
_SCAN = re.compile(
    r"(?:\b|_)(?:scan|study|series|exam|examination|accession|visit|date|datum)", re.IGNORECASE
)


def read_lesion_table(
    raw: RawTable, cohort_map: CohortMap, reading: Reading, findings: Findings
) -> pd.DataFrame | None:
    """The lesions as `summarise_lesions` takes them; None where there are faults.

    Every fault goes to the findings as a problem: a patient with some lesions left out would look
    healthier than they are.
    """
    own = Findings()
    table = _read_table(raw, cohort_map, reading, own)
    for reject in own.rejects:
        own.problem(reject.column, reject.rule, reject.remedy, len(reject.rows))
    findings.problems += own.problems
    if own.problems:
        return None
    _warn_of_impossible_density(table, findings)
    _warn_of_several_scans(raw.frame, table["patient_id"], findings)
    return table


def _warn_of_impossible_density(table: pd.DataFrame, findings: Findings) -> None:
    """Score over area outside 1 to 4: these patients have no density score."""
    if "area" not in table:
        return
    sums = table[["agatston", "area"]].groupby(table["patient_id"]).sum(min_count=1)
    score = (sums["agatston"] / sums["area"]).where(sums["area"] > 0).dropna().to_numpy()
    impossible = int(np.isnan(possible_density_score(score)).sum())
    if impossible:
        rule = "patients whose score over area is no density score (1 to 4), which is left missing"
        remedy = "Give score and area of slices of 3 mm, not of interpolated volumes"
        findings.warn("area", rule, remedy, impossible)


def _warn_of_several_scans(frame: pd.DataFrame, owner: pd.Series, findings: Findings) -> None:
    """All lesions of a patient are summed: those of two scans would make one score of both."""
    for name in map(str, frame):
        if _SCAN.search(name):
            told = frame[name].where(frame[name] != "").groupby(owner).nunique()
            several = int(owner.isin(told.index[told > 1]).sum())
            if several:
                rule = "differs between lesions of a patient, which are summed as those of one scan"
                findings.warn(name, rule, "Leave lesions of one scan for each patient", several)


def _read_table(
    raw: RawTable, cohort_map: CohortMap, reading: Reading, findings: Findings
) -> pd.DataFrame:
    lesions = cohort_map.lesions
    assert lesions is not None
    columns = {name: ValueSource("column", (name,)) for name in ("vessel", *NUMBERS)}
    columns |= lesions.columns
    for name in lesions.columns:
        if name not in ("vessel", *NUMBERS):
            remedy = f"Known: vessel, {', '.join(NUMBERS)}"
            findings.problem(name, "is no column of a lesion table", remedy)
    wanted = {name: source.columns[0] for name, source in columns.items() if source.columns}
    names = (lesions.patient_id, *wanted.values())
    frame = raw.frame.rename(columns=fold_names(list(map(str, raw.frame)), names, raw.name))
    for name in (lesions.patient_id, *(wanted[column] for column in _REQUIRED)):
        if name not in frame:
            rule = f"is not a column of {raw.name}{nearest(name, map(str, frame.columns))}"
            findings.problem(name, rule, "Correct the name under 'lesions' in the map")
    if findings.problems:
        return pd.DataFrame()
    table = pd.DataFrame({"patient_id": frame[lesions.patient_id]})
    findings.reject(
        lesions.patient_id, "no patient identifier", "Fill it in", table["patient_id"] == ""
    )
    table["vessel"] = _read_vessels(frame[wanted["vessel"]], columns["vessel"], findings)
    for name in NUMBERS:
        if wanted[name] in frame:
            cells = frame[wanted[name]]
            numbers = read_numbers(cells, is_missing(cells, reading), reading, findings)
            findings.reject(wanted[name], "a negative measurement", "Correct it", numbers < 0)
            table[name] = numbers
    for name in ("agatston", "volume"):
        findings.reject(wanted[name], "no measurement", "Fill it in", table[name].isna())
    return table


def _read_vessels(cells: pd.Series, source: ValueSource, findings: Findings) -> pd.Series:
    known = {normal_code(raw): vessel for raw, vessel in source.codes.items()}
    vessels = code_cells(cells).map(known or {vessel: vessel for vessel in VESSELS})
    remedy = f"Vessels are {', '.join(VESSELS)}; give 'codes' under lesions in the map"
    findings.reject(str(cells.name), "an unknown vessel", remedy, ~vessels.isin(VESSELS))
    return vessels
