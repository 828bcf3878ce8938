from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from models.leakage.checks.clock import check_dates, check_times, count_equal_times
from models.leakage.limits import Limits
from tests.models.leakage.shipped import simulated_briefly, with_column


def test_a_date_after_entry_is_caught_and_one_before_is_not() -> None:
    subject = simulated_briefly()
    assert subject.entry is not None
    days = pd.to_timedelta((subject.endpoint.time * 365.25).round(), unit="D")
    last = with_column(subject, "new_column", subject.entry.to_numpy() + days.to_numpy())
    (leak,) = check_dates(last, Limits())
    assert leak.rows == len(subject.columns)
    birth = subject.entry.to_numpy() - np.timedelta64(20_000, "D")
    born = with_column(subject, "new_column", birth)
    assert not list(check_dates(born, Limits()))


def test_a_calendar_year_after_entry_is_caught_and_a_year_of_birth_is_not() -> None:
    subject = simulated_briefly()
    assert subject.entry is not None
    year = subject.entry.dt.year.to_numpy(dtype=np.float64)
    late = with_column(subject, "new_column", year + np.floor(subject.endpoint.time))
    assert [leak.column for leak in check_dates(late, Limits())] == ["new_column"]
    by_year = replace(late, entry=pd.Series(year, index=late.columns.index))
    assert [leak.column for leak in check_dates(by_year, Limits())] == ["new_column"]
    assert not list(check_dates(with_column(subject, "new_column", year - 60), Limits()))


def test_a_time_that_ends_with_the_follow_up_is_caught_in_any_unit() -> None:
    subject, draws = simulated_briefly(), np.random.default_rng(1)
    own = draws.exponential(10, len(subject.columns))
    for unit in (1.0, 12.0, 365.25, 7.3):
        to_diabetes = unit * np.minimum(own, subject.endpoint.time)
        leaks = list(check_times(with_column(subject, "new_column", to_diabetes), Limits()))
        assert [leak.column for leak in leaks] == ["new_column"]


def test_equal_times_are_counted_once_each() -> None:
    time = np.r_[np.arange(1.0, 40.0), 39.0, 40.0]
    # twelve times the time of 1 to 39 years, twice that of the last; 40 years have another value
    values = np.where(time < 40, 12 * time, 1.0)
    assert count_equal_times(values, time) == 39
    assert count_equal_times(np.full(41, np.nan), time) == 0


def test_whole_numbers_agree_with_whole_months_by_chance_and_with_copied_ones_beyond_it() -> None:
    draws = np.random.default_rng(5)
    months = draws.integers(1, 146, 20_000)
    age = draws.integers(20, 86, 20_000).astype(float)
    assert count_equal_times(age, months / 12, 5.0) == 0
    copied = np.where(draws.random(20_000) < 0.3, months, age)
    assert count_equal_times(copied, months / 12, 5.0) == 145
