from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage

from features.errors import ScanError
from features.imaging.reading.ct_series import read_ct_series
from tests.features.imaging.written import AXIAL, ORIGIN, ct_slice, heart


def group(**parts: dict[str, object]) -> Dataset:
    """A functional group: name of each sequence to the attributes of its one item."""
    whole = Dataset()
    for name, attributes in parts.items():
        item = Dataset()
        for keyword, value in attributes.items():
            setattr(item, keyword, value)
        setattr(whole, name, Sequence([item]))
    return whole


def enhanced(hu: np.ndarray, kvp: float = 120.0) -> FileDataset:
    """An enhanced CT image with frames from head to foot and an intercept of their own."""
    one = ct_slice(hu[0], 0)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "KVP"):
        delattr(one, keyword)
    for keyword in ("RescaleIntercept", "RescaleSlope", "RescaleType", "SliceThickness"):
        delattr(one, keyword)
    one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    one.NumberOfFrames = len(hu)
    backwards = list(range(len(hu)))[::-1]
    stored = np.stack([hu[at] + 1000 + at for at in backwards])
    one.PixelData = stored.astype("<i2").tobytes()
    one.SharedFunctionalGroupsSequence = Sequence(
        [
            group(
                PixelMeasuresSequence={"PixelSpacing": [1.0, 1.0], "SliceThickness": 3.0},
                PlaneOrientationSequence={"ImageOrientationPatient": list(AXIAL)},
                CTXRayDetailsSequence={"KVP": kvp, "CalciumScoringMassFactorPatient": 0.75},
            )
        ]
    )
    one.PerFrameFunctionalGroupsSequence = Sequence(
        [
            group(
                PlanePositionSequence={
                    "ImagePositionPatient": [ORIGIN[0], ORIGIN[1], ORIGIN[2] + 3.0 * at]
                },
                PixelValueTransformationSequence={
                    "RescaleIntercept": -1000 - at,
                    "RescaleSlope": 1,
                    "RescaleType": "HU",
                },
            )
            for at in backwards
        ]
    )
    return one


def test_a_multi_frame_image_is_read_as_a_series(tmp_path: Path) -> None:
    enhanced(heart()).save_as(tmp_path / "all.dcm", enforce_file_format=True)
    scan = read_ct_series(tmp_path / "all.dcm")
    np.testing.assert_array_equal(scan.hu, heart())
    assert scan.grid.voxel_mm == (3.0, 1.0, 1.0)
    assert scan.acquisition.mass_factor == pytest.approx(0.75)


def test_the_voltage_of_a_multi_frame_image_is_looked_at(tmp_path: Path) -> None:
    enhanced(heart(), kvp=80).save_as(tmp_path / "all.dcm", enforce_file_format=True)
    with pytest.raises(ScanError, match="80 kVp"):
        read_ct_series(tmp_path)
