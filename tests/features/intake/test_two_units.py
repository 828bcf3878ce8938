"""A column of two units holds numbers that may be of either: none of them is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.entries import ValueSource
from features.dictionary.dictionary import Dictionary
from features.dictionary.units import to_canonical
from features.intake.cells.canonical_values import read_values
from features.intake.cells.conversion import Reading
from features.intake.cells.read_values import ReadValues

DICTIONARY = Dictionary.load()
COLUMN = "X"
# half of a hospital in the one unit and half in the other, from few to very many
MIXED = {
    "ldl_cholesterol": np.geomspace(50.0, 330.0, 300),
    "triglycerides": np.geomspace(50.0, 1900.0, 300),
    "glucose": np.geomspace(60.0, 500.0, 300),
}


def _read(name: str, values: np.ndarray, typed: bool) -> ReadValues:
    cells = pd.Series(values) if typed else pd.Series([f"{value:.4f}" for value in values])
    source = ValueSource("column", (COLUMN,))
    return read_values(pd.DataFrame({COLUMN: cells}), source, DICTIONARY[name], Reading())


@pytest.mark.parametrize("typed", [True, False], ids=["numbers", "text"])
@pytest.mark.parametrize("name", MIXED)
def test_no_number_of_a_column_of_two_units_is_read_as_the_wrong_one(
    name: str, typed: bool
) -> None:
    variable, true = DICTIONARY[name], MIXED[name]
    factor = float(to_canonical(np.array([1.0]), variable, "mmol/L")[0])
    other = np.arange(len(true)) % 2 == 1
    read = _read(name, np.where(other, true / factor, true), typed)
    values = np.asarray(read.values, dtype=np.float64)
    assert np.isnan(values[other]).all()
    # what no patient has in the other unit is read as ever
    above = true > variable.limits[1] / factor
    assert not np.isnan(values[~other & above]).any()
    rejected = np.logical_or.reduce([one.rows for one in read.broken])
    assert (rejected == np.isnan(values)).all()
    assert any("in a column of two units" in one.rule for one in read.broken)


@pytest.mark.parametrize("typed", [True, False], ids=["numbers", "text"])
@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_a_few_wrong_numbers_do_not_cost_the_well_treated_their_low_ones(
    wrong: int, typed: bool
) -> None:
    low = np.linspace(6.0, 20.0, 30)
    read = _read("ldl_cholesterol", np.r_[low, np.full(wrong, 2.5), np.full(200, 90.0)], typed)
    values = np.asarray(read.values, dtype=np.float64)
    assert np.isnan(values).sum() == wrong
    assert values[:30] == pytest.approx(low, abs=1e-4)
