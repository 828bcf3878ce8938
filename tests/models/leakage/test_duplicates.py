from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.leakage.checks.duplicates import check_duplicates, count_across, twins_by_id
from models.leakage.inspected_cohort import Subject
from models.leakage.limits import Limits
from tests.models.leakage.shipped import simulated


def _append(subject: Subject, rows: list[int], ids: list[str], **changes: float) -> Subject:
    """The same patients again, in the other part of the split, under other identifiers."""
    assert subject.held_out is not None
    again = subject.columns.iloc[rows].assign(**changes).set_axis(pd.Index(ids))
    places = [*range(len(subject.columns)), *rows]
    return replace(
        subject,
        columns=pd.concat([subject.columns, again]),
        endpoint=subject.endpoint.take(places),
        site=None,
        entry=None,
        held_out=np.r_[subject.held_out, ~subject.held_out[rows]],
    )


def test_identical_rows_under_other_identifiers_are_one_patient() -> None:
    subject = _append(simulated(), [3, 700, 1500], ["x1", "x2", "x3"])
    (leak,) = check_duplicates(subject, Limits())
    assert leak.column == "covariates"
    assert leak.measured.startswith("6 patients")
    assert "6 of them across" in leak.measured


def test_where_a_part_of_a_file_stands_twice_all_of_its_patients_are_counted() -> None:
    # few and coarse columns: most of the pairs could agree by chance, were there no others
    names = ["age", "systolic_bp", "hdl_cholesterol", "ldl_cholesterol", "heart_rate", "glucose"]
    subject = replace(simulated(), columns=simulated().columns[[*names, "cac_agatston"]].round())
    known = np.flatnonzero(subject.columns.notna().all(axis=1))[:60].tolist()
    (leak,) = check_duplicates(_append(subject, known, [f"x{i}" for i in range(60)]), Limits())
    assert leak.measured.startswith("120 patients have the same values as another, 120 of them")


@pytest.mark.parametrize("changed", ["age", "systolic_bp", "ldl_cholesterol", "hba1c"])
def test_a_twin_of_whom_one_value_was_changed_is_found(changed: str) -> None:
    values = simulated().columns[changed]
    subject = _append(simulated(), [10, 20], ["x1", "x2"], **{changed: float(values.max())})
    (leak,) = check_duplicates(subject, Limits())
    assert leak.measured.startswith("4 patients")


def test_one_identifier_written_two_ways_is_one_patient() -> None:
    ids = ["0012", "12", "12.0", " a7", "A7", "1-12", "11-2", "7", "70"]
    groups = twins_by_id(pd.DataFrame(index=pd.Index(ids)))
    assert groups.tolist() == [0, 0, 0, 1, 1, -1, -1, -1, -1]


def test_only_twins_in_both_parts_are_across_the_split() -> None:
    group = pd.Series([0, 0, 1, 1, -1])
    assert count_across(group, np.array([True, False, True, True, False])) == (
        ", 2 of them across development and held-out patients"
    )
    assert count_across(group, None) == ""


def test_a_cohort_with_a_column_all_missing_has_no_twins_for_that() -> None:
    subject = simulated()
    empty = subject.columns.assign(lpa_mass=np.nan, apob=np.nan)
    assert not list(check_duplicates(replace(subject, columns=empty), Limits()))
