"""Which rows belong to the cohort: the chosen visit, then the rules of inclusion, each counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import Inclusion
from features.dictionary.variable import Variable
from features.intake.cells.conversion import (
    Reading,
    as_text,
    code_cells,
    is_missing,
    listed_numbers,
    normal_code,
    parse_numbers,
    read_numbers,
)
from features.intake.validation.findings import Findings


@dataclass(frozen=True)
class Step:
    """One line of the flow diagram: what was asked, and how many rows were left."""

    step: str
    patients: int


def select_rows(
    cells: pd.DataFrame,
    cohort_map: CohortMap,
    dictionary: Mapping[str, Variable],
    reading: Reading,
    findings: Findings,
    flow: list[Step],
) -> pd.DataFrame:
    """The rows that the map wants; ``flow`` takes how many were left after each of its rules."""
    visit, numbers = cohort_map.visit, _find_number_columns(cohort_map, dictionary)
    if visit and visit.column in cells:
        codes = code_cells(_text_of(cells, visit.column), reading.decimal)
        cells = cells[codes == normal_code(visit.choose, reading.decimal)]
        flow.append(Step(f"visit {visit.choose}", len(cells)))
        if cells.empty:
            rule = f"has no row of visit {visit.choose}"
            findings.problem(visit.column, rule, "Check 'visit' in the map")
    for inclusion in cohort_map.include:
        if inclusion.column in cells and len(cells):
            text = _text_of(cells, inclusion.column)
            as_numbers = inclusion.column in numbers
            cells = cells[_meets(text, inclusion, reading, findings, as_numbers)]
            flow.append(Step(inclusion.reason, len(cells)))
            if cells.empty:
                remedy = "Check 'include' in the map"
                if is_missing(text, reading).any():
                    remedy += "; rows whose cell is empty are chosen by 'empty: true' alone"
                findings.problem(inclusion.column, f"leaves nobody: {inclusion.reason}", remedy)
    return cells


def _find_number_columns(
    cohort_map: CohortMap, dictionary: Mapping[str, Variable]
) -> frozenset[str]:
    """The columns of the file that the map reads as numbers: they are compared as such."""
    return frozenset(
        column
        for name, source in cohort_map.variables.items()
        if name in dictionary and dictionary[name].kind == "number" and not source.codes
        for column in source.columns
    )


def _text_of(cells: pd.DataFrame, column: str) -> pd.Series:
    return as_text(cells[column]).str.strip()


def _meets(
    cells: pd.Series,
    inclusion: Inclusion,
    reading: Reading,
    findings: Findings,
    as_numbers: bool,
) -> pd.Series:
    missing = is_missing(cells, reading)
    if inclusion.test in ("present", "empty"):
        return missing if inclusion.test == "empty" else ~missing
    if inclusion.test in ("is", "is_not"):
        codes = [normal_code(value, reading.decimal) for value in inclusion.values]
        named = code_cells(cells, reading.decimal).isin(codes)
        if as_numbers:
            wanted = listed_numbers(inclusion.values, reading)
            named |= parse_numbers(cells, reading)[0].isin(wanted)
        return ~missing & (named if inclusion.test == "is" else ~named)
    numbers = read_numbers(cells, missing, reading, findings).to_numpy()
    limit = float(inclusion.values[0])
    met = numbers >= limit if inclusion.test == "at_least" else numbers <= limit
    return pd.Series(met & ~np.isnan(numbers), index=cells.index)
