"""What is measured on a scan: a row per lesion, and what was left out of the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.derivation.calcium import BANDS, VESSELS
from features.errors import ScanError
from features.imaging.mask import Mask
from features.imaging.measuring.agatston import score_areas
from features.imaging.measuring.components import Components, Integers, find_components
from features.imaging.measuring.length import lengths
from features.imaging.measuring.rules import BAND_FROM_HU, CALIBRATED_FROM_MG_CM3, MeasuringRules
from features.imaging.scan import Grid, Scan

_Total = Callable[[FloatArray], FloatArray]

COLUMNS = (
    "vessel",
    "agatston",
    "volume",
    "area",
    "mass",
    "mean_hu",
    "peak_hu",
    "length",
    *(f"volume_{band}" for band in BANDS),
    "volume_calibrated",
    "x_mm",
    "y_mm",
    "z_mm",
    "first_slice",
    "last_slice",
)


@dataclass(frozen=True)
class Measurement:
    """``lesions``: a row per lesion of the vessels, columns as `COLUMNS`; slices from 1.

    ``others``: the same for structures that are no vessel, by whose name. ``not_counted_mm3``: by
    vessel, volume of components too small to be scored; it enters no row. ``components``: every
    calcified voxel by structure, for the picture; ``counted``: which of their lesions have a row.
    """

    lesions: pd.DataFrame
    others: pd.DataFrame
    not_counted_mm3: dict[str, float]
    components: dict[str, Components] = field(repr=False, default_factory=dict)
    counted: dict[str, npt.NDArray[np.bool_]] = field(repr=False, default_factory=dict)


def measure_lesions(
    scan: Scan, mask: Mask, rules: MeasuringRules, mass_factor: float | None = None
) -> Measurement:
    """Measure every calcified lesion of the mask.

    ``mass_factor``: mg per cm3 and HU of this scan; without one mass and calibrated volume are
    missing. Raises ScanError where mask and scan differ in shape, or where a calcified voxel
    belongs to two structures.
    """
    if mask.labels.shape != scan.hu.shape:
        raise ScanError(f"the mask has shape {mask.labels.shape}, the scan {scan.hu.shape}")
    _refuse_overlap(scan, mask, rules)
    tables: dict[str, pd.DataFrame] = {}
    not_counted: dict[str, float] = {}
    components: dict[str, Components] = {}
    counted: dict[str, npt.NDArray[np.bool_]] = {}
    for structure in mask.structures:
        found = find_components(scan.hu, mask.of(structure), rules)
        table = _lesion_rows(found, scan.grid, rules, mass_factor).assign(vessel=structure)
        large = table["area"].to_numpy() > 0
        tables[structure] = table.loc[large, list(COLUMNS)]
        components[structure], counted[structure] = found, large
        if structure in VESSELS:
            not_counted[structure] = float(table.loc[~large, "volume"].sum())
    return Measurement(
        _together([tables[vessel] for vessel in VESSELS]),
        _together([tables[name] for name in mask.others]),
        not_counted,
        components,
        counted,
    )


def _refuse_overlap(scan: Scan, mask: Mask, rules: MeasuringRules) -> None:
    if mask.overlap is None:
        return
    calcified = scan.hu[mask.overlap] * rules.hu_factor >= rules.threshold_hu
    if calcified.any():
        raise ScanError(
            f"{int(calcified.sum())} calcified voxels of the mask belong to two structures. "
            "Assign each to one"
        )


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype=_dtype(name)) for name in COLUMNS})
    return pd.concat(filled, ignore_index=True)


def _dtype(column: str) -> str:
    return {"vessel": "str", "first_slice": "int64", "last_slice": "int64"}.get(column, "float64")


def _lesion_rows(
    found: Components, grid: Grid, rules: MeasuringRules, mass_factor: float | None
) -> pd.DataFrame:
    """A row for every lesion of one structure; area is 0 where all of it is too small."""
    n_lesions = int(found.lesion.max(initial=-1)) + 1
    score, area = score_areas(found, grid.pixel_mm2, grid.spacing_mm, rules)
    lesion = found.lesion_of_area

    def total(weights: FloatArray) -> FloatArray:
        return _summed(found.lesion, weights, n_lesions)

    voxels = total(np.ones(len(found.hu)))
    columns: dict[str, FloatArray] = {
        "agatston": _summed(lesion, score, n_lesions),
        "volume": voxels * grid.voxel_mm3,
        "area": _summed(lesion, area, n_lesions),
        "mean_hu": total(found.hu) / voxels,
        "length": lengths(found, grid.voxel_mm, rules.ruler, n_lesions),
        **_volumes_by_band(found, grid, total),
        **_calibrated(found, grid, rules, mass_factor, total),
        **_positions(found, grid, voxels, total),
    }
    peak = np.full(n_lesions, -np.inf)
    np.maximum.at(peak, found.lesion, found.hu)
    first = np.full(n_lesions, np.iinfo(np.int64).max)
    last = np.zeros(n_lesions, dtype=np.int64)
    np.minimum.at(first, found.lesion, found.slices + 1)
    np.maximum.at(last, found.lesion, found.slices + 1)
    return pd.DataFrame({**columns, "peak_hu": peak, "first_slice": first, "last_slice": last})


def _summed(group: Integers, values: FloatArray, n_groups: int) -> FloatArray:
    return np.asarray(np.bincount(group, values, minlength=n_groups), dtype=np.float64)


def _volumes_by_band(found: Components, grid: Grid, total: _Total) -> dict[str, FloatArray]:
    band = np.searchsorted(BAND_FROM_HU[1:], found.hu, side="right")
    return {
        f"volume_{name}": total((band == number).astype(np.float64)) * grid.voxel_mm3
        for number, name in enumerate(BANDS)
    }


def _calibrated(
    found: Components, grid: Grid, rules: MeasuringRules, factor: float | None, total: _Total
) -> dict[str, FloatArray]:
    """Mass, mg, and volume, mm3, from 100 mg/cm3 of hydroxyapatite; missing without a factor.

    mass = factor * mean HU * volume, with HU as scanned and cm3. The volume is missing too where
    100 mg/cm3 lie below the threshold, since voxels below it are not looked at.
    """
    missing = np.full_like(total(found.hu), np.nan)
    if factor is None:
        return {"mass": missing, "volume_calibrated": missing}
    content = factor * found.hu / rules.hu_factor
    dense = total((content >= CALIBRATED_FROM_MG_CM3).astype(np.float64)) * grid.voxel_mm3
    below = factor * rules.threshold_hu / rules.hu_factor > CALIBRATED_FROM_MG_CM3
    return {
        "mass": total(content) * grid.voxel_mm3 / 1000.0,
        "volume_calibrated": missing if below else dense,
    }


def _positions(
    found: Components, grid: Grid, voxels: FloatArray, total: _Total
) -> dict[str, FloatArray]:
    """Centre of gravity in patient coordinates, mm, every voxel counted alike."""
    indices = (found.slices, found.rows, found.columns)
    centre = [total(axis.astype(np.float64)) / voxels for axis in indices]
    at = grid.to_patient(*centre)
    return {"x_mm": at[:, 0], "y_mm": at[:, 1], "z_mm": at[:, 2]}
