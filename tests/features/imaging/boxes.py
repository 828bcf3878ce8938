"""Small scans of which every number can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.derivation.calcium import VESSELS
from features.imaging.mask import Mask
from features.imaging.measuring.measurement import Measurement, measure_lesions
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.scan import Grid, Scan

Axis = range | int
Box = tuple[Axis, Axis, Axis]
Blocks = Mapping[Any, float]  # a Box and its density in HU
SHAPE = (24, 24, 24)


def scan_of(
    blocks: Blocks,
    voxel_mm: tuple[float, float, float] = (3.0, 1.0, 1.0),
    shape: tuple[int, int, int] = SHAPE,
) -> Scan:
    """A scan of soft tissue, 40 HU, with blocks of other density."""
    hu = np.full(shape, 40.0, dtype=np.float32)
    for box, density in blocks.items():
        hu[np.ix_(*(range(axis, axis + 1) if isinstance(axis, int) else axis for axis in box))] = (
            density
        )
    return Scan(hu, Grid.upright(shape, voxel_mm))


def mask_everywhere(scan: Scan, vessel: str = "lad") -> Mask:
    return Mask(np.full(scan.hu.shape, VESSELS.index(vessel) + 1, dtype=np.uint8))


def measure(
    blocks: Blocks,
    voxel_mm: tuple[float, float, float] = (3.0, 1.0, 1.0),
    mass_factor: float | None = None,
    shape: tuple[int, int, int] = SHAPE,
    **rules: float | int | str,
) -> Measurement:
    """What is measured on blocks that all lie in the mask of the LAD."""
    scan = scan_of(blocks, voxel_mm, shape)
    chosen = MeasuringRules(**rules)  # type: ignore[arg-type]
    return measure_lesions(scan, mask_everywhere(scan), chosen, mass_factor)
