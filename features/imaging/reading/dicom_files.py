"""DICOM files on disk: found, opened quietly, refused with a sentence where they are damaged."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import ScanError
from features.imaging.reading.extra import imaging_package

_UNREADABLE = (AttributeError, EOFError, KeyError, OSError, RuntimeError, TypeError, ValueError)


def open_dicom(path: Path, pixels: bool = True) -> Any | None:
    """The dataset of a file; None where it is no DICOM file.

    Raises ScanError where it is one and cannot be read. File names may hold a patient's name, so
    no message shows one.
    """
    pydicom = imaging_package("pydicom")
    with warnings.catch_warnings():
        # what a scanner writes against the letter of the standard is not the reader's to mend
        warnings.simplefilter("ignore")
        try:
            return pydicom.dcmread(path, stop_before_pixels=not pixels)
        except pydicom.errors.InvalidDicomError:
            return None
        except _UNREADABLE as error:
            raise ScanError(
                "a DICOM file is damaged or cut short. Export the series again"
            ) from error


def dicom_files(source: Path) -> list[tuple[Path, Any]]:
    """Every DICOM file of a folder, below it too, or the one file, without pixels; sorted by path.

    Raises ScanError where there is none.
    """
    if not source.exists():
        raise ScanError(f"{source} is not there")
    paths = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    opened = [(path, open_dicom(path, pixels=False)) for path in paths]
    found = [(path, dataset) for path, dataset in opened if dataset is not None]
    found = [(path, dataset) for path, dataset in found if "SOPClassUID" in dataset]
    if not found:
        raise ScanError(f"{source} holds no DICOM file")
    return found


def pixel_array(dataset: Any) -> npt.NDArray[Any]:
    """Stored values, (frames, rows, columns). Raises ScanError where they cannot be decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = np.asarray(dataset.pixel_array)
        except (*_UNREADABLE, NotImplementedError) as error:
            name = _syntax_name(dataset)
            raise ScanError(
                f"pixels cannot be decoded (transfer syntax {name}): the file is cut short, or a "
                "plug-in of pydicom for it is missing"
            ) from error
    return values[np.newaxis] if values.ndim == 2 else values


def _syntax_name(dataset: Any) -> str:
    meta = getattr(dataset, "file_meta", None)
    syntax = getattr(meta, "TransferSyntaxUID", None)
    return str(getattr(syntax, "name", "unknown"))
