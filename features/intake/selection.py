"""Which rows belong to the cohort: the chosen visit, then the rules of inclusion, each counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import Inclusion
from features.intake.conversion import Reading, code_cells, is_missing, normal_code, read_numbers
from features.intake.validation.findings import Findings


@dataclass(frozen=True)
class Step:
    """One line of the flow diagram: what was asked, and how many rows were left."""

    step: str
    patients: int


def select_rows(
    cells: pd.DataFrame, cohort_map: CohortMap, reading: Reading, findings: Findings
) -> tuple[pd.DataFrame, list[Step]]:
    """The rows that the map wants, and how many were left after each of its rules."""
    flow = [Step("rows in the file", len(cells))]
    visit = cohort_map.visit
    if visit and visit.column in cells:
        cells = cells[code_cells(cells[visit.column]) == normal_code(visit.choose)]
        flow.append(Step(f"visit {visit.choose}", len(cells)))
        if cells.empty:
            rule = f"has no row of visit {visit.choose}"
            findings.problem(visit.column, rule, "Check 'visit' in the map")
    for inclusion in cohort_map.include:
        if inclusion.column in cells and len(cells):
            column = cells[inclusion.column]
            cells = cells[_meets(column, inclusion, reading, findings)]
            flow.append(Step(inclusion.reason, len(cells)))
            if cells.empty:
                remedy = "Check 'include' in the map"
                if is_missing(column, reading).any():
                    remedy += "; rows whose cell is empty are chosen by 'empty: true' alone"
                findings.problem(inclusion.column, f"leaves nobody: {inclusion.reason}", remedy)
    return cells, flow


def _meets(
    cells: pd.Series, inclusion: Inclusion, reading: Reading, findings: Findings
) -> pd.Series:
    missing = is_missing(cells, reading)
    if inclusion.test in ("present", "empty"):
        return missing if inclusion.test == "empty" else ~missing
    if inclusion.test in ("is", "is_not"):
        named = code_cells(cells).isin([normal_code(value) for value in inclusion.values])
        return ~missing & (named if inclusion.test == "is" else ~named)
    numbers = read_numbers(cells, missing, reading, findings).to_numpy()
    limit = float(inclusion.values[0])
    met = numbers >= limit if inclusion.test == "at_least" else numbers <= limit
    return pd.Series(met & ~np.isnan(numbers), index=cells.index)
