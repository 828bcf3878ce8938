"""What became of the cells of one variable: values, and every rule that a cell breaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import BoolArray
from features.cohort_map.entries import ValueSource
from features.dictionary.units import to_canonical
from features.dictionary.variable import Variable


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


Values = npt.NDArray[np.float64] | pd.Categorical


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


def without(
    numbers: npt.NDArray[np.float64], broken: list[Broken]
) -> tuple[npt.NDArray[np.float64], list[Broken]]:
    """The numbers, NaN where broken, and of what may be broken that which some rows break."""
    found = [one for one in broken if one.rows.any()]
    for one in found:
        numbers = np.where(one.rows, np.nan, numbers)
    return numbers, found
