from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from features.endpoint import Endpoint
from features.errors import CohortError
from models.estimator.target import as_target, read_target

TIME, EVENT = np.array([1.5, 2.0, 3.25]), np.array([1, 0, 1], dtype=np.int8)
ENDPOINT = Endpoint(TIME, EVENT)
TABLE = pd.DataFrame({"time": TIME, "event": EVENT})


def _surv(event: str = "cens", time: str = "t") -> Any:
    from sksurv.util import Surv

    return Surv.from_arrays(EVENT.astype(bool), TIME, event, time)


@pytest.mark.parametrize(
    "y",
    [
        ENDPOINT,
        as_target(ENDPOINT),
        _surv(),
        _surv("time_of", "event_of"),
        TABLE,
        pl.from_pandas(TABLE),
        pa.Table.from_pandas(TABLE),
        np.where(EVENT == 1, TIME, -TIME),
    ],
    ids=["endpoint", "target", "surv", "named oddly", "pandas", "polars", "arrow", "signed times"],
)
def test_every_usual_form_is_the_same_endpoint(y: Any) -> None:
    found = read_target(y)
    assert found.time.tolist() == TIME.tolist()
    assert found.event.tolist() == EVENT.tolist()


def test_a_third_column_says_what_competed() -> None:
    found = read_target(TABLE.assign(competing=[0, 1, 0]))
    assert found.event.tolist() == [1, 2, 1]
    with pytest.raises(CohortError, match="not both 1"):
        read_target(TABLE.assign(competing=[1, 0, 0]))


@pytest.mark.parametrize(
    "y",
    [
        np.column_stack([TIME, EVENT]),
        TABLE.rename(columns={"time": "years"}),
        np.array(["a", "b", "c"]),
        np.zeros(3, dtype=[("first", float), ("second", float)]),
        {"time": TIME},
    ],
    ids=["two unnamed columns", "no time", "words", "two numbers", "a dict"],
)
def test_what_leaves_open_which_is_which_is_refused(y: Any) -> None:
    with pytest.raises(CohortError):
        read_target(y)


def test_no_message_holds_a_patients_time() -> None:
    odd = TABLE.assign(time=[-4711.125, 2.0, 3.0])
    with pytest.raises(CohortError) as refused:
        read_target(odd)
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize("unit", ["durations", "dates", "arrow"])
def test_dates_and_durations_are_not_taken_for_years(unit: str) -> None:
    passed = pd.Series(pd.to_timedelta(TIME * 365.25, "D"))
    times: dict[str, Any] = {
        "durations": passed,
        "dates": pd.Timestamp("2020-01-01") + passed,
        "arrow": passed.astype(pd.ArrowDtype(pa.duration("s"))),
    }
    with pytest.raises(CohortError, match="time: holds dates or durations"):
        read_target(TABLE.assign(time=times[unit]))
    late = TABLE.assign(start=times[unit], time=TIME + 99)
    with pytest.raises(CohortError, match="start: holds dates or durations"):
        read_target(late)


@pytest.mark.parametrize("column", ["time", "event"])
def test_text_among_the_numbers_is_refused_and_not_repeated(column: str) -> None:
    odd = TABLE.astype(object)
    odd.loc[1, column] = "4711 days"
    with pytest.raises(CohortError, match=rf"{column}: is no number \(1 row\)") as refused:
        read_target(odd)
    assert "4711" not in str(refused.value)


def test_a_yes_or_no_by_a_horizon_stays_one_however_it_is_handed_over() -> None:
    fixed = Endpoint(np.full(3, 10.0), EVENT, 10.0)
    table = pd.DataFrame({"event": EVENT, "horizon": 10.0})
    for y in (fixed, as_target(fixed), as_target(fixed)[[0, 1, 2]], table, pl.from_pandas(table)):
        found = read_target(y)
        assert found.horizon == 10 and found.time.tolist() == [10, 10, 10]
        assert found.event.tolist() == EVENT.tolist()
    with pytest.raises(CohortError, match="one number of years for all"):
        read_target(table.assign(horizon=[10.0, 10.0, 5.0]))
