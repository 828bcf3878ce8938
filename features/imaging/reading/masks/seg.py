"""DICOM SEG: segments of vessels on the frames of a scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.errors import ScanError
from features.imaging.mask import Mask, MaskBuilder
from features.imaging.reading.dicom_files import open_dicom, pixel_array
from features.imaging.reading.frames import Frame, frames_of
from features.imaging.reading.masks.label_map import IGNORE, LabelMap
from features.imaging.reading.masks.placement import place
from features.imaging.scan import Scan

_CODED = (
    "SegmentedPropertyTypeCodeSequence",
    "AnatomicRegionSequence",
    "PrimaryAnatomicStructureSequence",
)


def read_seg(path: Path, scan: Scan, labels: LabelMap) -> Mask:
    """The segments of a SEG on the grid of the scan.

    Raises ScanError where it is of another frame of reference or grid, is fractional, or where a
    segment stands for nothing that is known.
    """
    dataset = open_dicom(path)
    assert dataset is not None
    frame_of_reference = scan.acquisition.frame_of_reference
    if dataset.get("FrameOfReferenceUID") != frame_of_reference or not frame_of_reference:
        raise ScanError(
            "the mask is of another frame of reference than the scan: of another patient, "
            "examination or series"
        )
    structures = labels.all_structures(_names(dataset))
    values = pixel_array(dataset)
    frames = frames_of(dataset)
    if len(values) != len(frames):
        raise ScanError("the mask has other frames than it says. Export it again")
    builder = MaskBuilder(scan.grid.shape)
    for frame, pixels in zip(frames, values, strict=True):
        for segment, part in _segments(frame, pixels):
            structure = structures.get(segment)
            if structure is None:
                raise ScanError("the mask has a frame of a segment that it does not describe")
            if structure != IGNORE:
                builder.add(structure, *_placed(frame, part, scan))
    return builder.build(_warnings(dataset, scan))


def _names(dataset: Any) -> dict[str, tuple[list[str], list[str]]]:
    """Names and codes of every segment by its number; the label itself is what a message shows."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for segment in dataset.get("SegmentSequence") or []:
        number = str(int(segment.SegmentNumber))
        if number == "0":  # the background of a label map
            continue
        codes = [
            f"{code.get('CodingSchemeDesignator')} {code.get('CodeValue')}"
            for keyword in _CODED
            for code in segment.get(keyword) or []
        ]
        found[number] = ([number, str(segment.get("SegmentLabel") or "")], codes)
    return found


def _segments(frame: Frame, pixels: Any) -> list[tuple[str, BoolArray]]:
    """Segment number and voxels of a frame: one, or each label of a label map."""
    kind = frame.dataset.get("SegmentationType")
    if kind == "LABELMAP":
        return [(str(int(one)), pixels == one) for one in np.unique(pixels) if one > 0]
    if kind == "FRACTIONAL":
        full = int(frame.dataset.get("MaximumFractionalValue") or 0)
        if not np.isin(pixels, (0, full)).all():
            raise ScanError("the mask is fractional. Give one of whole voxels")
    number = frame.attribute("ReferencedSegmentNumber")
    return [(str(number), np.asarray(pixels > 0))]


def _placed(frame: Frame, part: BoolArray, scan: Scan) -> tuple[Any, BoolArray]:
    """Where on the grid a frame lies. Its thickness does not matter: it is one slice."""
    direction = frame.numbers("ImageOrientationPatient", 6)
    spacing = frame.numbers("PixelSpacing", 2)
    affine: FloatArray = np.eye(4)
    affine[:3, 0] = scan.grid.affine[:3, 2]
    affine[:3, 1] = direction[3:] * spacing[0]
    affine[:3, 2] = direction[:3] * spacing[1]
    affine[:3, 3] = frame.numbers("ImagePositionPatient", 3)
    return place(part[np.newaxis], affine, scan.grid)


def _warnings(dataset: Any, scan: Scan) -> list[str]:
    series = {
        str(one.get("SeriesInstanceUID")) for one in dataset.get("ReferencedSeriesSequence") or []
    }
    if series and scan.acquisition.series_uid not in series:
        return ["the mask was made on another series of the same frame of reference"]
    return []
