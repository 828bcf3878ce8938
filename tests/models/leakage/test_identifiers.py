from __future__ import annotations

import numpy as np
import pandas as pd

from features.endpoint import Endpoint
from models.leakage.checks.identifiers import check_identifiers
from models.leakage.inspected_cohort import Subject
from models.leakage.limits import Limits


def _found(values: object, ids: list[str] | None = None) -> list[str]:
    index = pd.Index(ids or [f"p{i}" for i in range(200)])
    columns = pd.DataFrame({"a": pd.Series(values, index=index)})
    endpoint = Endpoint(np.ones(len(index)), np.zeros(len(index), dtype=np.int8))
    return [leak.measured for leak in check_identifiers(Subject(columns, endpoint), Limits())]


def test_a_measurement_is_no_identifier_however_finely_it_is_measured() -> None:
    draws = np.random.default_rng(1)
    assert _found(draws.normal(100, 15, 200)) == []
    assert _found(np.sort(draws.integers(40, 90, 200)).astype(float)) == []
    assert _found(draws.choice(["never", "former", "current"], 200)) == []


def test_a_number_that_repeats_itself_for_a_few_patients_still_counts_the_rows() -> None:
    numbers = np.arange(200.0)
    numbers[:10] = 0
    assert "rows of the file" in _found(numbers)[0]


def test_a_number_made_from_the_patient_id_is_caught_in_any_order() -> None:
    order = np.random.default_rng(2).permutation(200)
    measured = _found(order + np.where(order % 50 == 0, 0.5, 0.25), [str(i) for i in order])
    assert "patient identifier" in measured[0]


def test_text_that_differs_between_patients_is_an_identifier() -> None:
    assert _found([f"C{i % 150}" for i in range(200)]) == ["75% of its texts are different"]


def test_forty_patients_are_too_few_to_tell() -> None:
    assert _found(np.arange(40.0), [f"p{i}" for i in range(40)]) == []
