"""How many people each row stands for, and how it was drawn: stratum, cluster, subcohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.cohort_map.survey_map import CaseCohortMap, SurveyMap
from features.intake.cells.conversion import (
    BLANK,
    Reading,
    code_cells,
    is_missing,
    normal_code,
    read_numbers,
)
from features.intake.validation.findings import Findings
from features.sample.case_cohort import CaseCohort
from features.sample.survey import Survey

_NOBODY = (
    "Leave these rows out by a rule under 'include', such as "
    "{column: WEIGHT, is_not: 0, reason: in the sample}"
)


def read_survey(
    cells: pd.DataFrame, survey: SurveyMap, reading: Reading, findings: Findings
) -> pd.DataFrame:
    """Columns ``weight``, and ``stratum`` and ``cluster`` where the map names them, of every row.

    Of a case-cohort sample also ``subcohort`` (boolean) and ``fraction``. A row without one of
    them, or that stands for nobody, is a reject.
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
    if survey.case_cohort:
        read["subcohort"] = _read_subcohort(cells, survey.case_cohort, reading, findings)
        read["fraction"] = survey.case_cohort.fraction
        if isinstance(survey.case_cohort.fraction, str):
            drawn = cells[survey.case_cohort.fraction]
            # outside the subcohort nobody was drawn, and the cell is often empty
            missing = is_missing(drawn, reading) | ~read["subcohort"]
            read["fraction"] = read_numbers(drawn, missing, reading, findings)
    return read


def _read_subcohort(
    cells: pd.DataFrame, design: CaseCohortMap, reading: Reading, findings: Findings
) -> pd.Series:
    one = design.subcohort
    texts = cells[one.column]
    missing = is_missing(texts, reading)
    if one.present:
        return ~missing
    codes = code_cells(texts, reading.decimal)
    inside, outside = (
        codes.isin([normal_code(value) for value in named]) for named in (one.values, one.otherwise)
    )
    if "" in one.otherwise:
        outside |= codes.isin(BLANK)
    missing &= ~inside & ~outside
    remedy = "Fill it in: who is outside is known as well as who is inside"
    findings.reject(one.column, "no word on whether in the subcohort", remedy, missing)
    unknown = ~(inside | outside | missing)
    if unknown.any():
        rule, remedy = "a code that is neither in 'is' nor in 'not'", "Name it under 'subcohort'"
        findings.problem(one.column, rule, remedy, int(unknown.sum()))
    return inside


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


def check_case_cohort(
    read: pd.DataFrame, event: pd.Series, columns: str, findings: Findings, survey: SurveyMap
) -> None:
    """Note whoever is neither in the subcohort nor a case, and fractions that cannot be.

    ``event``: the code of each row that is kept, by these ``columns`` of the file.
    """
    design = survey.case_cohort
    if design is not None:
        fraction = design.fraction if isinstance(design.fraction, str) else "fraction"
        names = (design.subcohort.column, fraction, columns)
        findings.problems += _design_of(read, design).find_problems(event.to_numpy(), names)


def _design_of(read: pd.DataFrame, design: CaseCohortMap) -> CaseCohort:
    drawn = read["subcohort"].to_numpy(bool), read["fraction"].to_numpy(np.float64)
    return CaseCohort(*drawn, design.method, design.cases)


def make_survey(
    read: pd.DataFrame, event: pd.Series, findings: Findings, survey: SurveyMap
) -> Survey:
    """The survey of the rows that are kept; a stratum with one cluster alone is told."""
    stratum, cluster = (
        read[name].to_numpy() if name in read else None for name in ("stratum", "cluster")
    )
    if survey.case_cohort is None:
        whole = Survey(read["weight"].to_numpy(np.float64), stratum, cluster)
    else:
        design = _design_of(read, survey.case_cohort)
        whole = Survey.of_case_cohort(design, event.to_numpy(), stratum, cluster)
    if whole.n_clusters == 1:
        rule = "is the same for every patient: one cluster shows no spread"
        findings.problem(str(survey.cluster), rule, "Map the column of the clusters, or none")
    elif alone := whole.lonely_strata:
        rule = f"{alone} strata have one cluster alone"
        remedy = "Each is joined with the next, so that intervals show a spread"
        findings.warn(str(survey.stratum or survey.cluster), rule, remedy)
    elif few := whole.find_few_clusters():
        remedy = "Leave 'cluster' out unless patients of one cluster resemble each other"
        findings.warn(str(survey.cluster), few.rstrip("."), remedy)
    return whole.take(np.arange(len(whole)))
