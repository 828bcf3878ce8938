from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from features.errors import ConfigError, ScanError
from features.imaging.mask import Mask
from features.imaging.measuring.measurement import measure_lesions
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.reading.ct_series import read_ct_series
from features.imaging.reading.masks.label_map import LabelMap
from features.imaging.reading.nifti import read_nifti_mask
from features.imaging.reading.open_files import open_mask
from features.imaging.scan import Scan
from tests.features.imaging.written import (
    ORIGIN,
    UID,
    heart,
    nifti_affine,
    series_of,
    write_nifti,
    write_rtstruct,
    write_seg,
    write_series,
)

SHAPE = (8, 16, 16)


def block(slices: slice, rows: slice = slice(4, 6), columns: slice = slice(4, 6)) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[slices, rows, columns] = 1
    return mask


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    return read_ct_series(write_series(tmp_path / "ct", series_of(heart())))


def scores(scan: Scan, mask: Mask) -> dict[str, float]:
    lesions = measure_lesions(scan, mask, MeasuringRules()).lesions
    return {str(v): float(s) for v, s in lesions.groupby("vessel")["agatston"].sum().items()}


def labels_file(folder: Path, labels: Mapping[Any, str]) -> Path:
    file = folder / "labels.yaml"
    file.write_text("labels:\n" + "".join(f"  {name}: {to}\n" for name, to in labels.items()))
    return file


# DICOM SEG


def seg(folder: Path, segments: Mapping[str, np.ndarray], **more: Any) -> Path:
    return write_seg(folder / "mask.dcm", series_of(heart()), segments, **more)


def test_segments_of_a_seg_are_vessels_by_name(tmp_path: Path, scan: Scan) -> None:
    path = seg(tmp_path, {"LAD": block(slice(3, 4)), "Right coronary artery": block(slice(4, 5))})
    mask, kind = open_mask(path, scan, None)
    assert kind == "seg"
    np.testing.assert_array_equal(mask.of("lad"), block(slice(3, 4)) > 0)
    assert scores(scan, mask) == {"lad": 4 * 2, "rca": 4 * 4}


def test_segments_of_a_seg_are_vessels_by_code(tmp_path: Path, scan: Scan) -> None:
    vessel = codes.cid3015.CircumflexCoronaryArtery
    path = seg(tmp_path, {"Segment 1": block(slice(3, 4))}, **{"Segment 1": vessel})
    assert scores(scan, open_mask(path, scan, None)[0]) == {"lcx": 8}


def test_name_and_code_that_contradict_are_refused(tmp_path: Path, scan: Scan) -> None:
    vessel = codes.cid3015.CircumflexCoronaryArtery
    path = seg(tmp_path, {"LAD": block(slice(3, 4))}, LAD=vessel)
    with pytest.raises(ScanError, match="stands for lad and lcx"):
        open_mask(path, scan, None)
    mask, _ = open_mask(path, scan, labels_file(tmp_path, {"LAD": "lad"}))
    assert scores(scan, mask) == {"lad": 8}


def test_unknown_segments_are_listed(tmp_path: Path, scan: Scan) -> None:
    path = seg(tmp_path, {"LAD": block(slice(3, 4)), "Vessel 9": block(slice(4, 5))})
    with pytest.raises(ScanError, match=r"unknown labels in the mask: Vessel 9\. Say in --labels"):
        open_mask(path, scan, None)
    other = labels_file(tmp_path, {"Vessel 9": "aorta"})
    mask, _ = open_mask(path, scan, other)
    assert scores(scan, mask) == {"lad": 8}
    assert mask.others == ("aorta",)


def test_an_ignored_segment_is_left_out(tmp_path: Path, scan: Scan) -> None:
    path = seg(tmp_path, {"LAD": block(slice(3, 4)), "Vessel 9": block(slice(4, 5))})
    mask, _ = open_mask(path, scan, labels_file(tmp_path, {"Vessel 9": "ignore"}))
    assert mask.others == ()


def test_a_seg_of_another_frame_of_reference_is_refused(tmp_path: Path, scan: Scan) -> None:
    def elsewhere(one: Any) -> None:
        one.FrameOfReferenceUID = f"{UID}.99"

    path = seg(tmp_path, {"LAD": block(slice(3, 4))}, change=elsewhere)
    with pytest.raises(ScanError, match="another frame of reference"):
        open_mask(path, scan, None)


def test_a_seg_of_another_series_is_warned_of(tmp_path: Path, scan: Scan) -> None:
    def other(one: Any) -> None:
        one.ReferencedSeriesSequence[0].SeriesInstanceUID = f"{UID}.98"

    path = seg(tmp_path, {"LAD": block(slice(3, 4))}, change=other)
    assert "another series" in open_mask(path, scan, None)[0].warnings[0]


def test_a_seg_on_another_grid_is_refused(tmp_path: Path, scan: Scan) -> None:
    path = write_seg(
        tmp_path / "mask.dcm",
        series_of(heart(), pixel=(0.5, 0.5)),
        {"LAD": block(slice(3, 4))},
    )
    with pytest.raises(ScanError, match="another grid"):
        open_mask(path, scan, None)


def test_a_seg_between_slices_is_refused(tmp_path: Path, scan: Scan) -> None:
    path = write_seg(
        tmp_path / "mask.dcm", series_of(heart(), spacing=1.5), {"LAD": block(slice(3, 4))}
    )
    with pytest.raises(ScanError, match="another grid"):
        open_mask(path, scan, None)


def test_overlapping_segments_are_refused_where_calcium_is_in_both(
    tmp_path: Path, scan: Scan
) -> None:
    path = seg(tmp_path, {"LAD": block(slice(3, 4)), "LCX": block(slice(3, 5))})
    with pytest.raises(ScanError, match="4 calcified voxels of the mask belong to two structures"):
        scores(scan, open_mask(path, scan, None)[0])


# NIfTI


def nifti(folder: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
    return write_nifti(folder / "mask.nii.gz", array, nifti_affine() if affine is None else affine)


VESSELS = {1: "lm", 2: "lad", 3: "lcx", 4: "rca"}


def test_numbered_labels_of_a_nifti_mask_are_what_the_file_says(tmp_path: Path, scan: Scan) -> None:
    path = nifti(tmp_path, 2 * block(slice(3, 4)) + 4 * block(slice(4, 5)))
    mask, kind = open_mask(path, scan, labels_file(tmp_path, VESSELS))
    assert kind == "nifti"
    assert scores(scan, mask) == {"lad": 8, "rca": 16}


def test_numbered_labels_without_a_meaning_are_listed(tmp_path: Path, scan: Scan) -> None:
    path = nifti(tmp_path, 2 * block(slice(3, 4)) + 7 * block(slice(4, 5)))
    with pytest.raises(ScanError, match="unknown labels in the mask: 2, 7"):
        open_mask(path, scan, None)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_a_flipped_nifti_lies_where_its_affine_says(
    tmp_path: Path, scan: Scan, axes: tuple[int, ...]
) -> None:
    array = 2 * block(slice(3, 4), slice(4, 6), slice(4, 9))
    affine = nifti_affine()
    for axis in axes:
        # the axis of the array (slices, rows, columns) and its column of the affine
        at = 2 - axis
        affine[:3, 3] += affine[:3, at] * (SHAPE[axis] - 1)
        affine[:3, at] *= -1
    path = nifti(tmp_path, np.flip(array, axes), affine)
    mask, _ = open_mask(path, scan, labels_file(tmp_path, VESSELS))
    np.testing.assert_array_equal(mask.of("lad"), array > 0)


def test_a_nifti_that_was_flipped_without_its_affine_is_refused_or_lies_elsewhere(
    tmp_path: Path, scan: Scan
) -> None:
    affine = nifti_affine()
    affine[0, 0] *= -1
    with pytest.raises(ScanError, match="beyond the scan"):
        open_mask(nifti(tmp_path, block(slice(3, 4)), affine), scan, None)


@pytest.mark.parametrize("shift", [0.5, 1.0])
def test_a_shifted_nifti_is_refused(tmp_path: Path, scan: Scan, shift: float) -> None:
    affine = nifti_affine()
    affine[0, 3] += shift
    with pytest.raises(ScanError, match=r"another grid|beyond the scan"):
        open_mask(nifti(tmp_path, block(slice(3, 4)), affine), scan, None)


def test_a_nifti_of_half_the_slices_or_of_other_spacing_is_refused(
    tmp_path: Path, scan: Scan
) -> None:
    file = labels_file(tmp_path, {1: "lad"})
    with pytest.raises(ScanError, match="shape"):
        open_mask(nifti(tmp_path, block(slice(3, 4))[:4]), scan, file)
    with pytest.raises(ScanError, match="another grid"):
        open_mask(nifti(tmp_path, block(slice(3, 4)), nifti_affine(1.5)), scan, file)


def test_a_mask_of_fractions_is_refused(tmp_path: Path, scan: Scan) -> None:
    with pytest.raises(ScanError, match="no label"):
        open_mask(nifti(tmp_path, 0.5 * block(slice(3, 4)).astype(np.float32)), scan, None)


def test_a_nifti_without_orientation_and_one_cut_short_are_refused(
    tmp_path: Path, scan: Scan
) -> None:
    import nibabel

    image = nibabel.Nifti1Image(block(slice(3, 4)).transpose(2, 1, 0), None)
    nibabel.save(image, tmp_path / "mask.nii")
    with pytest.raises(ScanError, match="how it lies"):
        read_nifti_mask(tmp_path / "mask.nii", scan, LabelMap.load())
    path = nifti(tmp_path, block(slice(3, 4)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ScanError, match="cut short"):
        open_mask(path, scan, None)


# RTSTRUCT


def square(at: int, low: float, high: float) -> np.ndarray:
    """A square in patient coordinates around columns and rows from ``low`` to ``high``."""
    corners = np.array([[low, low], [high, low], [high, high], [low, high]])
    z = np.full((4, 1), ORIGIN[2] + 3.0 * at)
    return np.hstack([corners + ORIGIN[:2], z])


def test_contours_of_an_rtstruct_are_filled_in_their_slice(tmp_path: Path, scan: Scan) -> None:
    path = write_rtstruct(tmp_path / "rt.dcm", {"LAD": [square(3, 3.5, 5.5)], "aorta": []})
    mask, kind = open_mask(path, scan, None)
    assert kind == "rtstruct"
    np.testing.assert_array_equal(mask.of("lad"), block(slice(3, 4)) > 0)


def test_a_contour_inside_another_is_a_hole_and_one_beside_it_is_not(
    tmp_path: Path, scan: Scan
) -> None:
    inner, outer, beside = square(3, 3.5, 5.5), square(3, 1.5, 7.5), square(3, 9.5, 11.5)
    path = write_rtstruct(tmp_path / "rt.dcm", {"LAD": [inner, outer, beside]})
    filled = open_mask(path, scan, None)[0].of("lad")[3]
    assert filled.sum() == 6 * 6 - 2 * 2 + 2 * 2
    assert not filled[4:6, 4:6].any()


def test_contours_of_another_frame_of_reference_or_between_slices_are_refused(
    tmp_path: Path, scan: Scan
) -> None:
    path = write_rtstruct(tmp_path / "a.dcm", {"LAD": [square(3, 3.5, 5.5)]}, frame=f"{UID}.99")
    with pytest.raises(ScanError, match="another frame of reference"):
        open_mask(path, scan, None)
    between = square(3, 3.5, 5.5) + np.array([0, 0, 1.5])
    with pytest.raises(ScanError, match="between slices"):
        open_mask(write_rtstruct(tmp_path / "b.dcm", {"LAD": [between]}), scan, None)
    with pytest.raises(ScanError, match="leaves the image"):
        open_mask(write_rtstruct(tmp_path / "c.dcm", {"LAD": [square(3, 9, 40)]}), scan, None)
    with pytest.raises(ScanError, match="outside the scan"):
        open_mask(write_rtstruct(tmp_path / "d.dcm", {"LAD": [square(30, 3, 5)]}), scan, None)


# What is no mask, and labels.


def test_what_is_no_mask_is_refused(tmp_path: Path, scan: Scan) -> None:
    (tmp_path / "notes.txt").write_text("no mask")
    with pytest.raises(ScanError, match="no mask"):
        open_mask(tmp_path / "notes.txt", scan, None)
    with pytest.raises(ScanError, match="no mask"):
        open_mask(tmp_path / "ct" / "x000.dcm", scan, None)
    with pytest.raises(ScanError, match="not there"):
        open_mask(tmp_path / "nothing.dcm", scan, None)


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("LM", "lm"),
        ("left main coronary artery", "lm"),
        ("LAD_calcification", "lad"),
        ("Left Anterior Descending Artery", "lad"),
        ("L. circumflex", None),
        ("LCx", "lcx"),
        ("Left Circumflex", "lcx"),
        ("Right Coronary Artery", "rca"),
        ("aortic valve", "aortic_valve"),
        ("Left Coronary Artery", None),
        ("calcium", None),
        ("", None),
    ],
)
def test_usual_names_are_known_and_others_never_guessed(name: str, structure: str | None) -> None:
    assert LabelMap.load().structure([name]) == structure


def test_a_label_file_with_an_unknown_target_or_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="diagonal is none of"):
        LabelMap.load(labels_file(tmp_path, {1: "diagonal"}))
    (tmp_path / "labels.yaml").write_text("vessels: {1: lad}\n")
    with pytest.raises(ConfigError, match="must hold 'labels'"):
        LabelMap.load(tmp_path / "labels.yaml")
