"""A scan in memory: Hounsfield units on a grid, and how it was acquired."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray

HounsfieldUnits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """Where voxels lie. ``shape``: slices, rows, columns.

    ``affine``, (4, 4): (column, row, slice, 1) to patient coordinates in mm, x to the left, y to
    the back, z to the head (DICOM). Axes are at right angles; the reader has made sure.
    """

    shape: tuple[int, int, int]
    affine: FloatArray

    @cached_property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Spacing of slices, rows and columns, mm."""
        column, row, slice_ = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(slice_), float(row), float(column)

    @property
    def spacing_mm(self) -> float:
        """Distance of neighbouring slices, mm, from their positions."""
        return self.voxel_mm[0]

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel, mm2."""
        return self.voxel_mm[1] * self.voxel_mm[2]

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel, mm3: pixel area times slice spacing."""
        return self.pixel_mm2 * self.spacing_mm

    def to_patient(self, slices: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
        """Patient coordinates, mm, (n, 3), of positions in voxels, (n,) each."""
        indices = np.stack([columns, rows, slices, np.ones_like(slices)])
        return np.asarray((self.affine @ indices)[:3].T)

    @staticmethod
    def upright(shape: tuple[int, int, int], voxel_mm: tuple[float, float, float]) -> Grid:
        """A grid along the axes of the patient; ``voxel_mm``: of slices, rows, columns."""
        return Grid(shape, np.diag([voxel_mm[2], voxel_mm[1], voxel_mm[0], 1.0]))


@dataclass(frozen=True)
class Acquisition:
    """How a scan was made, as far as it is known; None: not recorded.

    ``thickness_mm``: of a slice, for the record only; spacing comes from positions.
    ``mass_factor``: mg of hydroxyapatite per cm3 and HU, for this patient (0018,9351);
    ``device_mass_factors``: for small, medium and large patients (0018,9352).
    ``instance_numbers``: of the slices in their order, for annotations that count images.
    """

    kvp: float | None = None
    thickness_mm: float | None = None
    manufacturer: str | None = None
    model: str | None = None
    kernel: str | None = None
    gated: bool | None = None
    mass_factor: float | None = None
    device_mass_factors: tuple[float, float, float] | None = None
    frame_of_reference: str | None = None
    series_uid: str | None = None
    study_uid: str | None = None
    patient_id: str | None = None
    date: str | None = None
    instance_numbers: tuple[int, ...] = ()
    declared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scan:
    """``hu``, (slices, rows, columns), slices from foot to head; ``warnings``: of its reader."""

    hu: HounsfieldUnits
    grid: Grid
    acquisition: Acquisition = field(default_factory=Acquisition)
    warnings: tuple[str, ...] = ()
