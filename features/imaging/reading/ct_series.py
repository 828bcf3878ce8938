"""A CT series from a folder of DICOM files, in any order, or from one multi-frame file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ScanError
from features.imaging.reading.acquisition import acquisition_of, find_problems, find_warnings
from features.imaging.reading.declaration import Declaration
from features.imaging.reading.dicom_files import dicom_files, open_dicom, pixel_array
from features.imaging.reading.frames import Frame, frames_of
from features.imaging.reading.slice_geometry import arrange
from features.imaging.scan import HounsfieldUnits, Scan

# Below any tissue, for what a scanner marks as no data.
_NO_DATA_HU = -2048.0


def read_ct_series(source: Path, said: Declaration | None = None) -> Scan:
    """The one CT series of a folder (or file) in Hounsfield units, slices from foot to head.

    Localizers and objects that are no CT image are passed over. Raises ScanError, with every
    reason of the acquisition at once, where the series must not be scored.
    """
    said = said or Declaration()
    frames = _read_frames(_choose_series(source, said))
    about = acquisition_of(frames, said)
    problems = find_problems(frames, about, said)
    if problems:
        raise ScanError("the scan cannot be scored: " + "; ".join(problems))
    order, grid = arrange(frames)
    ordered = [frames[at] for at in order]
    about = acquisition_of(ordered, said)
    return Scan(_stack(ordered, grid.shape), grid, about, tuple(find_warnings(about, len(frames))))


def _choose_series(source: Path, said: Declaration) -> list[Path]:
    series: dict[str, list[tuple[Path, Any]]] = {}
    for path, dataset in dicom_files(source):
        if dataset.get("Modality") != "CT" or _is_localizer(dataset):
            continue
        if said.series is None or _number(dataset) == said.series:
            series.setdefault(str(dataset.get("SeriesInstanceUID")), []).append((path, dataset))
    if not series:
        wanted = "" if said.series is None else f" with number {said.series}"
        raise ScanError(f"{source} holds no CT series{wanted}")
    if len(series) > 1:
        each = sorted(f"{_number(files[0][1])} ({len(files)} files)" for files in series.values())
        raise ScanError(
            f"{len(series)} CT series, numbers {', '.join(each)}. Name one with --series"
        )
    return [path for path, _ in next(iter(series.values()))]


def _read_frames(paths: list[Path]) -> list[Frame]:
    datasets = [open_dicom(path) for path in paths]
    return [frame for dataset in datasets if dataset is not None for frame in frames_of(dataset)]


def _number(dataset: Any) -> int | None:
    value = dataset.get("SeriesNumber")
    return None if value is None else int(value)


def _is_localizer(dataset: Any) -> bool:
    return "LOCALIZER" in [str(part).upper() for part in dataset.get("ImageType") or []]


def _stack(frames: list[Frame], shape: tuple[int, int, int]) -> HounsfieldUnits:
    hu = np.empty(shape, dtype=np.float32)
    decoded: dict[int, Any] = {}
    for at, frame in enumerate(frames):
        many = len(frame.dataset.get("PerFrameFunctionalGroupsSequence") or []) > 1
        values = decoded.get(id(frame.dataset))
        if values is None:
            values = pixel_array(frame.dataset)
            if many:
                decoded[id(frame.dataset)] = values
        if values.ndim != 3 or values.shape[1:] != shape[1:] or frame.number >= len(values):
            raise ScanError("a slice has other pixels than it says. Export the series again")
        hu[at] = _hounsfield(frame, values[frame.number])
    return hu


def _hounsfield(frame: Frame, stored: Any) -> Any:
    """Slope and intercept of this very slice; they may differ between slices."""
    slope = frame.numbers("RescaleSlope", 1)[0]
    intercept = frame.numbers("RescaleIntercept", 1)[0]
    hu = stored.astype(np.float64) * slope + intercept
    padding = frame.number_or_none("PixelPaddingValue")
    if padding is not None:
        limit = frame.number_or_none("PixelPaddingRangeLimit")
        ends = sorted((padding, padding if limit is None else limit))
        hu[(stored >= ends[0]) & (stored <= ends[1])] = _NO_DATA_HU
    return hu
