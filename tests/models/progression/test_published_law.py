from __future__ import annotations

import json

import numpy as np
import pytest

from features.dictionary.data_files import data_file
from models.progression.law.published_law import (
    Curve,
    classify,
    expected_score,
    percentile,
    published_accuracy,
    score_at,
)

AGES = range(45, 75)


def curve(age: float, male: bool, n: int) -> Curve:
    return Curve.at(np.full(n, float(age)), np.full(n, male))


@pytest.mark.parametrize(
    ("male", "scores"), [(True, (39, 204, 446)), (False, (1.6, 19, 103))], ids=["men", "women"]
)
def test_at_59_years_the_median_and_upper_percentiles_are_the_published_ones(
    male: bool, scores: tuple[float, ...]
) -> None:
    found = score_at(np.array([0.5, 0.75, 0.9]), np.full(3, 59.0), np.full(3, male))
    assert found == pytest.approx(scores, rel=0.02)


@pytest.mark.parametrize("male", [True, False], ids=["men", "women"])
@pytest.mark.parametrize("age", [*AGES, 80, 84])
def test_the_percentile_of_a_percentiles_score_is_that_percentile_on_the_rising_branch(
    age: int, male: bool
) -> None:
    ends = curve(age, male, 1)
    share = np.linspace(ends.low[0], ends.high[0], 500)
    law = curve(age, male, 500)
    log_score = law.log_score(share)
    assert (np.diff(log_score) >= -1e-9).all()
    above_zero = log_score > 1e-9
    assert law.percentile(log_score)[above_zero] == pytest.approx(share[above_zero], abs=1e-7)


@pytest.mark.parametrize("male", [True, False], ids=["men", "women"])
def test_a_higher_first_score_is_never_expected_to_end_lower(male: bool) -> None:
    for age in AGES:
        first = np.r_[0.0, np.geomspace(0.5, 3000, 200)]
        later = expected_score(first, np.full(201, age), np.full(201, male), np.full(201, 10.0))
        assert (np.diff(later) >= -1e-6).all()


def test_a_score_of_zero_has_no_percentile_but_the_limit_at_which_the_curve_leaves_zero() -> None:
    limit = percentile(np.zeros(1), np.full(1, 59.0), np.array([False]))
    just_above = percentile(np.full(1, 0.01), np.full(1, 59.0), np.array([False]))
    assert 0 < limit[0] < just_above[0]


def test_the_law_is_silent_outside_the_ages_and_years_of_its_study() -> None:
    age, years = np.array([44.0, 60.0, 75.0, 60.0]), np.array([5.0, 5.0, 5.0, 10.5])
    found = expected_score(np.full(4, 100.0), age, np.ones(4, bool), years)
    assert np.isnan(found).tolist() == [True, False, True, True]
    missing = classify(np.full(4, np.nan), np.ones(4), age, np.ones(4, bool), years)
    assert missing.tolist() == ["", "", "", ""]


def test_growth_is_slow_expected_or_rapid_by_the_bands_around_the_percentile_kept() -> None:
    age, male, years = np.full(3, 59.0), np.ones(3, bool), np.full(3, 5.0)
    first = score_at(np.full(3, 0.5), age, male)
    later = score_at(np.array([0.39, 0.5, 0.61]), age + years, male)
    assert classify(first, later, age, male, years).tolist() == ["slow", "expected", "rapid"]


def test_nobody_grows_slowly_from_zero() -> None:
    found = classify(np.zeros(2), np.array([0.0, 300.0]), np.full(2, 59.0), np.ones(2, bool),
                     np.full(2, 5.0))  # fmt: skip
    assert found.tolist() == ["expected", "rapid"]


def test_accuracy_is_that_of_the_published_file() -> None:
    stored = json.loads(data_file("reference/progression_hnr.json").read_text())
    men = stored["published_accuracy"]["observed minus predicted ln(CAC+1), mean and SD"]["men"]
    assert [published_accuracy().mean[1], published_accuracy().spread[1]] == men == [0.08, 1.11]
