"""The calcified lesions of the simulated patients; the scores are the sums of these.

A lesion is a whole number of voxels of 0.7 x 0.7 x 3 mm, at least three of them, in slices of
3 mm, each slice weighted 1 to 4 by its peak density as the Agatston score has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.simulation.draws import Columns, Draws

VESSELS = ("lm", "lad", "lcx", "rca")
PIXEL_MM2 = 0.49
SLICE_MM = 3.0
# mg of hydroxyapatite per mm3 and HU: a typical calibration of a 120 kV scan.
_MASS_PER_HU = 0.00075
_FEWEST_VOXELS = 3

# Where calcium lies; with the patients' own leanings it gives 33 / 25 / 30 / 12 % with one to
# four vessels (Circulation supplement, abstract 9969) and the left main in about a fifth.
_VESSEL_SHARE = (0.036, 0.450, 0.230, 0.284)
_VESSEL_LEANING = (0.30, 2.8)
_FOCAL, _FOCAL_MM3 = 0.36, 350.0
_BAND_EDGES = (200.0, 300.0, 400.0)
_BANDS = ("volume_130_199", "volume_200_299", "volume_300_399", "volume_400_plus")


@dataclass(frozen=True)
class Lesions:
    """Lesions by row. ``patient`` is the position of their patient in the cohort."""

    patient: np.ndarray
    vessel: np.ndarray
    voxels: np.ndarray
    slices: np.ndarray
    length: FloatArray
    agatston: FloatArray
    density: FloatArray
    untreated_agatston: FloatArray

    @property
    def area(self) -> FloatArray:
        """mm2, summed over slices of 3 mm."""
        return np.asarray(np.round(self.voxels * PIXEL_MM2, 2))

    @property
    def volume(self) -> FloatArray:
        """mm3."""
        return np.asarray(np.round(self.voxels * PIXEL_MM2 * SLICE_MM, 2))


def draw_lesions(draws: Draws, patient: Columns) -> Lesions:
    """Break each patient's volume into lesions and spread them over the vessels."""
    volume = patient["_volume"].astype(float)
    own = patient["_density_own"].astype(float)
    voxels = np.where(volume > 0, np.maximum(np.round(volume / 1.47), _FEWEST_VOXELS), 0)
    # Diffuse calcium is the less dense one at equal volume (Foldyna 2019).
    expected = 1.5 * (np.maximum(volume, 1) / 20) ** 0.60 * np.exp(-0.25 * own)
    count = 1 + draws.stream("lesion_count").poisson(expected)
    count = np.where(voxels > 0, np.minimum(count, voxels // _FEWEST_VOXELS), 0).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    size = _split(draws, voxels, count, owner)
    length = 1.35 * (size * 1.47) ** 0.46 * np.exp(0.25 * draws.normal("length", len(size)))
    slices = np.clip(np.round(length / SLICE_MM), 1, size).astype(np.int64)
    wanted = _lesion_density(draws, patient, owner, size)
    shift = patient["_density_shift"].astype(float)[owner]
    density = _slice_average(wanted + shift, slices)
    untreated = _slice_average(wanted, slices)
    area = size * PIXEL_MM2
    return Lesions(
        owner,
        _place(draws, owner, volume),
        size,
        slices,
        np.asarray(np.round(np.maximum(length, 1.0), 1), dtype=np.float64),
        np.round(area * density, 2),
        density,
        np.round(area * untreated, 2),
    )


def _split(draws: Draws, voxels: FloatArray, count: np.ndarray, owner: np.ndarray) -> FloatArray:
    """Voxels of each lesion: at least three each, summing exactly to the patient's."""
    weight = np.exp(1.0 * draws.normal("lesion_size", len(owner)))
    total = np.bincount(owner, weight, minlength=len(count))
    spare = voxels - _FEWEST_VOXELS * count
    share = spare[owner] * weight / total[owner]
    # Rounding the running sum keeps every patient's total: it is whole where a patient ends.
    running = np.round(np.cumsum(share))
    return np.asarray(_FEWEST_VOXELS + np.diff(running, prepend=0.0))


def _lesion_density(
    draws: Draws, patient: Columns, owner: np.ndarray, size: FloatArray
) -> FloatArray:
    """Larger lesions are denser; weighted by volume they average to the patient's density."""
    raw = 0.16 * np.log(size) + 0.30 * draws.normal("lesion_density", len(owner))
    n = len(patient["_density"])
    total = np.maximum(np.bincount(owner, size, minlength=n), 1)
    mean = np.bincount(owner, raw * size, minlength=n) / total
    return np.asarray(patient["_density"].astype(float)[owner] + raw - mean[owner])


def _slice_average(density: FloatArray, slices: np.ndarray) -> FloatArray:
    """A mean of whole slice weights between 1 and 4."""
    return np.asarray(np.round(np.clip(density, 1.0, 4.0) * slices) / slices)


def _place(draws: Draws, owner: np.ndarray, volume: FloatArray) -> np.ndarray:
    noise = draws.normal("vessel_leaning", 4 * len(volume)).reshape(-1, 4)
    # Some patients calcify one vessel, most calcify all as they go on.
    focal = (draws.uniform("focal", len(volume)) < _FOCAL) & (volume < _FOCAL_MM3)
    leaning = np.where(focal, _VESSEL_LEANING[1], _VESSEL_LEANING[0])
    weight = np.asarray(_VESSEL_SHARE) * np.exp(leaning[:, None] * noise)
    edges = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)[:, :3]
    return np.asarray((draws.uniform("vessel", len(owner))[:, None] >= edges[owner]).sum(axis=1))


def sum_lesions(lesions: Lesions, n: int) -> Columns:
    """What a scan report gives of each patient: totals and scores by vessel.

    Also the hidden truths that the hazard depends on: calcium as it would be without a statin.
    """

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.round(np.bincount(lesions.patient, values, minlength=n), 2))

    density = _peak_and_mean(lesions)[1]
    mass = np.round(lesions.volume * density * _MASS_PER_HU, 3)
    untreated, area = total(lesions.untreated_agatston), total(lesions.area)
    columns: Columns = {
        "cac_agatston": total(lesions.agatston),
        "cac_volume": total(lesions.volume),
        "cac_mass": np.round(np.bincount(lesions.patient, mass, minlength=n), 3),
        "_untreated_agatston": untreated,
        "_native_density": untreated / np.where(area > 0, area, 1.0),
    }
    vessels = np.zeros(n)
    for position, vessel in enumerate(VESSELS):
        score = total(np.where(lesions.vessel == position, lesions.agatston, 0.0))
        columns[f"cac_agatston_{vessel}"] = score
        vessels += score > 0
    return columns | {"_vessels": vessels}


def _peak_and_mean(lesions: Lesions) -> tuple[FloatArray, FloatArray]:
    """Peak and mean density in HU: the peak lies in the band of the heaviest slice."""
    heaviest = np.ceil(lesions.density - 1e-9)
    # A position within the band that needs no draw of its own.
    place = (lesions.voxels * 0.618034 + lesions.length * 0.7548777 + lesions.density * 0.5698) % 1
    peak = np.where(heaviest == 1, 136 + 63 * place, 100 * heaviest + 99 * place)
    excess = np.where(heaviest == 4, 40 * (lesions.density - 3) * np.sqrt(lesions.slices), 0.0)
    peak = np.round(np.minimum(peak + excess * (1 + 6 * place), 1900)).astype(np.float64)
    return peak, np.asarray(np.round(130 + 0.4 * (peak - 130), 1), dtype=np.float64)


def lesion_table(lesions: Lesions, patient_id: np.ndarray) -> pd.DataFrame:
    """The second file of the cohort: one row per lesion, columns as the dictionary's lesion table.

    Density inside a lesion falls from its peak to 130 HU, which fixes mean and volume by band.
    """
    peak, mean = _peak_and_mean(lesions)
    volume = lesions.volume
    above = [np.clip((peak - edge) / (peak - 130), 0, 1) ** 1.5 * volume for edge in _BAND_EDGES]
    # Cumulative rounding, so that the bands sum to the volume to the last digit.
    edges = [volume, *(np.round(part, 2) for part in above), np.zeros_like(volume)]
    bands = {name: np.round(edges[i] - edges[i + 1], 2) for i, name in enumerate(_BANDS)}
    first = np.flatnonzero(np.diff(lesions.patient, prepend=-1))
    counts = np.diff(np.append(first, len(lesions.patient)))
    return pd.DataFrame(
        {
            "patient_id": patient_id[lesions.patient],
            "lesion": np.arange(len(lesions.patient)) - np.repeat(first, counts) + 1,
            "vessel": np.asarray(VESSELS, dtype=object)[lesions.vessel],
            "agatston": lesions.agatston,
            "volume": volume,
            "area": lesions.area,
            "mass": np.round(volume * mean * _MASS_PER_HU, 3),
            "mean_hu": mean,
            "peak_hu": peak,
            "length": lesions.length,
            **bands,
        }
    )
