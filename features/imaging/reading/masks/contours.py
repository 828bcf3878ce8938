"""Contours to voxels: which pixel centres lie inside a polygon."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.errors import ScanError

_ON_LINE = 1e-6


def fill(points: FloatArray, shape: tuple[int, int]) -> tuple[tuple[slice, slice], BoolArray]:
    """Pixels inside a closed polygon: rows and columns of its box, and true or false in it.

    ``points``: (n, 2), column and row, whole numbers at pixel centres. A pixel is inside where a
    ray from its centre crosses the polygon an odd number of times (even-odd), or where its centre
    lies on the line. Raises ScanError where the polygon leaves the image.
    """
    low, high = np.ceil(points.min(axis=0) - _ON_LINE), np.floor(points.max(axis=0) + _ON_LINE)
    if (low < 0).any() or high[0] >= shape[1] or high[1] >= shape[0]:
        raise ScanError("a contour leaves the image. It belongs to another scan")
    columns = np.arange(int(low[0]), int(high[0]) + 1)
    rows = np.arange(int(low[1]), int(high[1]) + 1)
    x, y = np.meshgrid(columns.astype(np.float64), rows.astype(np.float64))
    inside = np.zeros(x.shape, dtype=bool)
    on_line = np.zeros(x.shape, dtype=bool)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        inside ^= _crosses(start, end, x, y)
        on_line |= _on(start, end, x, y)
    window = (
        slice(int(low[1]), int(high[1]) + 1),
        slice(int(low[0]), int(high[0]) + 1),
    )
    return window, inside | on_line


def _crosses(start: FloatArray, end: FloatArray, x: FloatArray, y: FloatArray) -> BoolArray:
    """Whether the ray to the right of each point crosses the edge; its lower end counts."""
    if start[1] == end[1]:
        return np.zeros(x.shape, dtype=bool)
    spans = (start[1] > y) != (end[1] > y)
    at = start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
    return np.asarray(spans & (x < at))


def _on(start: FloatArray, end: FloatArray, x: FloatArray, y: FloatArray) -> BoolArray:
    edge = end - start
    length = float(edge @ edge)
    dx, dy = x - start[0], y - start[1]
    along = np.clip((dx * edge[0] + dy * edge[1]) / length, 0, 1) if length else 0.0
    return np.asarray(np.hypot(dx - along * edge[0], dy - along * edge[1]) <= _ON_LINE)


def area(points: FloatArray) -> float:
    """Area that a polygon encloses, (n, 2), in the square of its unit."""
    x, y = points[:, 0], points[:, 1]
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
