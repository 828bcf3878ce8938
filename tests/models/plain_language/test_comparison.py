from __future__ import annotations

import numpy as np
import pytest

from features.derivation.calcium import mesa_table
from models.plain_language.comparison import TABLED_ETHNICITIES, find_no_table


@pytest.mark.parametrize("ethnicity", TABLED_ETHNICITIES)
@pytest.mark.parametrize(
    ("age", "found"),
    [
        (18.0, "age"),
        (29.9, "age"),
        (30.0, None),
        (44.9, None),
        (45.0, None),
        (84.9, None),
        (85.0, "age"),
        (90.0, "age"),
        (110.0, "age"),
    ],
)
def test_a_percentile_is_of_people_whose_ages_a_table_holds(
    age: float, ethnicity: str, found: str | None
) -> None:
    assert find_no_table({"age": age, "ethnicity": ethnicity}) == found


@pytest.mark.parametrize("ethnicity", [None, np.nan])
@pytest.mark.parametrize(("age", "found"), [(29.0, "age"), (30.0, None), (90.5, None), (91, "age")])
def test_without_an_ethnicity_the_table_that_knows_none_says_whom_it_is_about(
    age: float, ethnicity: float | None, found: str | None
) -> None:
    assert find_no_table({"age": age, "ethnicity": ethnicity}) == found


def test_the_ages_of_the_table_by_ethnicity_are_those_of_its_bands() -> None:
    # bands of ten years around their middles
    assert (mesa_table().ages[0] - 5, mesa_table().ages[-1] + 5) == (45.0, 85.0)


def test_without_an_age_no_table_is_missing_for_it() -> None:
    assert find_no_table({}) is find_no_table({"age": np.nan, "ethnicity": "white"}) is None
