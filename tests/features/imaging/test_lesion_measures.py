from __future__ import annotations

import numpy as np
import pytest

from features.imaging.measuring.measurement import measure_lesions
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.scan import Grid, Scan
from tests.features.imaging.boxes import mask_everywhere, measure


def test_voxels_that_touch_at_a_corner_are_one_lesion() -> None:
    below = (4, range(4, 6), range(4, 6))
    above = (5, range(6, 8), range(6, 8))
    assert len(measure({below: 200, above: 200}).lesions) == 1
    assert len(measure({below: 200, above: 200}, lesion_neighbours=6).lesions) == 2


def test_volume_is_split_into_bands_that_sum_to_it() -> None:
    row = {
        (4, 4, column): hu for column, hu in enumerate((130, 199, 200, 299, 300, 399, 400, 900), 4)
    }
    lesion = measure(row).lesions.iloc[0]
    bands = [lesion[f"volume_{band}"] for band in ("130_199", "200_299", "300_399", "400_plus")]
    assert bands == [2 * 3, 2 * 3, 2 * 3, 2 * 3]
    assert lesion["volume"] == 8 * 3
    assert lesion["mean_hu"] == (130 + 199 + 200 + 299 + 300 + 399 + 400 + 900) / 8
    assert lesion["peak_hu"] == 900


def test_length_by_centres_and_by_edges() -> None:
    block = {(range(4, 6), 4, range(4, 8)): 250}  # 2 slices of 3 mm, 1 row, 4 columns of 0.5 mm
    by_centres = measure(block, (3.0, 0.5, 0.5), minimum_area_mm2=0).lesions["length"][0]
    by_edges = measure(block, (3.0, 0.5, 0.5), minimum_area_mm2=0, ruler="edges").lesions["length"]
    assert by_centres == pytest.approx(np.hypot(3, 3 * 0.5))
    assert by_edges[0] == pytest.approx(np.sqrt(6**2 + 0.5**2 + (4 * 0.5) ** 2))


def test_a_single_voxel_has_no_length_by_centres_and_its_diagonal_by_edges() -> None:
    assert measure({(4, 4, 4): 250}).lesions["length"].to_list() == [0]
    by_edges = measure({(4, 4, 4): 250}, ruler="edges").lesions["length"]
    assert by_edges[0] == pytest.approx(np.sqrt(3**2 + 1 + 1))


def test_small_tails_of_a_lesion_enter_its_volume_but_not_its_score() -> None:
    # 4 pixels of 0.25 mm2 below, 1 above
    lesion = measure(
        {(4, range(4, 6), range(4, 6)): 250, (5, 4, 4): 250}, (3.0, 0.5, 0.5)
    ).lesions.iloc[0]
    assert lesion["agatston"] == 4 * 0.25 * 2
    assert lesion["area"] == 4 * 0.25
    assert lesion["volume"] == 5 * 0.25 * 3


def test_area_is_that_of_3_mm_slices_so_that_score_over_area_is_the_mean_weight() -> None:
    lesion = measure({(range(4, 8), range(4, 6), range(4, 6)): 350}, (1.5, 1, 1)).lesions.iloc[0]
    assert lesion["area"] == 4 * 4 * 1.5 / 3
    assert lesion["agatston"] / lesion["area"] == 3


def test_position_and_slices_say_where_a_lesion_is() -> None:
    lesion = measure({(range(4, 6), range(10, 12), range(2, 5)): 250}).lesions.iloc[0]
    assert lesion[["x_mm", "y_mm", "z_mm"]].to_list() == [3, 10.5, 4.5 * 3]
    assert lesion[["first_slice", "last_slice"]].to_list() == [5, 6]


def test_calibrated_volume_counts_what_holds_100_mg_per_cm3() -> None:
    row = {(4, 4, column): hu for column, hu in enumerate((134, 135, 300), 4)}
    lesions = measure(row, mass_factor=0.743).lesions
    assert lesions["volume_calibrated"][0] == 2 * 3  # from 100 / 0.743 = 134.6 HU
    # where 100 mg/cm3 lie below the threshold, what is below it was not looked at
    assert measure(row, mass_factor=0.8).lesions["volume_calibrated"].isna().all()


@pytest.mark.parametrize(("size", "expected"), [(5, 98.2), (3, 21.2), (1, 0.79)])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_cylinder_has_its_volume_within_a_voxel_layer(
    size: float, expected: float, axis: int
) -> None:
    voxel = 0.1
    n = int(size / voxel) + 10
    centre = (n - 1) / 2
    z, y, x = (np.indices((n, n, n)) - centre) * voxel
    along, across = ((z, y), (y, z))[axis]
    inside = (np.hypot(across, x) <= size / 2) & (np.abs(along) <= size / 2)
    hu = np.where(inside, 800.0, 0.0).astype(np.float32)
    scan = Scan(hu, Grid.upright(hu.shape, (voxel, voxel, voxel)))
    measured = measure_lesions(scan, mask_everywhere(scan), MeasuringRules(minimum_area_mm2=0))
    exact = np.pi * (size / 2) ** 2 * size
    assert exact == pytest.approx(expected, abs=0.05)
    layer = (2 * np.pi * (size / 2) ** 2 + np.pi * size * size) * voxel
    assert measured.lesions["volume"].sum() == pytest.approx(exact, abs=layer / 2)


def test_calcium_too_small_to_be_scored_is_reported_apart() -> None:
    measured = measure({(4, 4, 4): 800}, (3.0, 0.5, 0.5))
    assert measured.lesions.empty
    assert measured.not_counted_mm3 == {"lm": 0, "lad": 0.25 * 3, "lcx": 0, "rca": 0}


def test_lesions_are_numbered_alike_however_the_scan_lies() -> None:
    blocks = {(9, range(4, 6), range(4, 6)): 250.0, (3, range(10, 12), range(4, 6)): 250.0}
    assert measure(blocks).lesions["first_slice"].to_list() == [4, 10]
