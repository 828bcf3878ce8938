from __future__ import annotations

import numpy as np
import pytest

from features.derivation.scan.calcium import arterial_age
from tests.features.derivation.one_patient import features_of

VESSELS = {
    "cac_agatston_lm": 0,
    "cac_agatston_lad": 60,
    "cac_agatston_lcx": 10,
    "cac_agatston_rca": 30,
}


def test_the_score_enters_as_its_logarithm_plus_a_flag_for_zero() -> None:
    some, none = features_of(cac_agatston=99), features_of(cac_agatston=0)
    assert (some["log_cac"], some["cac_zero"]) == (pytest.approx(np.log(99 + 1)), 0)
    assert (none["log_cac"], none["cac_zero"]) == (0, 1)


def test_arterial_age_is_that_of_mcclelland_2009() -> None:
    expected = [39.1, 39.1 + 7.25 * np.log(100 + 1)]
    np.testing.assert_allclose(arterial_age(np.array([0.0, 100.0])), expected)


def test_the_excess_of_arterial_age_is_over_the_age_in_years() -> None:
    excess = features_of(cac_agatston=100, age=60)["arterial_age_excess"]
    assert excess == pytest.approx(39.1 + 7.25 * np.log(100 + 1) - 60)


def test_the_total_is_the_sum_of_the_vessels_where_it_is_not_recorded() -> None:
    assert features_of(**VESSELS)["log_cac"] == pytest.approx(np.log(60 + 10 + 30 + 1))


def test_the_recorded_total_goes_before_the_sum() -> None:
    assert features_of(cac_agatston=50, **VESSELS)["log_cac"] == pytest.approx(np.log(50 + 1))


def test_the_total_is_unknown_where_a_vessel_is() -> None:
    assert np.isnan(features_of(**(VESSELS | {"cac_agatston_lm": None}))["log_cac"])


def test_without_calcium_no_vessel_and_no_volume_has_any() -> None:
    none = features_of(cac_agatston=0)
    zero = ["log_cac_agatston_lad", "left_main_calcium", "log_cac_volume", "log_cac_mass"]
    assert (none[zero] == 0).all()


def test_with_calcium_a_vessel_that_is_not_recorded_is_unknown() -> None:
    assert np.isnan(features_of(cac_agatston=10)["log_cac_agatston_lad"])


def test_the_volume_is_the_sum_of_its_bands_where_it_is_not_recorded() -> None:
    bands = {"130_199": 5, "200_299": 4, "300_399": 3, "400_plus": 2}
    found = features_of(**{f"cac_volume_{band}": value for band, value in bands.items()})
    assert found["log_cac_volume"] == pytest.approx(np.log(5 + 4 + 3 + 2 + 1))


def test_any_calcium_in_the_left_main_is_flagged() -> None:
    assert features_of(cac_agatston_lm=3)["left_main_calcium"] == 1
    assert features_of(cac_agatston_lm=0)["left_main_calcium"] == 0
