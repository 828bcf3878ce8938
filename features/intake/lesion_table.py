"""The second file of a cohort, one row per lesion, summed up to variables of its patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import ValueSource
from features.cohort_map.section import nearest
from features.intake.conversion import Reading, code_cells, is_missing, normal_code, read_numbers
from features.intake.lesions import summarise_lesions
from features.intake.reading import RawTable
from features.intake.validation.findings import Findings

NUMBERS = (
    "agatston",
    "volume",
    "area",
    "mass",
    "mean_hu",
    "peak_hu",
    "length",
    "volume_130_199",
    "volume_200_299",
    "volume_300_399",
    "volume_400_plus",
)
_REQUIRED = ("vessel", "agatston", "volume")
_VESSELS = ("lm", "lad", "lcx", "rca")
_COUNTS = ("lesion_count", "vessel_count", "spotty_lesion_count", "sheet_lesion_count")


def read_lesions(
    raw: RawTable,
    cohort_map: CohortMap,
    covariates: pd.DataFrame,
    identifiers: pd.Series,
    reading: Reading,
    findings: Findings,
) -> pd.DataFrame:
    """The covariates with what the lesion table adds; a variable of the main file stays as it is.

    A patient without a lesion has no calcium, unless the main file says otherwise: then the
    table is incomplete for that patient and its variables stay missing. Faults of the lesion file
    are problems, because a patient with some lesions left out would look healthier than they are.
    """
    table = read_lesion_table(raw, cohort_map, reading, findings)
    if table is None:
        return covariates
    unknown = ~table["patient_id"].isin(identifiers)
    if unknown.any():
        remedy = "They belong to patients who are left out, or the identifiers differ"
        rule = f"has lesions of patients who are not in the cohort ({raw.name})"
        findings.warn("patient_id", rule, remedy, int(unknown.sum()))
    if unknown.all():
        rule = f"no identifier of {raw.name} is in the main file"
        findings.problem("patient_id", rule, "Check how both files write the identifiers")
        return covariates
    return join_lesions(summarise_lesions(table[~unknown]), covariates, identifiers, findings)


def read_lesion_table(
    raw: RawTable, cohort_map: CohortMap, reading: Reading, findings: Findings
) -> pd.DataFrame | None:
    """The lesions as `summarise_lesions` takes them; None where there are faults.

    Every fault goes to the findings as a problem.
    """
    own = Findings()
    table = _read_table(raw, cohort_map, reading, own)
    for reject in own.rejects:
        own.problem(reject.column, reject.rule, reject.remedy, len(reject.rows))
    findings.problems += own.problems
    return None if own.problems else table


def join_lesions(
    sums: pd.DataFrame, covariates: pd.DataFrame, identifiers: pd.Series, findings: Findings
) -> pd.DataFrame:
    """The covariates with what these patients' lesions add, as `read_lesions` says.

    ``sums``: what `summarise_lesions` gives, of these patients at least. Patients whose lesions do
    not add up to their total are rejects.
    """
    summary = sums.reindex(identifiers).set_axis(covariates.index)
    without = ~identifiers.isin(sums.index).to_numpy()
    _fill_patients_without_lesions(summary, covariates, without)
    _compare_totals(summary, covariates, findings)
    added = [name for name in summary.columns if name not in covariates]
    return covariates.join(summary[added])


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
    for name in (lesions.patient_id, *(wanted[column] for column in _REQUIRED)):
        if name not in raw.frame:
            rule = f"is not a column of {raw.name}{nearest(name, map(str, raw.frame.columns))}"
            findings.problem(name, rule, "Correct the name under 'lesions' in the map")
    if findings.problems:
        return pd.DataFrame()
    table = pd.DataFrame({"patient_id": raw.frame[lesions.patient_id]})
    table["vessel"] = _read_vessels(raw.frame[wanted["vessel"]], columns["vessel"], findings)
    for name in NUMBERS:
        if wanted[name] in raw.frame:
            cells = raw.frame[wanted[name]]
            numbers = read_numbers(cells, is_missing(cells, reading), reading, findings)
            findings.reject(wanted[name], "a negative measurement", "Correct it", numbers < 0)
            table[name] = numbers
    for name in ("agatston", "volume"):
        findings.reject(wanted[name], "no measurement", "Fill it in", table[name].isna())
    return table


def _read_vessels(cells: pd.Series, source: ValueSource, findings: Findings) -> pd.Series:
    known = {normal_code(raw): vessel for raw, vessel in source.codes.items()}
    vessels = code_cells(cells).map(known or {vessel: vessel for vessel in _VESSELS})
    remedy = f"Vessels are {', '.join(_VESSELS)}; give 'codes' under lesions in the map"
    findings.reject(str(cells.name), "an unknown vessel", remedy, ~vessels.isin(_VESSELS))
    return vessels


def _fill_patients_without_lesions(
    summary: pd.DataFrame, covariates: pd.DataFrame, without: npt.NDArray[np.bool_]
) -> None:
    if "cac_agatston" in covariates:
        without = without & covariates["cac_agatston"].eq(0).to_numpy()
    prefixes = ("cac_agatston", "cac_volume", "cac_mass")
    sums = [name for name in map(str, summary) if name in _COUNTS or name.startswith(prefixes)]
    summary.loc[without, sums] = 0.0


def _compare_totals(summary: pd.DataFrame, covariates: pd.DataFrame, findings: Findings) -> None:
    """Reject patients whose lesions do not add up to the total of the main file."""
    for name in ("cac_agatston", "cac_volume"):
        if name in summary and name in covariates:
            total = covariates[name]
            differs = (summary[name] - total).abs() > (0.02 * total).clip(lower=2)
            rule = f"lesions that do not add up to {name}"
            findings.reject(name, rule, "Correct the total or the lesion table", differs)
