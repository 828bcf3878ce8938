"""What became of the cells of one variable: values, and every rule that a cell breaks.

A fault in most cells of a column is one of the map or the file, and is said of the column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray
from features.cohort_map.entries import ValueSource
from features.dictionary.units import suspect_unit, to_canonical
from features.dictionary.variable import Variable
from features.intake.cells.conversion import (
    UNKNOWN,
    Reading,
    as_text,
    describe_gap,
    is_gap,
    is_whole,
    parse_numbers,
)
from features.intake.validation.findings import Findings

# So many values outside the range are no slips of single cells.
_MANY = 20
Values = npt.NDArray[np.float64] | pd.Categorical


@dataclass(frozen=True)
class Broken:
    """Rows (mask, (n,)) of a batch that break one rule.

    ``distinct``: by how many different texts. ``whole``: rule and remedy for the column as a whole
    where no cell of it could be read, else empty.
    """

    column: str
    rule: str
    rows: BoolArray
    remedy: str = ""
    distinct: int = 0
    whole: tuple[str, str] | None = None


@dataclass(frozen=True)
class ReadValues:
    """``values`` (n,): canonical, NaN where missing or broken; ``broken``: what, and where.

    Numbers and booleans are float64, categories are categorical with the variable's codes.
    ``outside``: which numbers lie outside the plausible range, and ``declared``: the numbers in the
    unit that the map declares; None where all lie within.
    """

    values: Values
    broken: list[Broken]
    declared: npt.NDArray[np.float64] | None = None
    outside: Broken | None = None


def to_unit(
    numbers: npt.NDArray[np.float64],
    broken: list[Broken],
    source: ValueSource,
    variable: Variable,
    column: str,
) -> ReadValues:
    """Numbers (n,) of the declared unit in the canonical one, without those that are broken."""
    canonical = numbers
    if source.unit not in (None, variable.unit):
        canonical = np.asarray(to_canonical(numbers, variable, source.unit))
    low, high = variable.limits
    rule = f"{variable.name} outside {low:g} to {high:g} {variable.unit}"
    outside = Broken(
        column,
        rule,
        (canonical < low) | (canonical > high),
        "Correct it or leave it empty; check the unit",
    )
    if not outside.rows.any():
        return ReadValues(*without(canonical, broken))
    values, found = without(canonical, [*broken, outside])
    return ReadValues(values, found, numbers, outside)


def doubt_two_units(read: ReadValues, source: ValueSource, variable: Variable) -> ReadValues:
    """Without the numbers that may be of the other unit, where a column is of two.

    It is where the cells outside the range would be possible in that unit and are more than those
    that are possible in either.
    """
    mixed = _find_mixed(read, source, variable)
    if not mixed or read.declared is None or read.outside is None:
        return read
    low, high = variable.limits
    values = np.asarray(read.values, dtype=np.float64)
    other = np.asarray(to_canonical(read.declared, variable, mixed))
    either = ~np.isnan(values) & (other >= low) & (other <= high)
    if not 0 < either.sum() < read.outside.rows.sum():
        return read
    rule = f"may be {source.unit or variable.unit} or {mixed}, in a column of two units"
    doubtful = Broken(read.outside.column, rule, either, "Bring the column to one unit")
    return replace(read, values=np.where(either, np.nan, values), broken=[*read.broken, doubtful])


def without(
    numbers: npt.NDArray[np.float64], broken: list[Broken]
) -> tuple[npt.NDArray[np.float64], list[Broken]]:
    """The numbers, NaN where broken, and of what may be broken that which some rows break."""
    found = [one for one in broken if one.rows.any()]
    for one in found:
        numbers = np.where(one.rows, np.nan, numbers)
    return numbers, found


def report_broken(
    read: ReadValues, source: ValueSource, variable: Variable, index: pd.Index, findings: Findings
) -> None:
    """Each broken cell is a reject, unless it is one of so many that its column is a problem."""
    reported = set[tuple[str, str]]()
    for one in read.broken:
        problem, rows = _judge(one, read, source, variable), int(one.rows.sum())
        if problem is None:
            remedy = one.remedy
            if one.rule == (read.outside and read.outside.rule):
                remedy = _find_remedy(read, source, variable) or one.remedy
            findings.reject(one.column, one.rule, remedy, pd.Series(one.rows, index))
        elif (one.column, problem[0]) not in reported:
            reported.add((one.column, problem[0]))
            if one.whole is not None:
                alike = [other for other in read.broken if other.whole == one.whole]
                rows = sum(int(other.rows.sum()) for other in alike if other.column == one.column)
            count = None if one.rule == (read.outside and read.outside.rule) else rows
            findings.problem(one.column, *problem, count)


def _judge(
    one: Broken, read: ReadValues, source: ValueSource, variable: Variable
) -> tuple[str, str] | None:
    """Rule and remedy of the column as a whole, None where single cells are wrong."""
    if one.whole is not None:
        return one.whole
    if one.rule == UNKNOWN and is_gap(int(one.rows.sum()), len(one.rows)):
        return describe_gap(one.distinct), one.remedy
    if read.declared is not None and read.outside is not None and one.rule == read.outside.rule:
        likely = suspect_unit(read.declared, variable, source.unit)
        if likely:
            declared = source.unit or variable.unit
            rule = f"is declared {declared}, but its values can only be {likely}"
            return rule, f"Say 'unit: {likely}' for {variable.name} in the map"
        if _is_all_outside(read.declared, one.rows):
            low, high = variable.limits
            rule = f"holds no value within {low:g} to {high:g} {variable.unit}"
            return rule, f"Check what the column holds, or leave {variable.name} out"
    return None


def _is_all_outside(declared: npt.NDArray[np.float64], outside: BoolArray) -> bool:
    """Whether no number lies within the range, of many, and each of most rows has one."""
    there = int((~np.isnan(declared)).sum())
    return there >= _MANY and 2 * there >= len(declared) and int(outside.sum()) == there


def _find_remedy(read: ReadValues, source: ValueSource, variable: Variable) -> str:
    """What to do about values outside the plausible range that another unit would explain."""
    mixed = _find_mixed(read, source, variable)
    return f"As {mixed} they would be possible: bring a column of two units to one" if mixed else ""


def _find_mixed(read: ReadValues, source: ValueSource, variable: Variable) -> str | None:
    """The unit that explains the values outside the plausible range, two at least."""
    if read.declared is None or read.outside is None or read.outside.rows.sum() < 2:
        return None
    return suspect_unit(read.declared[read.outside.rows], variable, source.unit)


def warn_of_possible_codes(
    cells: pd.DataFrame,
    source: ValueSource,
    variable: Variable,
    reading: Reading,
    findings: Findings,
) -> None:
    """A code for missing in every column, such as 999, may be a calcium score."""
    codes = [code for code in reading.missing if is_whole(code)]
    if variable.kind != "number" or not codes:
        return
    low, high = variable.limits
    for name in source.columns:
        numbers, _ = parse_numbers(as_text(cells[name]), reading)
        for code in codes:
            possible = float(to_canonical([float(code)], variable, source.unit)[0])
            count = int((numbers == float(code)).sum())
            if low <= possible <= high and count:
                rule = f"holds {code}, missing by the map but a possible {variable.name}"
                remedy = (
                    "If it may be a value, list the code under the other columns' own 'missing'"
                )
                findings.warn(name, rule, remedy, count)
