"""Writes synthetic DICOM, NIfTI and plist files for the tests."""

from __future__ import annotations

import plistlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage

UID = "1.2.826.0.1.3680043.10.1234"
FRAME_OF_REFERENCE, STUDY, SERIES = f"{UID}.1", f"{UID}.2", f"{UID}.3"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ORIGIN = (-80.0, -90.0, -120.0)


def ct_slice(
    hu: np.ndarray, number: int, spacing: float = 3.0, pixel: tuple[float, float] = (1.0, 1.0)
) -> FileDataset:
    """A CT image at slice ``number``, from 0, above the origin; stored values are HU + 1024."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{SERIES}.{number + 1}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    one.PatientName, one.PatientID = "Secret^Name", "SECRET-7"
    one.PatientBirthDate, one.PatientSex, one.AccessionNumber = "19500101", "M", "SECRET-8"
    one.StudyInstanceUID, one.SeriesInstanceUID = STUDY, SERIES
    one.FrameOfReferenceUID, one.PositionReferenceIndicator = FRAME_OF_REFERENCE, ""
    one.StudyDate = one.SeriesDate = one.AcquisitionDate = "20260114"
    one.StudyTime, one.StudyID, one.ReferringPhysicianName = "101010", "1", ""
    one.Modality, one.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    one.SeriesNumber, one.InstanceNumber = 4, number + 1
    one.Manufacturer, one.ManufacturerModelName = "Maker", "Model"
    one.KVP, one.SliceThickness, one.ConvolutionKernel = 120, 3.0, "Qr36f"
    one.HeartRate = 60
    one.ImageOrientationPatient, one.PixelSpacing = list(AXIAL), list(pixel)
    one.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + spacing * number]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.Rows, one.Columns = hu.shape
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 1
    one.RescaleIntercept, one.RescaleSlope, one.RescaleType = -1024, 1, "HU"
    one.PixelData = (hu + 1024).astype("<i2").tobytes()
    return one


def series_of(hu: np.ndarray, spacing: float = 3.0, **kwargs: Any) -> list[FileDataset]:
    return [ct_slice(one, number, spacing, **kwargs) for number, one in enumerate(hu)]


def write_series(
    folder: Path,
    slices: Sequence[FileDataset],
    change: Callable[[FileDataset, int], None] = lambda one, at: None,
) -> Path:
    """Write the slices in shuffled order under names that say nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(5).permutation(len(slices))
    for place, at in enumerate(order):
        change(slices[at], int(at))
        slices[at].save_as(folder / f"x{place:03d}.dcm", enforce_file_format=True)
    return folder


def heart(n_slices: int = 8, size: int = 16) -> np.ndarray:
    """Soft tissue with 2 by 2 pixels of 250 HU in the slice of index 3, and one of 450 in 4."""
    hu = np.full((n_slices, size, size), 40.0)
    hu[:, 0, 0] = -1000
    hu[3, 4:6, 4:6] = 250
    hu[4, 4:6, 4:6] = 450
    return hu


def write_seg(
    path: Path,
    source: Sequence[FileDataset],
    segments: Mapping[str, np.ndarray],
    change: Callable[[Any], None] = lambda seg: None,
    **codes: Any,
) -> Path:
    """A binary SEG: ``segments``, name to (slices, rows, columns) in the order of the source."""
    import highdicom as hd
    from pydicom.sr.codedict import codes as dcm

    described = [
        hd.seg.SegmentDescription(
            number,
            name,
            dcm.SCT.MorphologicallyAbnormalStructure,
            codes.get(name, dcm.SCT.Lesion),
            hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(segments, 1)
    ]
    seg = hd.seg.Segmentation(
        list(source),
        np.stack(list(segments.values()), axis=-1).astype(np.uint8),
        hd.seg.SegmentationTypeValues.BINARY,
        described,
        f"{UID}.9",
        9,
        f"{UID}.9.1",
        1,
        "Maker",
        "Model",
        "1",
        "7",
    )
    change(seg)
    seg.save_as(path)
    return path


def write_rtstruct(
    path: Path, contours: Mapping[str, Sequence[np.ndarray]], frame: str = FRAME_OF_REFERENCE
) -> Path:
    """Contours in patient coordinates, (n, 3) each, by the name of their region."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = RTStructureSetStorage
    meta.MediaStorageSOPInstanceUID = f"{UID}.8"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    one.SOPClassUID, one.SOPInstanceUID = RTStructureSetStorage, f"{UID}.8"
    one.Modality, one.PatientName, one.PatientID = "RTSTRUCT", "Secret^Name", "SECRET-7"
    regions, drawn = [], []
    for number, (name, outlines) in enumerate(contours.items(), 1):
        region = Dataset()
        region.ROINumber, region.ROIName = number, name
        region.ReferencedFrameOfReferenceUID = frame
        regions.append(region)
        contour = Dataset()
        contour.ReferencedROINumber = number
        contour.ContourSequence = DicomSequence([_outline(points) for points in outlines])
        drawn.append(contour)
    one.StructureSetROISequence = DicomSequence(regions)
    one.ROIContourSequence = DicomSequence(drawn)
    one.save_as(path, enforce_file_format=True)
    return path


def _outline(points: np.ndarray) -> Dataset:
    one = Dataset()
    one.ContourGeometricType, one.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
    one.ContourData = [f"{value:.4f}" for value in np.asarray(points).ravel()]
    return one


def write_nifti(path: Path, array: np.ndarray, affine: np.ndarray) -> Path:
    """An array (slices, rows, columns), stored as NIfTI stores it: columns, rows, slices."""
    import nibabel

    image = nibabel.Nifti1Image(np.ascontiguousarray(array.transpose(2, 1, 0)), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    nibabel.save(image, path)
    return path


def nifti_affine(spacing: float = 3.0, pixel: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """The affine, to right, front and head, of `ct_slice`'s grid."""
    affine = np.diag([-pixel[1], -pixel[0], spacing, 1.0])
    affine[:3, 3] = [-ORIGIN[0], -ORIGIN[1], ORIGIN[2]]
    return affine


def write_plist(path: Path, images: Mapping[int, Sequence[Mapping[str, Any]]]) -> Path:
    """Regions by ImageIndex, as OsiriX writes them."""
    content = {
        "Images": [
            {"ImageIndex": index, "NumberOfROIs": len(regions), "ROIs": [dict(r) for r in regions]}
            for index, regions in images.items()
        ]
    }
    with path.open("wb") as file:
        plistlib.dump(content, file)
    return path


def region(name: str, points: Sequence[tuple[float, float]], **more: Any) -> dict[str, Any]:
    written = [f"({x}, {y})" for x, y in points]
    return {"Name": name, "Point_px": written, "NumberOfPoints": len(written), **more}
