from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.errors import ScanError
from features.imaging.reading.declaration import Declaration
from features.imaging.reading.open_files import open_scan
from tests.features.imaging.written import heart, nifti_affine, write_nifti

SAID = Declaration(kvp=120, no_contrast=True)


def test_a_nifti_scan_is_read_where_voltage_and_contrast_are_declared(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "ct.nii.gz", heart().astype(np.int16), nifti_affine())
    scan = open_scan(path, SAID)
    np.testing.assert_array_equal(scan.hu, np.maximum(heart(), -2000))
    assert scan.grid.voxel_mm == (3.0, 1.0, 1.0)
    assert scan.acquisition.declared == ("kvp: 120", "no_contrast: True")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Declaration(), "Declare --kvp and --no-contrast"),
        (Declaration(kvp=120), "Declare --no-contrast"),
        (Declaration(kvp=100, no_contrast=True), "100 kVp"),
    ],
)
def test_a_nifti_scan_without_a_declaration_is_refused(
    tmp_path: Path, said: Declaration, reason: str
) -> None:
    path = write_nifti(tmp_path / "ct.nii.gz", heart().astype(np.int16), nifti_affine())
    with pytest.raises(ScanError, match=reason):
        open_scan(path, said)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flipped_nifti_scan_is_turned_back(tmp_path: Path, axis: int) -> None:
    affine, hu = nifti_affine(), heart()
    at = 2 - axis
    affine[:3, 3] += affine[:3, at] * (hu.shape[axis] - 1)
    affine[:3, at] *= -1
    path = write_nifti(tmp_path / "ct.nii", np.flip(hu, axis).astype(np.int16), affine)
    np.testing.assert_array_equal(open_scan(path, SAID).hu, hu)


def test_a_sheared_or_standing_nifti_scan_is_refused(tmp_path: Path) -> None:
    sheared = nifti_affine()
    sheared[1, 2] = 0.5
    import nibabel

    image = nibabel.Nifti1Image(heart().astype(np.int16).transpose(2, 1, 0), sheared)
    image.set_sform(sheared, code=1)
    image.header["qform_code"] = 0
    nibabel.save(image, tmp_path / "sheared.nii")
    with pytest.raises(ScanError, match="right angles"):
        open_scan(tmp_path / "sheared.nii", SAID)


def test_values_that_are_not_hounsfield_units_are_refused(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "ct.nii", (heart() + 1024).astype(np.int16), nifti_affine())
    with pytest.raises(ScanError, match="not Hounsfield units"):
        open_scan(path, SAID)
