"""DICOM RTSTRUCT: contours in patient coordinates, filled slice by slice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.errors import ScanError
from features.imaging.mask import Mask, MaskBuilder
from features.imaging.reading.dicom_files import open_dicom
from features.imaging.reading.masks.contours import area, fill
from features.imaging.reading.masks.label_map import IGNORE, LabelMap
from features.imaging.scan import Scan

# A contour belongs to the slice it lies in; a tenth of the spacing is rounding.
_OFF_SLICE = 0.1


def read_rtstruct(path: Path, scan: Scan, labels: LabelMap) -> Mask:
    """The regions of an RTSTRUCT on the grid of the scan; one inside another is a hole.

    Raises ScanError where it is of another frame of reference, where a contour lies between
    slices or leaves the image, or where a region stands for nothing that is known.
    """
    dataset = open_dicom(path)
    assert dataset is not None
    names = _regions(dataset, scan.acquisition.frame_of_reference)
    structures = labels.all_structures({number: ([number, n], []) for number, n in names.items()})
    builder = MaskBuilder(scan.grid.shape)
    for region in dataset.get("ROIContourSequence") or []:
        number = str(int(region.ReferencedROINumber))
        if structures.get(number, IGNORE) == IGNORE:
            continue
        for at, filled in _slices(region, scan).items():
            builder.add(structures[number], (slice(at, at + 1),), filled[np.newaxis])
    return builder.build()


def _regions(dataset: Any, frame_of_reference: str | None) -> dict[str, str]:
    """Name of every region by its number. Raises ScanError at another frame of reference."""
    found = {}
    for region in dataset.get("StructureSetROISequence") or []:
        if region.get("ReferencedFrameOfReferenceUID") != frame_of_reference:
            raise ScanError("the contours are of another frame of reference than the scan")
        found[str(int(region.ROINumber))] = str(region.get("ROIName") or "")
    if not found:
        raise ScanError("the RTSTRUCT holds no region")
    return found


def _slices(region: Any, scan: Scan) -> dict[int, BoolArray]:
    """Filled pixels by slice; a contour within what larger ones fill cuts a hole."""
    outlines: dict[int, list[FloatArray]] = {}
    for contour in region.get("ContourSequence") or []:
        data = contour.get("ContourData")
        if data is None or len(data) < 9:
            continue  # empty, a point or a line encloses nothing
        if contour.get("ContourGeometricType") not in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
            raise ScanError("a contour is not closed. Close it in the program that drew it")
        at, points = _in_voxels(np.array(data, dtype=np.float64).reshape(-1, 3), scan)
        outlines.setdefault(at, []).append(points)
    return {at: _filled(drawn, scan.grid.shape[1:]) for at, drawn in outlines.items()}


def _filled(outlines: list[FloatArray], shape: tuple[int, int]) -> BoolArray:
    filled = np.zeros(shape, dtype=bool)
    for points in sorted(outlines, key=area, reverse=True):
        window, inside = fill(points, shape)
        is_hole = filled[window][inside].all() and inside.any()
        filled[window] = filled[window] & ~inside if is_hole else filled[window] | inside
    return filled


def _in_voxels(patient_mm: FloatArray, scan: Scan) -> tuple[int, FloatArray]:
    """Slice of a contour, and its points as column and row."""
    homogeneous = np.column_stack([patient_mm, np.ones(len(patient_mm))])
    voxels = (np.linalg.inv(scan.grid.affine) @ homogeneous.T)[:3].T
    at = int(np.round(voxels[:, 2].mean()))
    if np.abs(voxels[:, 2] - at).max() > _OFF_SLICE:
        raise ScanError("a contour lies between slices. Draw it on this scan")
    if not 0 <= at < scan.grid.shape[0]:
        raise ScanError("a contour lies outside the scan. Draw it on this scan")
    return at, np.round(voxels[:, :2], 6)
