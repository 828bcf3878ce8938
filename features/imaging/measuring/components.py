"""Connected components: areas within slices, and the lesions that they make up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from features.array_types import FloatArray
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.scan import HounsfieldUnits

Integers = npt.NDArray[np.intp]
_RANK = {4: 1, 8: 2, 6: 1, 18: 2, 26: 3}


@dataclass(frozen=True)
class Components:
    """The calcified voxels of one structure, (n,) each.

    ``slices``, ``rows``, ``columns``: where; ``hu``: how dense; ``area``: number of the connected
    area in its slice, from 0; ``lesion``: number of the lesion, from 0. Lesions are numbered from
    the lowest slice, then row, then column of their first voxel.
    """

    slices: Integers
    rows: Integers
    columns: Integers
    hu: FloatArray
    area: Integers
    lesion: Integers

    @property
    def lesion_of_area(self) -> Integers:
        """The lesion that each area belongs to, (areas,)."""
        lesions = np.zeros(self.area.max(initial=-1) + 1, dtype=np.intp)
        lesions[self.area] = self.lesion
        return lesions


def find_components(
    hu: HounsfieldUnits, inside: npt.NDArray[np.bool_], rules: MeasuringRules
) -> Components:
    """Areas and lesions of what is inside and at or above the threshold.

    ``hu``, ``inside``: (slices, rows, columns). An area lies within one lesion, because what
    connects pixels connects voxels too.
    """
    box = _bounding_box(inside)
    part = hu[box] * np.float32(rules.hu_factor) if rules.hu_factor != 1 else hu[box]
    calcified = inside[box] & (part >= rules.threshold_hu)
    planar = np.zeros((3, 3, 3), dtype=bool)
    planar[1] = ndimage.generate_binary_structure(2, _RANK[rules.slice_neighbours])
    solid = ndimage.generate_binary_structure(3, _RANK[rules.lesion_neighbours]) | planar
    areas, _ = ndimage.label(calcified, structure=planar)
    lesions, _ = ndimage.label(calcified, structure=solid)
    slices, rows, columns = np.nonzero(calcified)
    found = (slices, rows, columns)
    start = [axis.start for axis in box]
    return Components(
        slices + start[0],
        rows + start[1],
        columns + start[2],
        part[found].astype(np.float64),
        areas[found].astype(np.intp) - 1,
        lesions[found].astype(np.intp) - 1,
    )


def _bounding_box(inside: npt.NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    slices = np.flatnonzero(inside.any(axis=(1, 2)))
    if not slices.size:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    flat = np.logical_or.reduce(inside[slices[0] : slices[-1] + 1], axis=0)
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    return (
        slice(slices[0], slices[-1] + 1),
        slice(rows[0], rows[-1] + 1),
        slice(columns[0], columns[-1] + 1),
    )
