"""NIfTI files: a scan, with what its header lacks declared, or a mask of numbered labels."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.errors import ScanError
from features.imaging.mask import Mask, MaskBuilder
from features.imaging.reading.acquisition import declared_of, find_warnings, voltage_problems
from features.imaging.reading.declaration import Declaration
from features.imaging.reading.extra import imaging_package
from features.imaging.reading.masks.label_map import IGNORE, LabelMap
from features.imaging.reading.masks.placement import place
from features.imaging.scan import Acquisition, Grid, Scan

# NIfTI counts x to the right and y to the front, DICOM to the left and to the back.
_TO_DICOM = np.diag([-1.0, -1.0, 1.0, 1.0])
_DAMAGED = (EOFError, OSError, ValueError, zlib.error)


def is_nifti(path: Path) -> bool:
    """Whether the name is that of a NIfTI file."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def read_nifti_scan(path: Path, said: Declaration) -> Scan:
    """A scan in Hounsfield units. The format knows neither tube voltage nor contrast.

    Raises ScanError unless both are declared, and where the file has no orientation of its own.
    """
    missing = [
        option
        for option, given in (("--kvp", said.kvp is not None), ("--no-contrast", said.no_contrast))
        if not given
    ]
    if missing:
        raise ScanError(
            f"a NIfTI scan does not say how it was acquired. Declare {' and '.join(missing)}"
        )
    problems = voltage_problems(said.kvp, said)
    if problems:
        raise ScanError("the scan cannot be scored: " + "; ".join(problems))
    values, affine = _read(path)
    grid = _grid_of(values.shape, affine)
    _, upright = place(values, affine, grid)
    hu = np.ascontiguousarray(upright, dtype=np.float32)
    if not np.isfinite(hu).all():
        raise ScanError("the scan holds values that are no numbers")
    if hu.min() >= 0:
        raise ScanError("the scan has no value below 0: not Hounsfield units")
    about = Acquisition(kvp=said.kvp, declared=declared_of(said))
    return Scan(hu, grid, about, tuple(find_warnings(about, hu.shape[0])))


def read_nifti_mask(path: Path, scan: Scan, labels: LabelMap) -> Mask:
    """A mask of whole numbers on the grid of the scan.

    Raises ScanError where it lies on another grid, holds fractions or labels that are not known.
    """
    values, affine = _read(path)
    window, upright = place(values, affine, scan.grid)
    if upright.shape != scan.hu.shape:
        raise ScanError(
            f"the mask has shape {upright.shape}, the scan {scan.hu.shape}. Make it on this scan"
        )
    numbers = np.unique(upright)
    if not np.isfinite(numbers).all() or (numbers != np.round(numbers)).any() or numbers[0] < 0:
        raise ScanError("the mask holds values that are no label. Give one of whole numbers")
    names = {str(int(number)): ((str(int(number)),), ()) for number in numbers if number > 0}
    structures = labels.all_structures(names)
    builder = MaskBuilder(scan.grid.shape)
    for number, structure in structures.items():
        if structure != IGNORE:
            builder.add(structure, window, upright == float(number))
    return builder.build()


def _read(path: Path) -> tuple[npt.NDArray[Any], FloatArray]:
    """Values and affine (indices to DICOM coordinates). Raises ScanError."""
    nibabel = imaging_package("nibabel")
    try:
        image = nibabel.load(path)
        values = np.asanyarray(image.dataobj)
    except FileNotFoundError:
        raise ScanError(f"{path} is not there") from None
    except (*_DAMAGED, nibabel.filebasedimages.ImageFileError) as error:
        raise ScanError("a NIfTI file is damaged or cut short. Export it again") from error
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise ScanError(f"a NIfTI file has {values.ndim} dimensions. Give one volume")
    return values, _TO_DICOM @ _affine(image)


def _affine(image: Any) -> FloatArray:
    """The affine of a header, where it has one and no two that differ."""
    given = []
    if int(image.header["sform_code"]) > 0:
        given.append(image.header.get_sform())
    if int(image.header["qform_code"]) > 0:
        given.append(image.header.get_qform())
    if not given:
        raise ScanError("a NIfTI file does not say how it lies (sform and qform codes are 0)")
    if len(given) == 2 and np.abs(given[0] - given[1]).max() > 0.01:
        raise ScanError("a NIfTI file says in two ways how it lies (sform and qform differ)")
    return np.asarray(given[0], dtype=np.float64)


def _grid_of(shape: tuple[int, ...], affine: FloatArray) -> Grid:
    """The upright grid of an array whose axes may come in any order and direction.

    Raises ScanError where the axes are not at right angles or not along those of the patient.
    """
    axes = affine[:3, :3]
    size = np.linalg.norm(axes, axis=0)
    if not (size > 0).all() or np.abs((axes / size).T @ (axes / size) - np.eye(3)).max() > 1e-3:
        raise ScanError("the axes of a NIfTI file are not at right angles: tilted or damaged")
    towards = [int(np.argmax(np.abs(axes[row] / size))) for row in range(3)]
    if len(set(towards)) < 3 or abs(axes[2, towards[2]]) / size[towards[2]] < 0.985:
        raise ScanError("slices are not axial. Give the axial series as it was acquired")
    upright, start = np.eye(4), affine @ np.array([0, 0, 0, 1.0])
    for row, axis in enumerate(towards):
        forward = axes[row, axis] > 0
        upright[:3, row] = axes[:, axis] if forward else -axes[:, axis]
        if not forward:
            start[:3] += axes[:, axis] * (shape[axis] - 1)
    upright[:, 3] = start
    slices, rows, columns = (shape[towards[row]] for row in (2, 1, 0))
    return Grid((slices, rows, columns), upright)
