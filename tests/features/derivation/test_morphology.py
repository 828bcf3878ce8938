from __future__ import annotations

import numpy as np
import pytest

from features.derivation.catalogue import CATALOGUE
from tests.features.derivation.one_patient import features_of


def vessels(lm: float, lad: float, lcx: float, rca: float) -> dict[str, float]:
    names = ("lm", "lad", "lcx", "rca")
    return {
        f"cac_agatston_{name}": score
        for name, score in zip(names, (lm, lad, lcx, rca), strict=True)
    }


def test_diffusion_is_the_share_outside_the_most_affected_vessel() -> None:
    assert features_of(**vessels(0, 60, 10, 30))["cac_diffusion"] == pytest.approx(1 - 60 / 100)


@pytest.mark.parametrize(
    "known", [vessels(0, 60, 0, 0), {"vessel_count": 1}, {"cac_agatston": 0}, vessels(0, 0, 0, 0)]
)
def test_calcium_in_one_vessel_or_none_is_not_diffuse(known: dict[str, float]) -> None:
    assert features_of(**known)["cac_diffusion"] == 0


def test_calcified_vessels_are_counted_where_the_number_is_not_recorded() -> None:
    assert features_of(**vessels(0, 60, 10, 30))["vessel_count"] == 3
    assert features_of(**vessels(0, 60, 10, 30), vessel_count=2)["vessel_count"] == 2
    assert features_of(cac_agatston=0)["vessel_count"] == 0


@pytest.mark.parametrize(
    ("score", "calcified", "worth"),
    [
        (40, 1, 41),
        (40, 2, 82),
        (40, 3, 164),
        (200, 3, 301),
        (299, 2, 301),
        (700, 4, 701),
        (0, 0, 1),
    ],
)
def test_a_further_vessel_counts_as_a_doubling_of_a_score_below_300(
    score: float, calcified: int, worth: float
) -> None:
    found = features_of(cac_agatston=score, vessel_count=calcified)
    assert found["log_cac_diffuse"] == pytest.approx(np.log(worth))


def test_of_one_vessel_a_diffuse_score_is_the_score_and_so_it_is_credited_to_the_score() -> None:
    found = features_of(cac_agatston=700, vessel_count=1)
    assert found["log_cac_diffuse"] == found["log_cac"]
    credited = {feature.name: feature.variable for feature in CATALOGUE}
    assert credited["log_cac_diffuse"] == credited["log_cac"]


def test_a_diffuse_score_never_falls_with_more_calcium_nor_with_a_further_vessel() -> None:
    scores = [0.0, 0.5, 1, 9, 60, 149, 150, 299, 300, 301, 302, 5_000]
    grid = np.array(
        [
            [features_of(cac_agatston=s, vessel_count=n)["log_cac_diffuse"] for s in scores]
            for n in range(5)
        ]
    )
    assert (np.diff(grid, axis=1) >= 0).all()
    assert (np.diff(grid, axis=0) >= 0).all()


@pytest.mark.parametrize("known", [{"cac_agatston": 40}, {"vessel_count": 2}])
def test_a_diffuse_score_needs_the_score_and_the_vessels(known: dict[str, float]) -> None:
    assert np.isnan(features_of(**known)["log_cac_diffuse"])


def test_spotty_and_sheet_like_lesions_are_shares_of_all_lesions() -> None:
    found = features_of(lesion_count=8, spotty_lesion_count=2, sheet_lesion_count=4)
    assert (found["spotty_share"], found["sheet_share"]) == (2 / 8, 4 / 8)


def test_bands_are_shares_of_the_volume() -> None:
    found = features_of(
        cac_volume=100,
        cac_volume_130_199=50,
        cac_volume_200_299=30,
        cac_volume_300_399=15,
        cac_volume_400_plus=5,
    )
    names = ["low_density_share", "share_200_299", "share_300_399", "high_density_share"]
    np.testing.assert_allclose(found[names].astype(float), [0.50, 0.30, 0.15, 0.05])


def test_the_density_score_is_as_recorded_so_that_a_higher_score_is_never_a_denser_one() -> None:
    assert np.isnan(features_of(cac_agatston=90, cac_volume=100)["cac_density_score"])
    assert features_of(cac_agatston=90, cac_density_score=2.7)["cac_density_score"] == 2.7


def test_density_is_held_against_the_usual_one_at_that_volume() -> None:
    def held(**more: float) -> float:
        return float(features_of(cac_density_score=2.5, **more)["cac_density_for_volume"])

    assert held(cac_agatston=100, cac_volume=130) == pytest.approx(0.0)
    # a volume of e times as much has a factor that is .75 of 0.7 / 1.6 higher
    larger = held(cac_agatston=100, cac_volume=130 * np.e)
    assert larger == pytest.approx(-0.75 * 0.7 / 1.6)
    # a score of 3 mm slices is a third of the volume times the factor
    assert held(cac_agatston=130 * 2.5 / 3) == pytest.approx(0.0)
    assert held(cac_agatston=0) == 0
    assert np.isnan(features_of(cac_agatston=100, cac_volume=130)["cac_density_for_volume"])


def test_without_calcium_there_is_no_share_and_density_stands_in_the_middle() -> None:
    none = features_of(cac_agatston=0)
    assert (none["cac_density_score"], none["cac_density_hu"]) == (2.5, 250)
    shares = ["spotty_share", "sheet_share", "low_density_share", "high_density_share"]
    assert (none[shares] == 0).all()
    assert none["cac_density_small_volume"] == 0


def test_density_counts_again_at_small_volumes_alone() -> None:
    small = features_of(cac_agatston=50, cac_volume=130, cac_density_score=3.5)
    large = features_of(cac_agatston=50, cac_volume=131, cac_density_score=3.5)
    assert small["cac_density_small_volume"] == pytest.approx(3.5 - 2.5)
    assert large["cac_density_small_volume"] == 0


def test_density_is_unknown_where_only_the_score_is_known() -> None:
    found = features_of(cac_agatston=100)
    assert found[["cac_density_score", "cac_density_hu", "low_density_share"]].isna().all()
