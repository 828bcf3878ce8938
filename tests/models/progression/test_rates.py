from __future__ import annotations

import numpy as np
import pytest

from models.progression.two_scans.rates import DEFINITIONS, measure_rates


def test_each_rate_follows_its_definition() -> None:
    found = measure_rates(np.array([100.0]), np.array([144.0]), np.array([2.0]))
    assert found.agatston_per_year == pytest.approx([(144 - 100) / 2])
    assert found.percent_per_year == pytest.approx([100 * 44 / 100 / 2])
    assert found.root_change == pytest.approx([12 - 10])
    assert set(DEFINITIONS) <= set(vars(found))


def test_the_root_change_is_of_volumes_where_both_are_known() -> None:
    score = np.array([100.0, 100.0])
    volumes = np.array([81.0, np.nan]), np.array([121.0, 121.0])
    found = measure_rates(score, score, np.array([2.0, 2.0]), *volumes)
    assert found.root_change == pytest.approx([11 - 9, 0])
    assert found.by_volume.tolist() == [True, False]


def test_from_zero_there_is_no_percentage_and_without_years_no_yearly_rate() -> None:
    found = measure_rates(np.array([0.0, 50.0]), np.array([10.0, 60.0]), np.array([2.0, 0.0]))
    assert np.isnan(found.percent_per_year).all()
    assert np.isnan(found.agatston_per_year).tolist() == [False, True]
    assert found.root_change[0] == pytest.approx(np.sqrt(10))
