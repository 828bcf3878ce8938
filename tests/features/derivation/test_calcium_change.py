from __future__ import annotations

import numpy as np
import pytest

from features.derivation.calcium_change import MORPHOLOGY_CHANGE
from tests.features.derivation.one_patient import features_of


def test_change_is_per_year_and_on_a_signed_log_scale() -> None:
    up = features_of(cac_agatston=160, prior_cac_agatston=100, prior_scan_years=3)
    down = features_of(cac_agatston=40, prior_cac_agatston=100, prior_scan_years=3)
    assert up["cac_change_per_year"] == pytest.approx(np.log((160 - 100) / 3 + 1))
    assert down["cac_change_per_year"] == pytest.approx(-np.log((100 - 40) / 3 + 1))


def test_percent_change_is_of_the_earlier_score() -> None:
    found = features_of(cac_agatston=150, prior_cac_agatston=100, prior_scan_years=2)
    assert found["cac_percent_change_per_year"] == pytest.approx(np.log(50 / 2 + 1))


def test_percent_change_from_zero_does_not_exist() -> None:
    found = features_of(cac_agatston=150, prior_cac_agatston=0, prior_scan_years=2)
    assert np.isnan(found["cac_percent_change_per_year"])


def test_hokanson_s_change_is_of_the_square_roots_of_volume() -> None:
    found = features_of(cac_volume=100, prior_cac_volume=49, prior_scan_years=3)
    assert found["cac_root_change_per_year"] == pytest.approx((10 - 7) / 3)


def test_without_volumes_the_square_roots_are_of_the_scores() -> None:
    found = features_of(cac_agatston=100, prior_cac_agatston=64, prior_scan_years=4)
    assert found["cac_root_change_per_year"] == pytest.approx((10 - 8) / 4)


@pytest.mark.parametrize(
    ("prior", "now", "new", "twice_zero"),
    [(0, 5, 1, 0), (0, 0, 0, 1), (5, 9, 0, 0), (5, 0, 0, 0)],
)
def test_new_calcium_and_a_repeated_zero_are_flagged(
    prior: float, now: float, new: float, twice_zero: float
) -> None:
    found = features_of(cac_agatston=now, prior_cac_agatston=prior)
    assert (found["cac_new"], found["cac_zero_twice"]) == (new, twice_zero)


def test_without_an_earlier_scan_nothing_is_known_of_change() -> None:
    found = features_of(cac_agatston=100, cac_volume=100)
    names = ["cac_change_per_year", "cac_root_change_per_year", "cac_new", "cac_zero_twice"]
    assert found[names].isna().all()


def test_scans_at_the_same_time_give_no_rate() -> None:
    found = features_of(cac_agatston=100, prior_cac_agatston=50, prior_scan_years=0)
    assert np.isnan(found["cac_change_per_year"])


THEN = {
    "prior_cac_agatston": 100,
    "prior_cac_volume": 100,
    "prior_scan_years": 4,
    "prior_cac_density_score": 2.0,
    "prior_cac_density_hu": 220,
    "prior_cac_volume_130_199": 60,
    "prior_cac_volume_200_299": 20,
    "prior_cac_volume_300_399": 10,
    "prior_cac_volume_400_plus": 10,
    "prior_lesion_count": 4,
    "prior_spotty_lesion_count": 3,
    "prior_sheet_lesion_count": 1,
}
NOW = {
    "cac_agatston": 300,
    "cac_volume": 200,
    "cac_density_score": 3.0,
    "cac_density_hu": 380,
    "cac_volume_130_199": 40,
    "cac_volume_200_299": 40,
    "cac_volume_300_399": 20,
    "cac_volume_400_plus": 100,
    "lesion_count": 5,
    "spotty_lesion_count": 1,
    "sheet_lesion_count": 4,
}


def test_calcium_that_turns_from_spotty_and_faint_to_large_and_dense_shows_it() -> None:
    found = features_of(**NOW, **THEN)
    expected = {
        "cac_density_score_change": 3.0 - 2.0,
        "cac_density_hu_change": 380 - 220,
        "low_density_share_change": 40 / 200 - 60 / 100,
        "middle_density_share_change": (40 + 20) / 200 - (20 + 10) / 100,
        "high_density_share_change": 100 / 200 - 10 / 100,
        "spotty_share_change": 1 / 5 - 3 / 4,
        "sheet_share_change": 4 / 5 - 1 / 4,
        "log_lesion_count_change": np.log(5 + 1) - np.log(4 + 1),
    }
    for name, change in expected.items():
        assert found[name] == pytest.approx(change), name
    assert set(expected) == {feature.name for feature in MORPHOLOGY_CHANGE}


def test_more_of_the_same_kind_of_calcium_is_no_change() -> None:
    same = {name.removeprefix("prior_"): 2 * value for name, value in THEN.items()}
    now = same | {"cac_density_score": 2.0, "cac_density_hu": 220}
    now.pop("scan_years")
    found = features_of(**now, **THEN)
    kinds = [
        feature.name for feature in MORPHOLOGY_CHANGE if feature.name != "log_lesion_count_change"
    ]
    np.testing.assert_allclose(found[kinds].astype(float), 0, atol=1e-12)


@pytest.mark.parametrize("known", [NOW, THEN, NOW | {"prior_cac_agatston": 0}])
def test_without_calcium_on_both_scans_there_is_no_change_of_kind(known: dict[str, float]) -> None:
    assert features_of(**known)[[feature.name for feature in MORPHOLOGY_CHANGE]].isna().all()


def test_calcium_that_is_gone_has_no_density_to_compare() -> None:
    found = features_of(**(THEN | {"cac_agatston": 0}))
    assert found[["cac_density_score_change", "cac_density_hu_change"]].isna().all()
