"""Cells as texts, codes, numbers and dates; what can be read in two ways is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase

import numpy as np
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.intake.cells.declared_codes import MISSING_MARK
from features.intake.validation.findings import Findings

BLANK = ("", "na", "n/a", "nan", "null", ".", "<na>", "nat", "missing")
"""What stands in a cell that is left empty."""
MISSING = (*BLANK, "._", *(f".{letter}" for letter in ascii_lowercase))
"""The same, and the special missing values of SAS and Stata, which say why."""
YES_NO = {"1": 1.0, "yes": 1.0, "true": 1.0, "y": 1.0, "t": 1.0}
YES_NO |= {"0": 0.0, "no": 0.0, "false": 0.0, "n": 0.0, "f": 0.0}
SPREADSHEET, TEXT = "a spreadsheet error instead of a number", "text where a number is expected"
POINT = "a point that may separate thousands, beside decimal commas"
COMMA = "a comma that may separate thousands or decimals"
INFINITE, UNKNOWN = "an infinite number", "a code that the map does not know"
REMEDIES = {
    SPREADSHEET: "Correct the formula, or list it under 'missing' in the map",
    TEXT: "Correct the cell, or list its text under 'missing' in the map",
    POINT: "Export the numbers without separators of thousands, or say decimal: '.' in the map",
    COMMA: "Export the numbers without separators of thousands, or say decimal: ',' in the map",
    INFINITE: "Correct it or leave it empty",
    UNKNOWN: "Name each under 'codes' of this column in the map, or under its 'missing'",
}
_SPREADSHEET_ERROR = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!).*"
_THOUSANDS_POINT = r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?"
_THOUSANDS_COMMA = r"[-+]?[1-9]\d{0,2}(?:,\d{3})+"
_DECIMAL_COMMA = r"[-+]?\d+,\d+"
_WHOLE = re.compile(r"[-+]?\d{1,15}(?:\.0*)?", re.ASCII)
_WHOLE_COMMA = re.compile(r"[-+]?\d{1,15}(?:[.,](?:|0|00|0000+))?", re.ASCII)
_TRUTH = {"true": "1", "false": "0"}
_NUMERIC = "iuf"
_UNKNOWN_CODE_LIMIT = 0.01


def normal_code(text: str, decimal: str = ".") -> str:
    """A code as it is compared: without case; ``1``, ``01``, ``1.0`` and ``true`` alike.

    ``decimal``: the decimal sign of the file; unless it is a point, ``1,0`` is 1 as well, but
    ``1,000`` may be a thousand and stays as it is.
    """
    code = text.strip().casefold()
    code = _TRUTH.get(code, code)
    whole = _WHOLE if decimal == "." else _WHOLE_COMMA
    return str(int(float(code.replace(",", ".")))) if whole.fullmatch(code) else code


def is_typed(cells: pd.Series) -> bool:
    """Whether the cells are numbers already."""
    return isinstance(cells.dtype, np.dtype) and cells.dtype.kind in _NUMERIC


def as_text(cells: pd.Series) -> pd.Series:
    """The cells as a text file would hold them: ``str``, empty where missing, 5 and not 5.0."""
    if cells.dtype == "str":
        return cells.fillna("")
    if cells.dtype == bool:
        cells = cells.astype("int8")
    if not is_typed(cells):
        return cells.astype("str").fillna("").str.strip()
    numbers = cells.to_numpy()
    if numbers.dtype.kind != "f":
        return pd.Series(numbers.astype(str), index=cells.index, dtype="str")
    codes, values = pd.factorize(numbers, use_na_sentinel=True)
    texts = [repr(float(value)).removesuffix(".0") for value in values]
    return pd.Series(np.array([*texts, ""], object)[codes], index=cells.index, dtype="str")


@dataclass(frozen=True)
class Reading:
    """How cells are read in one file: further missing codes, decimal sign, form of dates.

    ``decimal``: "." or ",", "" where nothing in the file tells. ``declared``: a person said so;
    else a cell such as ``1,234`` is refused unless the decimal sign is a point.
    """

    missing: tuple[str, ...] = ()
    decimal: str = "."
    date_format: str = "%Y-%m-%d"
    declared: bool = False

    @classmethod
    def by(cls, cohort_map: CohortMap, decimal: str) -> Reading:
        """What the map says, with the decimal sign of the file where the map names none."""
        declared = bool(cohort_map.decimal)
        sign = cohort_map.decimal or decimal
        return cls(cohort_map.missing, sign, cohort_map.date_format, declared)


def code_cells(cells: pd.Series, decimal: str = ".") -> pd.Series:
    """Every cell as `normal_code` has it."""
    codes = {text: normal_code(text, decimal) for text in cells.unique()}
    return cells.map(codes).astype("str")


def parse_numbers(cells: pd.Series, reading: Reading) -> tuple[pd.Series, dict[str, pd.Series]]:
    """The numbers in these texts, float64 and NaN where there is none; by rule, what is unclear.

    With a declared decimal comma, ``1.234`` is unclear: it may be a thousand times what it seems.
    Where nobody declared the sign and no decimal point shows it, ``1,234`` is unclear as well.
    """
    if reading.decimal == ".":
        return pd.to_numeric(cells, errors="coerce").astype("float64"), {}
    unclear = {POINT: cells.str.fullmatch(_THOUSANDS_POINT).astype(bool)}
    text = cells.str.replace(",", ".", regex=False).mask(unclear[POINT], "unclear")
    if not reading.declared:
        unclear[COMMA] = cells.str.fullmatch(_THOUSANDS_COMMA).astype(bool)
        text = text.mask(unclear[COMMA], "unclear")
    return pd.to_numeric(text, errors="coerce").astype("float64"), unclear


def is_missing(cells: pd.Series, reading: Reading, further: Iterable[str] = ()) -> pd.Series:
    """Which cells are empty or hold a code for missing, by the map or by the file itself.

    A code that is a number is met as a number.
    """
    given = (*reading.missing, *further)
    codes = {normal_code(code, reading.decimal) for code in given}
    texts = cells.str.lower()
    missing = texts.isin({*MISSING, *codes}) | texts.str.startswith(MISSING_MARK)
    numbers = listed_numbers(given, reading)
    if numbers:
        missing |= parse_numbers(cells, reading)[0].isin(numbers)
    return missing


@lru_cache(4096)
def listed_numbers(codes: tuple[str, ...], reading: Reading) -> tuple[float, ...]:
    """Those of the codes that a map lists which are numbers."""
    texts = pd.Series(codes, dtype="str").str.strip()
    return tuple(number for number in parse_numbers(texts, reading)[0] if np.isfinite(number))


def is_whole(code: str) -> bool:
    """Whether a code is a whole number."""
    return _WHOLE.fullmatch(code.strip()) is not None


def find_unread(
    cells: pd.Series, missing: pd.Series, reading: Reading
) -> tuple[pd.Series, dict[str, pd.Series]]:
    """The numbers in these texts (float64, NaN where missing), and by rule which texts are none."""
    numbers, unclear = parse_numbers(cells.mask(missing), reading)
    broken = numbers.isna() & ~missing
    faults = {rule: rows & broken for rule, rows in unclear.items()}
    for rows in faults.values():
        broken &= ~rows
    spreadsheet = broken
    if broken.any():
        spreadsheet = broken & cells.str.fullmatch(_SPREADSHEET_ERROR)
    infinite = numbers.abs() == np.inf
    faults |= {SPREADSHEET: spreadsheet, TEXT: broken & ~spreadsheet, INFINITE: infinite}
    return numbers.mask(infinite), faults


def read_numbers(
    cells: pd.Series, missing: pd.Series, reading: Reading, findings: Findings
) -> pd.Series:
    """The numbers in these cells, float64; what is none, infinite or unclear is a reject.

    A column in which no cell is a number is a problem.
    """
    column = str(cells.name)
    numbers, faults = find_unread(cells, missing, reading)
    if numbers.isna().all() and any(rows.any() for rows in faults.values()):
        broken = numbers.isna() & ~missing
        rule, remedy = describe_unread(cells[broken], faults)
        findings.problem(column, rule, remedy, int(broken.sum()))
        return numbers
    for rule, rows in faults.items():
        findings.reject(column, rule, REMEDIES[rule], rows)
    return numbers


def describe_unread(broken: pd.Series, faults: Iterable[str]) -> tuple[str, str]:
    """Rule and remedy for a column none of whose cells can be read as a number."""
    commas = broken.str.fullmatch(_DECIMAL_COMMA).all()
    clear = commas and not broken.str.fullmatch(_THOUSANDS_COMMA).any()
    if commas and not clear and COMMA in set(faults):
        return f"holds {COMMA} in every cell", REMEDIES[COMMA]
    rule = "holds text in every cell where numbers are expected"
    if clear:
        return rule, "Say decimal: ',' in the map"
    return rule, "Map the right column, or give its 'codes'"


def read_dates(
    cells: pd.Series, missing: pd.Series, reading: Reading, findings: Findings
) -> pd.Series:
    """The dates in these cells (datetime64); what is no date of the map's form is a reject.

    Cells that a file keeps as dates read 2020-01-31 here, beside texts of any other form.
    """
    text = cells.mask(missing)
    dates = pd.to_datetime(text, format=reading.date_format, errors="coerce")
    if not reading.date_format.startswith("%Y"):
        dates = dates.fillna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce"))
    broken = dates.isna() & ~missing
    remedy = "Correct the date, or give the form in the map, e.g. date_format: '%d.%m.%Y'"
    if broken.any() and dates.isna().all():
        rule = f"holds no date of the form {reading.date_format}"
        if text[broken].str.fullmatch(r"\d{1,8}(\.\d+)?").all():
            rule = "holds numbers where dates are expected"
            remedy = (
                "If they count days, as SAS, Stata and Excel do, give the column the format of a "
                "date there; else give times in place of dates, with their 'unit'"
            )
        findings.problem(str(cells.name), rule, remedy, int(broken.sum()))
    else:
        rule = f"no date of the form {reading.date_format}"
        findings.reject(str(cells.name), rule, remedy, broken)
    return dates


def report_unknown_codes(
    cells: pd.Series, unknown: pd.Series, findings: Findings, remedy: str = REMEDIES[UNKNOWN]
) -> None:
    """A code in many rows is a gap in the map and a problem; in a few rows it is a slip."""
    count, distinct = int(unknown.sum()), cells[unknown].nunique()
    if is_gap(count, len(cells)):
        findings.problem(str(cells.name), describe_gap(distinct), remedy, count)
    else:
        findings.reject(str(cells.name), UNKNOWN, remedy, unknown)


def is_gap(count: int, n_rows: int) -> bool:
    """Whether so many cells with unknown codes speak of a gap in the map."""
    return count > max(1, _UNKNOWN_CODE_LIMIT * n_rows)


def describe_gap(distinct: int) -> str:
    """The rule that a column with so many different unknown codes breaks."""
    return f"holds {distinct} code{'' if distinct == 1 else 's'} that the map does not know"
