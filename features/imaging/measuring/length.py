"""The length of a lesion: the greatest distance in it, by one stated ruler."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist

from features.array_types import FloatArray
from features.imaging.measuring.components import Components, Integers


def lengths(
    components: Components, voxel_mm: tuple[float, float, float], ruler: str, n_lesions: int
) -> FloatArray:
    """Length of each lesion, mm, (n_lesions,).

    ``centres``: the greatest distance between the centres of two of its voxels, 0 for a single
    voxel. ``edges``: between two of its outer corners, slice spacing included.
    """
    points = _ends_of_rows(components)
    order = np.argsort(points[:, 0], kind="stable")
    points = points[order]
    stops = np.searchsorted(points[:, 0], np.arange(1, n_lesions))
    per_lesion = np.split(points[:, 1:], stops) if n_lesions else []
    return np.array([_extent(one, np.array(voxel_mm), ruler) for one in per_lesion])


def _ends_of_rows(components: Components) -> Integers:
    """First and last voxel of every row: (lesion, slice, row, column). The farthest are among them.

    Between two voxels of a row lies none that is farther from a third than both.
    """
    keys = np.stack([components.lesion, components.slices, components.rows, components.columns])
    ordered = keys[:, np.lexsort(keys[::-1])]
    change = np.any(np.diff(ordered[:3], axis=1) != 0, axis=0)
    first = np.concatenate([[True], change]) if ordered.size else np.zeros(0, dtype=bool)
    last = np.concatenate([change, [True]]) if ordered.size else np.zeros(0, dtype=bool)
    return np.asarray(ordered[:, first | last].T)


def _extent(voxels: Integers, voxel_mm: FloatArray, ruler: str) -> float:
    points = voxels.astype(np.float64)
    if ruler == "edges":
        corners = np.array(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5])).reshape(3, -1).T
        points = np.unique((points[:, None, :] + corners).reshape(-1, 3), axis=0)
    if len(points) < 2:
        return 0.0
    return float(pdist(points * voxel_mm).max())
