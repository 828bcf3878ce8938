"""Laying an array on the grid of a scan without resampling: voxel on voxel, or refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.errors import ScanError
from features.imaging.scan import Grid

# Positions are written with few digits; a twentieth of a voxel is no shift.
_TOLERANCE_VOXELS = 0.05


def place(
    array: npt.NDArray[Any], affine: FloatArray, grid: Grid
) -> tuple[tuple[slice, slice, slice], npt.NDArray[Any]]:
    """Where on the grid an array lies, and the array turned to (slices, rows, columns).

    ``array``: axes in any order and direction; ``affine``, (4, 4): its indices to patient
    coordinates in mm (DICOM). Raises ScanError where voxels do not fall on voxels of the grid.
    """
    onto = np.linalg.inv(grid.affine) @ affine
    exact = np.round(onto)
    corners = np.array([[*corner, 1] for corner in product(*([0, n - 1] for n in array.shape))]).T
    off = np.abs((onto - exact) @ corners).max()
    turn = exact[:3, :3]
    if off > _TOLERANCE_VOXELS or not _is_signed_permutation(turn):
        raise ScanError(
            "the mask lies on another grid than the scan: spacing, position or direction differ. "
            "It is not resampled; make it on this scan"
        )
    ends = exact @ corners
    low, high = ends[:3].min(axis=1).astype(int), ends[:3].max(axis=1).astype(int)
    if (low < 0).any() or (high >= np.array(grid.shape[::-1])).any():
        raise ScanError("the mask reaches beyond the scan. Make it on this scan")
    return _window(low, high), _turned(array, turn)


def _is_signed_permutation(turn: FloatArray) -> bool:
    size = np.abs(turn)
    return bool((size.sum(axis=0) == 1).all() and (size.sum(axis=1) == 1).all())


def _window(low: npt.NDArray[Any], high: npt.NDArray[Any]) -> tuple[slice, slice, slice]:
    column, row, slice_ = (slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    return slice_, row, column


def _turned(array: npt.NDArray[Any], turn: FloatArray) -> npt.NDArray[Any]:
    """Axes as (slices, rows, columns), each in the direction of the grid."""
    source = [int(np.flatnonzero(turn[axis])[0]) for axis in (2, 1, 0)]
    forward = [turn[axis, at] > 0 for axis, at in zip((2, 1, 0), source, strict=True)]
    steps = tuple(slice(None, None, 1 if ahead else -1) for ahead in forward)
    return np.transpose(array, source)[steps]
