"""How many people each row stands for, and the stratum and cluster that it was drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.cohort_map.survey_map import SurveyMap
from features.intake.cells.conversion import Reading, code_cells, is_missing, read_numbers
from features.intake.validation.findings import Findings
from features.survey import Survey

_NOBODY = (
    "Leave these rows out by a rule under 'include', such as "
    "{column: WEIGHT, is_not: 0, reason: in the sample}"
)


def read_survey(
    cells: pd.DataFrame, survey: SurveyMap, reading: Reading, findings: Findings
) -> pd.DataFrame:
    """Columns ``weight``, and ``stratum`` and ``cluster`` where the map names them, of every row.

    A row without one of them, or that stands for nobody, is a reject.
    """
    read = pd.DataFrame({"weight": 1.0}, index=cells.index)
    if survey.weight:
        read["weight"] = _read_weight(cells[survey.weight], reading, findings)
    for name, column in (("stratum", survey.stratum), ("cluster", survey.cluster)):
        if column:
            texts = cells[column]
            remedy = "Fill it in or leave the patient out"
            findings.reject(column, f"no {name}", remedy, is_missing(texts, reading))
            read[name] = code_cells(texts, reading.decimal)
    return read


def _read_weight(cells: pd.Series, reading: Reading, findings: Findings) -> pd.Series:
    column, missing = str(cells.name), is_missing(cells, reading)
    weight = read_numbers(cells, missing, reading, findings)
    if (weight.dropna() == 0).all() and weight.notna().any():
        rule = "is zero wherever it is filled: nobody is represented"
        findings.problem(column, rule, "Map the column with the weights", int(weight.eq(0).sum()))
        return weight
    findings.reject(column, "no weight", "Fill it in or leave the patient out", missing)
    findings.reject(column, "a negative weight", "Correct it", weight < 0)
    findings.reject(column, "a weight of zero: nobody is represented", _NOBODY, weight == 0)
    return weight


def make_survey(read: pd.DataFrame, findings: Findings, survey: SurveyMap) -> Survey:
    """The survey of the rows that are kept; a stratum with one cluster alone is told."""
    stratum, cluster = (
        read[name].to_numpy() if name in read else None for name in ("stratum", "cluster")
    )
    whole = Survey(read["weight"].to_numpy(np.float64), stratum, cluster)
    if alone := whole.lonely_strata:
        rule = f"{alone} strata have one cluster alone"
        remedy = "Each is joined with the next, so that intervals show a spread"
        findings.warn(str(survey.stratum or survey.cluster), rule, remedy)
    return whole.take(np.arange(len(whole)))
