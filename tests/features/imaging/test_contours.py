from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import ScanError
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.reading.ct_series import read_ct_series
from features.imaging.reading.masks.contours import area, fill
from features.imaging.reading.masks.contours_alone import score_contours
from features.imaging.reading.masks.label_map import LabelMap
from features.imaging.reading.open_files import open_mask
from features.imaging.scan import Scan
from tests.features.imaging.written import (
    ORIGIN,
    heart,
    region,
    series_of,
    write_plist,
    write_series,
)

SQUARE = [(4.0, 4.0), (5.0, 4.0), (5.0, 5.0), (4.0, 5.0)]


def filled(points: list[tuple[float, float]], shape: tuple[int, int] = (16, 16)) -> np.ndarray:
    whole = np.zeros(shape, dtype=bool)
    window, inside = fill(np.array(points, dtype=float), shape)
    whole[window] = inside
    return whole


def test_whole_numbers_are_pixel_centres_and_a_centre_on_the_line_is_inside() -> None:
    assert filled(SQUARE).sum() == 4
    assert filled([(3.6, 3.6), (5.4, 3.6), (5.4, 5.4), (3.6, 5.4)]).sum() == 4
    assert filled([(4.1, 4.1), (4.9, 4.1), (4.9, 4.9), (4.1, 4.9)]).sum() == 0


def test_a_polygon_that_crosses_itself_is_filled_by_even_and_odd() -> None:
    bow = [(1.0, 1.0), (9.0, 9.0), (9.0, 1.0), (1.0, 9.0)]
    inside = filled(bow)
    assert inside[5, 8]
    assert inside[5, 2]
    assert not inside[2, 5]
    assert not inside[8, 5]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), corners=st.integers(3, 9))
def test_filling_agrees_with_counting_crossings_one_by_one(seed: int, corners: int) -> None:
    points = np.random.default_rng(seed).uniform(0.3, 14.7, (corners, 2))
    inside = filled([(x, y) for x, y in points])
    for row in range(16):
        for column in range(16):
            crossings = 0
            for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
                if (y0 > row) != (y1 > row):
                    crossings += column < x0 + (row - y0) * (x1 - x0) / (y1 - y0)
            assert inside[row, column] == (crossings % 2 == 1)


def test_the_area_of_a_polygon_is_that_of_its_triangles() -> None:
    assert area(np.array([(0, 0), (4, 0), (4, 3), (0, 3)], dtype=float)) == 12
    assert area(np.array([(0, 0), (4, 0), (0, 3)], dtype=float)) == 6


def test_a_contour_that_leaves_the_image_is_refused() -> None:
    with pytest.raises(ScanError, match="leaves the image"):
        filled([(4.0, 4.0), (20.0, 4.0), (4.0, 8.0)])


# The plist of the COCA annotations.

LAD = "Left Anterior Descending Artery"


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    return read_ct_series(write_series(tmp_path / "ct", series_of(heart())))


def in_mm(at: int) -> list[str]:
    return [f"({x + ORIGIN[0]}, {y + ORIGIN[1]}, {ORIGIN[2] + 3.0 * at})" for x, y in SQUARE]


def test_the_image_index_counts_from_the_other_end(tmp_path: Path, scan: Scan) -> None:
    # image number 4 of 8 is the slice of index 3; from the other end it is index 4
    path = write_plist(tmp_path / "a.xml", {8 - 1 - 3: [region(LAD, SQUARE)]})
    mask, kind = open_mask(path, scan, None)
    assert kind == "plist"
    assert mask.of("lad")[3, 4:6, 4:6].all()
    assert mask.of("lad").sum() == 4


def test_points_in_mm_say_which_slice_is_meant(tmp_path: Path, scan: Scan) -> None:
    path = write_plist(tmp_path / "a.xml", {4: [region(LAD, SQUARE, Point_mm=in_mm(3))]})
    mask, _ = open_mask(path, scan, None)
    assert mask.of("lad")[3].sum() == 4
    assert mask.warnings == ()
    path = write_plist(tmp_path / "b.xml", {3: [region(LAD, SQUARE, Point_mm=in_mm(3))]})
    mask, _ = open_mask(path, scan, None)
    assert mask.of("lad")[3].sum() == 4
    assert "disagree" in mask.warnings[0]


def test_contours_of_which_only_some_lie_in_slices_are_refused(tmp_path: Path, scan: Scan) -> None:
    regions = [
        region(LAD, SQUARE, Point_mm=in_mm(3)),
        region(LAD, SQUARE, Point_mm=in_mm(300)),
    ]
    with pytest.raises(ScanError, match="some not"):
        open_mask(write_plist(tmp_path / "a.xml", {4: regions}), scan, None)


def test_empty_contours_are_passed_over_and_counted(tmp_path: Path, scan: Scan) -> None:
    regions = [region(LAD, SQUARE), region(LAD, []), region("", [(3.0, 3.0)])]
    mask, _ = open_mask(write_plist(tmp_path / "a.xml", {4: regions}), scan, None)
    assert mask.of("lad").sum() == 4
    assert mask.warnings == ("2 contours enclose nothing and were passed over",)


def test_the_left_coronary_artery_of_the_annotations_is_the_left_main(
    tmp_path: Path, scan: Scan
) -> None:
    path = write_plist(tmp_path / "a.xml", {4: [region("Left Coronary Artery", SQUARE)]})
    assert open_mask(path, scan, None)[0].of("lm").sum() == 4


def test_a_plist_without_contours_is_a_scan_without_calcium(tmp_path: Path, scan: Scan) -> None:
    assert not open_mask(write_plist(tmp_path / "a.xml", {}), scan, None)[0].labels.any()


def test_an_image_that_the_scan_does_not_have_is_refused(tmp_path: Path, scan: Scan) -> None:
    path = write_plist(tmp_path / "a.xml", {8: [region(LAD, SQUARE)]})
    with pytest.raises(ScanError, match="on an image that the scan does not have"):
        open_mask(path, scan, None)


def test_an_unknown_vessel_is_refused_by_name(tmp_path: Path, scan: Scan) -> None:
    path = write_plist(tmp_path / "a.xml", {4: [region("Diagonal", SQUARE)]})
    with pytest.raises(ScanError, match="unknown labels in the mask: Diagonal"):
        open_mask(path, scan, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<plist><dict>",
        b"no xml",
        plistlib.dumps({"Pictures": []}),
        plistlib.dumps([1, 2]),
        plistlib.dumps({"Images": [{"ImageIndex": 1, "ROIs": [{"Point_px": ["(a, b)"]}]}]}),
    ],
)
def test_what_is_no_such_plist_is_refused(tmp_path: Path, scan: Scan, content: bytes) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(ScanError):
        open_mask(path, scan, None)


# Contours without their scan.


def square_of(side: float, **more: Any) -> dict[str, Any]:
    points = [(4.0, 4.0), (4.0 + side, 4.0), (4.0 + side, 4.0 + side), (4.0, 4.0 + side)]
    return region(LAD, points, Point_mm=[f"({x}, {y}, -12.0)" for x, y in points], **more)


def alone(folder: Path, *regions: dict[str, Any], spacing: float = 3.0) -> dict[str, float]:
    path = write_plist(folder / "a.xml", {4: regions})
    return score_contours(path, LabelMap.load(section="coca"), spacing, MeasuringRules())


def test_contours_alone_are_scored_by_their_area_and_peak(tmp_path: Path) -> None:
    scores = alone(tmp_path, square_of(2, Max=250.0), square_of(3, Max=450.0))
    assert scores["cac_agatston"] == scores["cac_agatston_lad"] == 4 * 2 + 9 * 4
    assert scores["cac_agatston_rca"] == 0
    thin = alone(tmp_path, square_of(2, Max=250.0), spacing=1.5)
    assert thin["cac_agatston"] == 4 * 2 * 1.5 / 3


def test_contours_too_small_or_too_faint_score_nothing(tmp_path: Path) -> None:
    assert alone(tmp_path, square_of(0.9, Max=500.0), square_of(3, Max=129.0)) == {
        f"cac_agatston{vessel}": 0 for vessel in ("", "_lm", "_lad", "_lcx", "_rca")
    }


def test_contours_without_a_peak_need_their_scan(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="1 contours lack Max or Point_mm"):
        alone(tmp_path, square_of(2), square_of(2, Max=250.0))
