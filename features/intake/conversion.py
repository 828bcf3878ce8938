"""From the text of cells to canonical values, as the map says; what cannot be is a reject."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_lowercase

import pandas as pd

from features.cohort_map.entries import ValueSource
from features.dictionary.units import suspect_unit, to_canonical
from features.dictionary.variable import Variable
from features.intake.sources.declared_codes import MISSING_MARK
from features.intake.validation.findings import Findings

BLANK = ("", "na", "n/a", "nan", "null", ".", "<na>", "nat", "missing")
"""What stands in a cell that is left empty."""
MISSING = (*BLANK, "._", *(f".{letter}" for letter in ascii_lowercase))
"""The same, and the special missing values of SAS and Stata, which say why."""
YES_NO = {"1": 1.0, "yes": 1.0, "true": 1.0, "y": 1.0, "t": 1.0}
YES_NO |= {"0": 0.0, "no": 0.0, "false": 0.0, "n": 0.0, "f": 0.0}
_SPREADSHEET_ERROR = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!).*"
_THOUSANDS_POINT = r"[-+]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?"
_WHOLE = re.compile(r"[-+]?\d{1,15}(\.0*)?")
_UNKNOWN_CODE_LIMIT = 0.01


@dataclass(frozen=True)
class Reading:
    """How cells are read in one file: further missing codes, decimal sign, form of dates."""

    missing: tuple[str, ...] = ()
    decimal: str = "."
    date_format: str = "%Y-%m-%d"


def normal_code(text: str) -> str:
    """A code as it is compared: without case, and ``1``, ``01`` and ``1.0`` alike."""
    code = text.strip().casefold()
    return str(int(float(code))) if _WHOLE.fullmatch(code) else code


def code_cells(cells: pd.Series) -> pd.Series:
    """Every cell as `normal_code` has it."""
    return cells.map({text: normal_code(text) for text in cells.unique()}).astype("str")


def is_missing(cells: pd.Series, reading: Reading, further: Iterable[str] = ()) -> pd.Series:
    """Which cells are empty or hold a code for missing, by the map or by the file itself."""
    codes = {normal_code(code) for code in (*reading.missing, *further)}
    texts = cells.str.lower()
    missing = texts.isin({*MISSING, *codes}) | texts.str.startswith(MISSING_MARK)
    numbers = [float(code) for code in codes if _WHOLE.fullmatch(code)]
    if numbers:
        missing |= pd.to_numeric(cells, errors="coerce").isin(numbers)
    return missing


def read_variable(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    findings: Findings,
) -> pd.Series:
    """The canonical values of a variable: float64, or ``str`` for a category; missing is NaN.

    ``cells`` holds at least the source's columns. Impossible cells go to the findings as rejects,
    a unit that cannot be right as a problem.
    """
    if source.combine == "constant":
        cells = pd.DataFrame({"constant": source.constant}, index=cells.index, dtype="str")
    columns = source.columns or ("constant",)
    parts = [_read_column(cells[name], source, variable, reading, findings) for name in columns]
    values = _combine(parts, source.combine)
    if variable.kind == "number":
        return _to_unit(values, source, variable, ", ".join(columns), findings)
    return values


def _read_column(
    cells: pd.Series,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    findings: Findings,
) -> pd.Series:
    codes = {normal_code(raw): value for raw, value in source.codes.items()}
    missing = is_missing(cells, reading, source.missing)
    if codes:
        missing &= ~code_cells(cells).isin(codes)
    if variable.kind == "number":
        if codes:
            known = code_cells(cells).map(codes)
            cells = cells.where(known.isna(), known)
        _warn_of_possible_codes(cells, source, variable, reading, findings)
        return read_numbers(cells, missing, reading, findings)
    targets: Mapping[str, float | str] = YES_NO
    if variable.kind == "category":
        targets = {normal_code(code): code for code in variable.codes}
    known_codes = {raw: targets[normal_code(value)] for raw, value in codes.items()} or targets
    return _read_codes(cells, missing, known_codes, source, findings).astype(
        "float64" if variable.kind == "boolean" else "str"
    )


def _warn_of_possible_codes(
    cells: pd.Series, source: ValueSource, variable: Variable, reading: Reading, findings: Findings
) -> None:
    """A code for missing in every column, such as 999, may be a calcium score."""
    for code in reading.missing:
        if not _WHOLE.fullmatch(code.strip()):
            continue
        number = float(code)
        possible = float(to_canonical([number], variable, source.unit)[0])
        low = float("-inf") if variable.low is None else variable.low
        high = float("inf") if variable.high is None else variable.high
        count = int((pd.to_numeric(cells, errors="coerce") == number).sum())
        if low <= possible <= high and count:
            rule = f"holds {code}, missing by the map but a possible {variable.name}"
            remedy = "If it may be a value, list the code under the other columns' own 'missing'"
            findings.warn(str(cells.name), rule, remedy, count)


def read_numbers(
    cells: pd.Series, missing: pd.Series, reading: Reading, findings: Findings
) -> pd.Series:
    """The numbers in these cells, float64; text and infinite values are rejects.

    So is ``1.234`` beside decimal commas: it may be a thousand times what it seems.
    """
    column = str(cells.name)
    text = cells
    if reading.decimal == ",":
        thousands = cells.str.fullmatch(_THOUSANDS_POINT)
        text = cells.str.replace(",", ".", regex=False).mask(thousands, "thousands")
    numbers = pd.to_numeric(text.mask(missing), errors="coerce").astype("float64")
    broken = numbers.isna() & ~missing
    spreadsheet = broken & cells.str.fullmatch(_SPREADSHEET_ERROR)
    if broken.any() and numbers.isna().all():
        rule = "holds text in every cell where numbers are expected"
        remedy = "Map the right column, or give its 'codes'"
        if cells[broken].str.fullmatch(r"[-+]?\d+,\d+").all():
            remedy = "Say decimal: ',' in the map"
        findings.problem(column, rule, remedy, int(broken.sum()))
        return numbers
    remedy = "Correct the formula, or list it under 'missing' in the map"
    findings.reject(column, "a spreadsheet error instead of a number", remedy, spreadsheet)
    if reading.decimal == ",":
        rule = "a point that may separate thousands, beside decimal commas"
        remedy = "Export the numbers without separators of thousands"
        findings.reject(column, rule, remedy, thousands & ~missing)
        broken &= ~thousands
    remedy = "Correct the cell, or list its text under 'missing' in the map"
    findings.reject(column, "text where a number is expected", remedy, broken & ~spreadsheet)
    infinite = numbers.isin([float("inf"), float("-inf")])
    findings.reject(column, "an infinite number", "Correct it or leave it empty", infinite)
    return numbers.mask(infinite)


def read_dates(
    cells: pd.Series, missing: pd.Series, reading: Reading, findings: Findings
) -> pd.Series:
    """The dates in these cells (datetime64); what is no date of the map's form is a reject."""
    text = cells.mask(missing)
    dates = pd.to_datetime(text, format=reading.date_format, errors="coerce")
    broken = dates.isna() & ~missing
    remedy = "Correct the date, or give the form in the map, e.g. date_format: '%d.%m.%Y'"
    if broken.any() and dates.isna().all():
        rule = f"holds no date of the form {reading.date_format}"
        findings.problem(str(cells.name), rule, remedy, int(broken.sum()))
    else:
        rule = f"no date of the form {reading.date_format}"
        findings.reject(str(cells.name), rule, remedy, broken)
    return dates


def _read_codes(
    cells: pd.Series,
    missing: pd.Series,
    known: Mapping[str, float | str],
    source: ValueSource,
    findings: Findings,
) -> pd.Series:
    values = code_cells(cells).map(known)
    report_unknown_codes(cells, values.isna() & ~missing, findings)
    return values.mask(missing)


def report_unknown_codes(
    cells: pd.Series,
    unknown: pd.Series,
    findings: Findings,
    remedy: str = "Add it to 'codes' of this column in the map, or to its 'missing'",
) -> None:
    """A code in many rows is a gap in the map and a problem; in a few rows it is a slip."""
    count, distinct = int(unknown.sum()), cells[unknown].nunique()
    if count > max(1, _UNKNOWN_CODE_LIMIT * len(cells)):
        rule = f"holds {distinct} code{'' if distinct == 1 else 's'} that the map does not know"
        findings.problem(str(cells.name), rule, remedy, count)
    else:
        findings.reject(str(cells.name), "a code that the map does not know", remedy, unknown)


def _combine(parts: list[pd.Series], combine: str) -> pd.Series:
    if len(parts) == 1:
        return parts[0]
    if combine == "first_of":
        first = parts[0]
        for part in parts[1:]:
            first = first.where(first.notna(), part)
        return first
    table = pd.concat(parts, axis=1)
    if combine == "mean_of":
        return table.mean(axis=1)
    return table.max(axis=1) if combine == "max_of" else table.sum(axis=1, skipna=False)


def _to_unit(
    values: pd.Series, source: ValueSource, variable: Variable, column: str, findings: Findings
) -> pd.Series:
    declared = source.unit or variable.unit
    canonical = pd.Series(to_canonical(values, variable, source.unit), index=values.index)
    likely = suspect_unit(values, variable, source.unit)
    if likely:
        rule = f"is declared {declared}, but its values can only be {likely}"
        remedy = f"Say 'unit: {likely}' for {variable.name} in the map"
        findings.problem(column, rule, remedy)
        return canonical
    low = float("-inf") if variable.low is None else variable.low
    high = float("inf") if variable.high is None else variable.high
    outside = (canonical < low) | (canonical > high)
    rule = f"{variable.name} outside {low:g} to {high:g} {variable.unit}"
    remedy = "Correct it or leave it empty; check the unit"
    mixed = suspect_unit(values[outside], variable, source.unit) if outside.sum() > 1 else None
    if mixed:
        remedy = f"As {mixed} they would be possible: bring a column of two units to one"
    findings.reject(column, rule, remedy, outside)
    return canonical
