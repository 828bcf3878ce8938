"""From the positions of slices to a grid, or a sentence why they make none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.errors import ScanError
from features.imaging.reading.frames import Frame
from features.imaging.scan import Grid

_SAME_MM = 0.01
# Slices a little off their place are rounding; this share of the spacing and more is not.
_UNEVEN = 0.02
_TILT_DEGREES = 0.5
_UPRIGHT = 0.985  # cosine of 10 degrees


def arrange(frames: list[Frame]) -> tuple[npt.NDArray[np.intp], Grid]:
    """Order of the slices from foot to head, and their grid.

    Raises ScanError where there are fewer than two slices, two of them at one place, gaps, uneven
    spacing, tilt, or slices of different size or direction.
    """
    if len(frames) < 2:
        raise ScanError("one slice alone has no spacing. Give the whole series")
    directions = np.array([frame.numbers("ImageOrientationPatient", 6) for frame in frames])
    pixel = np.array([frame.numbers("PixelSpacing", 2) for frame in frames])
    shape = {(int(f.dataset.Rows), int(f.dataset.Columns)) for f in frames}
    if np.ptp(directions, axis=0).max() > 1e-3 or np.ptp(pixel, axis=0).max() > 1e-4:
        raise ScanError("slices differ in direction or pixel size. Give one series")
    if len(shape) > 1:
        raise ScanError("slices differ in rows and columns. Give one series")
    normal = _normal(directions[0])
    positions = np.array([frame.numbers("ImagePositionPatient", 3) for frame in frames])
    order = np.argsort(positions @ normal, kind="stable")
    spacing = _spacing(positions[order] @ normal)
    _refuse_tilt(frames, positions[order], normal)
    rows, columns = shape.pop()
    affine = np.eye(4)
    affine[:3, 0] = directions[0][:3] * pixel[0][1]
    affine[:3, 1] = directions[0][3:] * pixel[0][0]
    affine[:3, 2] = normal * spacing
    affine[:3, 3] = positions[order[0]]
    return order, Grid((len(frames), rows, columns), affine)


def _normal(direction: FloatArray) -> FloatArray:
    """Across the slices, towards the head."""
    row, column = direction[:3], direction[3:]
    if abs(row @ column) > 1e-3 or not np.allclose([row @ row, column @ column], 1, atol=1e-3):
        raise ScanError("rows and columns are not at right angles (ImageOrientationPatient)")
    normal = np.cross(row, column)
    if abs(normal[2]) < _UPRIGHT:
        raise ScanError("slices are not axial. Give the axial series as it was acquired")
    return np.asarray(normal if normal[2] > 0 else -normal)


def _spacing(places: FloatArray) -> float:
    steps = np.diff(places)
    if (steps < _SAME_MM).any():
        count = int((steps < _SAME_MM).sum())
        raise ScanError(
            f"{count} slices lie where another one does: copies, or several phases of the heart. "
            "Give one series of one phase"
        )
    usual = float(np.median(steps))
    uneven = np.abs(steps - usual) > max(_UNEVEN * usual, _SAME_MM)
    gaps = np.abs(steps / usual - np.round(steps / usual)) < _UNEVEN
    if uneven.any() and (gaps | ~uneven).all():
        count = int(np.round(steps[uneven] / usual - 1).sum())
        if count > 0:
            raise ScanError(f"{count} slices are missing between others. Export the series again")
    if uneven.any():
        raise ScanError("slices are unevenly spaced. Give a series with one spacing")
    return float((places[-1] - places[0]) / (len(places) - 1))


def _refuse_tilt(frames: list[Frame], positions: FloatArray, normal: FloatArray) -> None:
    across = positions - positions[0]
    along = across @ normal
    shift = np.linalg.norm(across - np.outer(along, normal), axis=1)
    lean = np.degrees(np.arctan2(shift[-1], along[-1]))
    declared = frames[0].number_or_none("GantryDetectorTilt") or 0.0
    if lean > _TILT_DEGREES or abs(declared) > _TILT_DEGREES:
        raise ScanError("the gantry was tilted. Slices must stand upright on each other")
    if shift.max() > 0.5:
        raise ScanError("slices are shifted against each other. Give one series")
