from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.alternatives.cohort import encode, judge_at, right_censored
from benchmarks.alternatives.cohorts import SOURCES


def test_a_category_of_two_levels_is_one_column_and_its_gaps_stay_gaps() -> None:
    covariates = pd.DataFrame({"age": [50, 60, None] * 20, "sex": ["f", "m", None] * 20})
    encoded = encode(covariates)
    assert list(encoded) == ["age", "sex_m"]
    np.testing.assert_array_equal(encoded["sex_m"][:3], [0.0, 1.0, np.nan])
    np.testing.assert_array_equal(encoded["age"][:3], [50.0, 60.0, np.nan])


def test_levels_too_rare_to_learn_from_are_one_level() -> None:
    stage = ["i"] * 30 + ["ii"] * 30 + ["iii"] * 3 + ["iv"] * 2
    encoded = encode(pd.DataFrame({"stage": stage}))
    assert list(encoded) == ["stage_i", "stage_ii", "stage_other"]
    assert encoded["stage_other"].sum() == 3 + 2


def test_risks_are_judged_no_later_than_a_tenth_of_patients_would_be_uncensored() -> None:
    time = pd.Series(np.r_[np.arange(1.0, 11.0), np.full(80, 5.5)])
    event = pd.Series(np.r_[np.ones(10), np.zeros(80)])
    times, (middle, late) = judge_at(right_censored(time, event))
    # 85 are at risk just before 5.5, when 80 leave: G falls to 5/85, below a tenth
    assert times[-1] == 5.5
    assert middle == late == 5.5


def test_follow_up_of_no_length_becomes_half_the_shortest() -> None:
    endpoint = right_censored(pd.Series([0.0, 4.0, 9.0]), pd.Series([1, 0, 1]))
    np.testing.assert_array_equal(endpoint.time, [4.0 / 2, 4.0, 9.0])


@pytest.mark.parametrize("half", ["choose", "confirm"])
def test_each_half_of_the_cohorts_holds_cardiovascular_ones(half: str) -> None:
    own = [source for source in SOURCES if source.half == half]
    assert len(own) == len(SOURCES) / 2
    assert sum(source.cardiovascular for source in own) >= 3


def test_cohorts_that_share_people_share_a_half() -> None:
    framingham = {source.half for source in SOURCES if source.name.startswith("framingham")}
    assert framingham == {"choose"}
