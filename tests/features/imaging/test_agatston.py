from __future__ import annotations

import numpy as np
import pytest

from features.errors import ConfigError, ScanError
from features.imaging.mask import Mask, MaskBuilder
from features.imaging.measuring.measurement import measure_lesions
from features.imaging.measuring.rules import MeasuringRules
from tests.features.imaging.boxes import mask_everywhere, measure, scan_of

SQUARE = (range(4, 5), range(4, 6), range(4, 6))


def test_four_pixels_of_1_mm2_at_250_hu_in_one_slice_of_3_mm_score_8() -> None:
    lesions = measure({SQUARE: 250}).lesions
    assert lesions["agatston"].to_list() == [4 * 2]
    assert lesions["volume"].to_list() == [4 * 3]


def test_the_same_calcium_in_two_slices_of_half_the_spacing_scores_the_same() -> None:
    two = (range(4, 6), range(4, 6), range(4, 6))
    assert measure({two: 250}, (1.5, 1, 1)).lesions["agatston"].to_list() == [2 * 4 * 2 * 1.5 / 3]


def test_spacing_counts_and_not_the_thickness_of_a_slice() -> None:
    # 20 pixels of 1 mm2, weight 3, in 20 slices that are 3 mm thick and 1.5 mm apart
    lesions = measure({(range(2, 22), range(4, 8), range(4, 9)): 350}, (1.5, 1, 1)).lesions
    assert lesions["agatston"].to_list() == [20 * 20 * 3 * 1.5 / 3]
    assert lesions["volume"].to_list() == [20 * 20 * 1.5]


@pytest.mark.parametrize(
    ("peak", "score"),
    [(129, 0), (130, 4), (199, 4), (200, 8), (299, 8), (300, 12), (399, 12), (400, 16)],
)
def test_the_peak_of_an_area_is_its_weight(peak: float, score: float) -> None:
    assert measure({SQUARE: peak}).lesions["agatston"].sum() == score


@pytest.mark.parametrize(("pixels", "score"), [(3, 0), (4, 4 * 0.25 * 3)])
def test_an_area_below_1_mm2_does_not_count(pixels: int, score: float) -> None:
    measured = measure({(4, 4, range(4, 4 + pixels)): 300}, (3.0, 0.5, 0.5))
    assert measured.lesions["agatston"].sum() == score
    assert len(measured.lesions) == (score > 0)
    assert measured.not_counted_mm3["lad"] == (0 if score else pixels * 0.25 * 3)


def test_areas_that_touch_at_a_corner_are_one() -> None:
    first = (4, range(4, 5), range(4, 7))
    second = (4, range(5, 6), range(7, 10))
    measured = measure({first: 150, second: 150}, (3.0, 0.5, 0.5))
    assert measured.lesions["agatston"].to_list() == [(0.75 + 0.75) * 1]
    apart = measure({first: 150, second: 150}, (3.0, 0.5, 0.5), slice_neighbours=4)
    assert apart.lesions.empty


def test_every_slice_has_its_own_weight() -> None:
    upper = (range(5, 6), range(4, 6), range(4, 6))
    lesions = measure({SQUARE: 450, upper: 150}).lesions
    assert lesions["agatston"].to_list() == [4 * 4 + 4 * 1]


def test_mass_is_factor_times_mean_density_times_volume() -> None:
    block = (range(4, 8), range(4, 9), range(4, 9))  # 100 voxels of 1 mm3
    lesions = measure({block: 300}, (1.0, 1, 1), mass_factor=0.743).lesions
    assert lesions["mass"].to_list() == [pytest.approx(0.743 * 300 * 100 / 1000)]
    assert lesions["mass"].to_list() == [pytest.approx(22.29)]
    assert measure({block: 300}).lesions["mass"].isna().all()


def test_calcium_outside_the_mask_and_soft_tissue_inside_it_are_ignored() -> None:
    scan = scan_of({SQUARE: 130, (8, range(4, 6), range(4, 6)): 100})
    builder = MaskBuilder(scan.hu.shape)
    builder.add("rca", (8,), np.ones(scan.hu.shape[1:], dtype=bool))
    measured = measure_lesions(scan, builder.build(), MeasuringRules())
    assert measured.lesions.empty


def test_a_scan_without_calcium_has_no_lesion_and_every_column() -> None:
    lesions = measure({}).lesions
    assert lesions.empty
    assert {"vessel", "agatston", "volume", "length"} <= set(lesions.columns)


def test_a_scan_of_lower_voltage_is_measured_by_its_declared_factor() -> None:
    # at a lower voltage calcium is denser: 147 HU there are 130 HU at 120 kVp
    assert measure({SQUARE: 147}, hu_factor=130 / 147).lesions["agatston"].sum() == 4
    assert measure({SQUARE: 146}, hu_factor=130 / 147).lesions.empty


def test_voxels_of_two_vessels_are_refused_if_they_are_calcified() -> None:
    scan = scan_of({SQUARE: 250})
    everything = np.ones(scan.hu.shape, dtype=bool)
    builder = MaskBuilder(scan.hu.shape)
    builder.add("lad", (), everything)
    builder.add("lcx", (slice(4, 5),), everything[4:5])
    with pytest.raises(ScanError, match="4 calcified voxels of the mask belong to two structures"):
        measure_lesions(scan, builder.build(), MeasuringRules())
    soft = scan_of({(9, range(4, 6), range(4, 6)): 250})
    assert measure_lesions(soft, builder.build(), MeasuringRules()).lesions["vessel"][0] == "lad"


def test_other_structures_are_kept_apart() -> None:
    scan = scan_of({SQUARE: 250})
    builder = MaskBuilder(scan.hu.shape)
    builder.add("aorta", (), np.ones(scan.hu.shape, dtype=bool))
    measured = measure_lesions(scan, builder.build(), MeasuringRules())
    assert measured.lesions.empty
    assert measured.others[["vessel", "agatston"]].to_numpy().tolist() == [["aorta", 8.0]]


def test_a_mask_of_another_shape_is_refused() -> None:
    scan = scan_of({})
    with pytest.raises(ScanError, match="shape"):
        measure_lesions(scan, Mask(np.zeros((2, 2, 2), dtype=np.uint8)), MeasuringRules())


@pytest.mark.parametrize(
    "rules",
    [
        {"threshold_hu": 0},
        {"hu_factor": -1},
        {"slice_neighbours": 6},
        {"lesion_neighbours": 8},
        {"ruler": "thumb"},
        {"minimum_area_mm2": float("nan")},
    ],
)
def test_a_rule_without_sense_is_refused_by_name(rules: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(rules))):
        MeasuringRules(**rules)  # type: ignore[arg-type]


def test_every_choice_is_in_the_record() -> None:
    assert set(MeasuringRules.__dataclass_fields__) <= set(MeasuringRules().record())


def test_vessels_are_measured_one_by_one() -> None:
    scan = scan_of({SQUARE: 250})
    for vessel in ("lm", "lad", "lcx", "rca"):
        found = measure_lesions(scan, mask_everywhere(scan, vessel), MeasuringRules()).lesions
        assert found["vessel"].to_list() == [vessel]
