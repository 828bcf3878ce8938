"""The XML plist of contours that OsiriX and Horos write, as in the Stanford COCA annotations.

Points are in pixels, whole numbers at pixel centres. ImageIndex counts images from 0 from the
end that the image numbers do not start at. Where points in mm lie in slices of the scan, they say
which slice is meant.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np

from features.array_types import FloatArray
from features.errors import ScanError
from features.imaging.mask import Mask, MaskBuilder
from features.imaging.reading.masks.contours import fill
from features.imaging.reading.masks.label_map import IGNORE, LabelMap
from features.imaging.scan import Scan

_POINT = re.compile(r"^\(\s*(\S+?)\s*,\s*(\S+?)\s*(?:,\s*(\S+?)\s*)?\)$")
_OFF_SLICE = 0.1
_FEWEST_POINTS = 3


@dataclass(frozen=True)
class Outline:
    """One contour: ``name`` of its vessel, ``points`` in pixels, (n, 2), column and row, ``mm``
    in patient coordinates, (n, 3), or empty; ``peak_hu`` as the annotating program measured it.
    """

    image: int
    name: str
    points: FloatArray
    mm: FloatArray
    peak_hu: float | None


def read_outlines(path: Path) -> tuple[list[Outline], int]:
    """The contours of a plist that enclose something, and how many do not.

    Raises ScanError where the file is no such plist.
    """
    try:
        with path.open("rb") as file:
            content = plistlib.load(file)
    except FileNotFoundError:
        raise ScanError(f"{path} is not there") from None
    except (plistlib.InvalidFileException, ExpatError, ValueError, AttributeError) as error:
        raise ScanError("the contours are no XML plist, or one cut short") from error
    if not isinstance(content, Mapping) or not isinstance(content.get("Images"), list):
        raise ScanError("the contours hold no list of Images, as COCA annotations do")
    found, empty = [], 0
    for image in content["Images"]:
        for region in image.get("ROIs") or []:
            outline = _outline(image, region)
            if len(outline.points) < _FEWEST_POINTS:
                empty += 1
            else:
                found.append(outline)
    return found, empty


def read_coca(path: Path, scan: Scan, labels: LabelMap) -> Mask:
    """The contours of a plist filled on the grid of the scan.

    Raises ScanError where a contour cannot be assigned to a slice or a vessel, or leaves the image.
    """
    outlines, empty = read_outlines(path)
    structures = labels.all_structures({one.name: ((one.name,), ()) for one in outlines})
    slices, warnings = _slices(outlines, scan)
    builder = MaskBuilder(scan.grid.shape)
    for outline, at in zip(outlines, slices, strict=True):
        if structures[outline.name] != IGNORE:
            window, inside = fill(outline.points, scan.grid.shape[1:])
            where = (slice(at, at + 1), *window)
            builder.add(structures[outline.name], where, inside[np.newaxis])
    if empty:
        warnings.append(f"{empty} contours enclose nothing and were passed over")
    return builder.build(warnings)


def _outline(image: Mapping[str, Any], region: Mapping[str, Any]) -> Outline:
    try:
        peak = region.get("Max")
        return Outline(
            int(image["ImageIndex"]),
            str(region.get("Name") or "").strip(),
            _points(region.get("Point_px"), 2),
            _points(region.get("Point_mm"), 3),
            None if peak is None else float(peak),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ScanError("a contour cannot be read: ImageIndex, Name and Point_px") from error


def _points(written: Any, count: int) -> FloatArray:
    """Points that are written as "(1.0, 2.0)"; (0, count) where there are none."""
    if not written:
        return np.zeros((0, count))
    parts = [_POINT.match(one.strip()) for one in written]
    if not all(parts):
        raise ValueError
    rows = [[float(part) for part in match.groups()[:count]] for match in parts if match]
    return np.array(rows, dtype=np.float64).reshape(-1, count)


def _slices(outlines: list[Outline], scan: Scan) -> tuple[list[int], list[str]]:
    """Slice of each contour: by its points in mm where all have them in slices, else by index."""
    by_mm = [_slice_by_mm(outline, scan) for outline in outlines]
    by_index = [_slice_by_index(outline, scan) for outline in outlines]
    if outlines and all(at is not None for at in by_mm):
        if by_mm != by_index and all(at is not None for at in by_index):
            return _known(by_mm), ["ImageIndex and points in mm disagree; the points were followed"]
        return _known(by_mm), []
    if any(at is not None for at in by_mm):
        raise ScanError("some contours lie in slices of the scan by their points in mm, some not")
    return _known(by_index), []


def _known(slices: list[int | None]) -> list[int]:
    if any(at is None for at in slices):
        raise ScanError(
            "a contour lies on an image that the scan does not have, or images are not numbered"
        )
    return [at for at in slices if at is not None]


def _slice_by_mm(outline: Outline, scan: Scan) -> int | None:
    if len(outline.mm) != len(outline.points):
        return None
    homogeneous = np.column_stack([outline.mm, np.ones(len(outline.mm))])
    voxels = np.linalg.inv(scan.grid.affine) @ homogeneous.T
    at = int(np.round(voxels[2].mean()))
    flat = np.abs(voxels[2] - at).max() <= _OFF_SLICE
    return at if flat and 0 <= at < scan.grid.shape[0] else None


def _slice_by_index(outline: Outline, scan: Scan) -> int | None:
    numbers = scan.acquisition.instance_numbers
    if len(numbers) != scan.grid.shape[0] or not 0 <= outline.image < len(numbers):
        return None
    from_the_other_end = np.argsort(numbers)[::-1]
    return int(from_the_other_end[outline.image])
