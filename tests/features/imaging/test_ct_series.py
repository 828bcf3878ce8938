from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import RLELossless

from features.errors import ScanError
from features.imaging.reading.ct_series import read_ct_series
from features.imaging.reading.declaration import Declaration
from features.imaging.scan import Scan
from tests.features.imaging.written import (
    SERIES,
    ct_slice,
    heart,
    series_of,
    write_series,
)

Change = Callable[[FileDataset, int], None]


def read(folder: Path, change: Change = lambda one, at: None, **said: Any) -> Scan:
    write_series(folder, series_of(heart()), change)
    return read_ct_series(folder, Declaration(**said))


def setting(keyword: str, value: Any) -> Change:
    return lambda one, at: setattr(one, keyword, value)


def test_slices_in_any_order_are_stacked_from_foot_to_head(tmp_path: Path) -> None:
    scan = read(tmp_path)
    np.testing.assert_array_equal(scan.hu, heart())
    assert scan.grid.voxel_mm == (3.0, 1.0, 1.0)
    np.testing.assert_allclose(scan.grid.affine[:3, 3], (-80, -90, -120))
    assert scan.warnings == ()


def test_spacing_comes_from_positions_and_never_from_thickness(tmp_path: Path) -> None:
    write_series(tmp_path, series_of(heart(), spacing=1.5))
    scan = read_ct_series(tmp_path)
    assert scan.grid.spacing_mm == 1.5
    assert scan.acquisition.thickness_mm == 3.0


def test_every_slice_has_its_own_slope_and_intercept(tmp_path: Path) -> None:
    def rescale(one: FileDataset, at: int) -> None:
        hu = heart()[at]
        one.RescaleIntercept, one.RescaleSlope = -1000 - at, 0.5
        one.PixelData = ((hu + 1000 + at) / 0.5).astype("<i2").tobytes()

    np.testing.assert_array_equal(read(tmp_path, rescale).hu, heart())


def test_padding_is_no_calcium(tmp_path: Path) -> None:
    def pad(one: FileDataset, at: int) -> None:
        hu = heart()[at]
        hu[0, 0] = 3000
        one.PixelData = (hu + 1024).astype("<i2").tobytes()
        one.PixelPaddingValue = 3000 + 1024

    assert (read(tmp_path, pad).hu[:, 0, 0] < -1024).all()


def test_run_length_encoded_slices_are_read(tmp_path: Path) -> None:
    scan = read(tmp_path, lambda one, at: one.compress(RLELossless))
    np.testing.assert_array_equal(scan.hu, heart())


@pytest.mark.parametrize("syntax", ["JPEGLosslessProcess14_1", "JPEG2000Lossless"])
def test_compressed_slices_are_read(tmp_path: Path, syntax: str) -> None:
    plain, encoded = tmp_path / "plain", tmp_path / "encoded"
    encoded.mkdir()
    write_series(plain, series_of(heart(size=64)))
    _through_gdcm(sorted(plain.glob("*.dcm")), encoded, syntax)
    np.testing.assert_array_equal(read_ct_series(encoded).hu, heart(size=64))


def _through_gdcm(files: list[Path], folder: Path, syntax: str) -> None:
    import gdcm

    for file in files:
        reader = gdcm.ImageReader()
        reader.SetFileName(str(file))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(folder / file.name))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()


def test_other_files_and_localizers_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a scan")
    scout = ct_slice(heart()[0], 99)
    scout.SeriesInstanceUID, scout.ImageType = f"{SERIES}.9", ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.save_as(tmp_path / "scout.dcm", enforce_file_format=True)
    assert read(tmp_path).hu.shape == (8, 16, 16)


def test_what_is_known_of_the_acquisition_is_kept(tmp_path: Path) -> None:
    def factors(one: FileDataset, at: int) -> None:
        one.CalciumScoringMassFactorPatient = 0.743
        one.CalciumScoringMassFactorDevice = [0.7, 0.75, 0.8]

    about = read(tmp_path, factors).acquisition
    assert about.mass_factor == pytest.approx(0.743)
    assert about.device_mass_factors == pytest.approx((0.7, 0.75, 0.8))
    assert (about.kvp, about.kernel, about.date) == (120, "Qr36f", "20260114")
    assert about.instance_numbers == tuple(range(1, 9))


# What must not be scored.


def drop(at: int) -> list[FileDataset]:
    return [one for number, one in enumerate(series_of(heart())) if number != at]


def test_a_missing_slice_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, drop(4))
    with pytest.raises(ScanError, match="1 slices are missing between others"):
        read_ct_series(tmp_path)


def test_a_copied_slice_is_refused(tmp_path: Path) -> None:
    copy = ct_slice(heart()[2], 2)
    copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = f"{SERIES}.77"
    write_series(tmp_path, [*series_of(heart()), copy])
    with pytest.raises(ScanError, match="1 slices lie where another one does"):
        read_ct_series(tmp_path)


def test_uneven_spacing_is_refused(tmp_path: Path) -> None:
    def shift(one: FileDataset, at: int) -> None:
        if at > 4:
            one.ImagePositionPatient = [-80, -90, -120 + 3 * at + 1]

    with pytest.raises(ScanError, match="unevenly spaced"):
        read(tmp_path, shift)


def test_a_tilted_gantry_is_refused_whether_it_is_declared_or_seen(tmp_path: Path) -> None:
    def lean(one: FileDataset, at: int) -> None:
        one.ImagePositionPatient = [-80, -90 + 0.2 * at, -120 + 3 * at]

    with pytest.raises(ScanError, match="tilted"):
        read(tmp_path / "seen", lean)
    with pytest.raises(ScanError, match="tilted"):
        read(tmp_path / "declared", setting("GantryDetectorTilt", 5))


def test_two_series_are_refused_unless_one_is_named(tmp_path: Path) -> None:
    write_series(tmp_path / "one", series_of(heart()))

    def other(one: FileDataset, at: int) -> None:
        one.SeriesInstanceUID, one.SeriesNumber = f"{SERIES}.5", 5

    write_series(tmp_path / "two", series_of(heart() + 1), other)
    with pytest.raises(ScanError, match=r"2 CT series, numbers 4 \(8 files\), 5 \(8 files\)"):
        read_ct_series(tmp_path)
    assert read_ct_series(tmp_path, Declaration(series=5)).hu[0, 1, 1] == 41
    with pytest.raises(ScanError, match="no CT series with number 6"):
        read_ct_series(tmp_path, Declaration(series=6))


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("ContrastBolusAgent", "Iomeprol", "contrast was given"),
        ("KVP", 100, "tube voltage is 100 kVp"),
        ("KVP", None, "tube voltage is not recorded"),
        ("RescaleType", "US", "not Hounsfield units"),
        ("MultienergyCTAcquisition", "YES", "not Hounsfield units"),
    ],
)
def test_an_unfit_acquisition_is_refused(
    tmp_path: Path, keyword: str, value: Any, reason: str
) -> None:
    with pytest.raises(ScanError, match=reason):
        read(tmp_path, setting(keyword, value))


def test_every_reason_of_the_acquisition_is_given_at_once(tmp_path: Path) -> None:
    def spoil(one: FileDataset, at: int) -> None:
        one.KVP, one.ContrastBolusAgent = 80, "Iomeprol"

    with pytest.raises(ScanError, match=r"80 kVp.*contrast"):
        read(tmp_path, spoil)


def test_what_is_declared_lifts_a_refusal_and_is_recorded(tmp_path: Path) -> None:
    def low(one: FileDataset, at: int) -> None:
        one.KVP, one.ContrastBolusAgent = 100, "none"

    scan = read(tmp_path, low, hu_factor=0.88, no_contrast=True)
    assert scan.acquisition.declared == ("no_contrast: True", "hu_factor: 0.88")


def test_slices_that_are_not_axial_are_refused(tmp_path: Path) -> None:
    def stand(one: FileDataset, at: int) -> None:
        one.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        one.ImagePositionPatient = [-80, -90 + 3 * at, 0]

    with pytest.raises(ScanError, match="not axial"):
        read(tmp_path, stand)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, series_of(heart()))
    file = tmp_path / "x003.dcm"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ScanError, match="cut short"):
        read_ct_series(tmp_path)
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(ScanError):
        read_ct_series(tmp_path)


def test_a_slice_without_a_position_is_refused(tmp_path: Path) -> None:
    def lose(one: FileDataset, at: int) -> None:
        if at == 2:
            del one.ImagePositionPatient

    with pytest.raises(ScanError, match="lacks a valid ImagePositionPatient"):
        read(tmp_path, lose)


def test_an_empty_folder_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="holds no DICOM file"):
        read_ct_series(tmp_path)
    with pytest.raises(ScanError, match="is not there"):
        read_ct_series(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("keyword", "value", "warning"),
    [
        ("SliceThickness", 1.5, "1.5 mm thick"),
        ("ConvolutionKernel", "B70f", "sharp"),
        ("ConvolutionKernel", "BONEPLUS", "sharp"),
        ("HeartRate", None, "no sign of cardiac gating"),
        ("ConvolutionKernel", None, "kernel is not recorded"),
    ],
)
def test_what_bears_on_the_score_is_warned_of(
    tmp_path: Path, keyword: str, value: Any, warning: str
) -> None:
    assert any(warning in told for told in read(tmp_path, setting(keyword, value)).warnings)


def test_slices_that_may_be_missing_at_the_ends_are_warned_of(tmp_path: Path) -> None:
    write_series(tmp_path, drop(0))
    assert any("ends may be missing" in told for told in read_ct_series(tmp_path).warnings)


def test_no_message_holds_a_name_or_number_of_the_patient(tmp_path: Path) -> None:
    write_series(tmp_path, drop(4), setting("KVP", 90))
    with pytest.raises(ScanError) as refused:
        read_ct_series(tmp_path)
    assert "SECRET" not in str(refused.value).upper()
