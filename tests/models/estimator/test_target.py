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
