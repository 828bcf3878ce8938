"""The scans that a simulated study makes later, at MESA's intervals, while it follows a patient.

Every draw comes from a stream of its own: patients, first scan and outcomes are what they would be
without later scans.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.simulation.draws import Columns, Draws
from features.simulation.growth import TrueGrowth, draw_pace

SCANS = ("scan2", "scan3")
_SCANNED_AGAIN, _SCANNED_LATE = 0.90, 0.50
_VOLUME_PER_AU = 1.25
# Yearly thinning of low-density calcium as plaque matures, and on a statin (Lee SE et al. JACC
# Cardiovasc Imaging 2018;11:1475: more dense calcium on statins). Sizes are chosen.
_MATURES, _ON_STATIN = 0.02, 0.06


def draw_later_scans(
    draws: Draws, patient: Columns, growth: TrueGrowth, followed: FloatArray
) -> pd.DataFrame:
    """Columns ``scan2_years``, ``_agatston``, ``_volume``, ``_low_density`` and those of scan3.

    Most patients come back after 1.6 or 3.2 years (1.6 to 4), half after about 9.6. ``followed``:
    years (n,) until event, death or censoring; there is no scan after them. Volumes in mm3.
    """
    soon = np.where(draws.happens("later early", 0.5), 1.75, 3.25)
    years = {
        "scan2": np.clip(soon + 0.3 * draws.normal("later interval"), 1.6, 4.0),
        "scan3": np.clip(9.6 + 0.6 * draws.normal("later late interval"), 8.0, 11.5),
    }
    comes = {
        "scan2": draws.happens("later scanned", _SCANNED_AGAIN),
        "scan3": draws.happens("later scanned late", _SCANNED_LATE),
    }
    begins = draws.stream("later onset").exponential(1.0, draws.n)
    pace = draw_pace(draws, "later pace")
    table = {}
    for scan in SCANS:
        at = np.round(years[scan], 2)
        seen = comes[scan] & (at < followed)
        score = growth.draw(draws, f"later {scan}", at, begins, pace)
        noise = np.exp(0.04 * draws.normal(f"later {scan} volume"))
        per_au, low = _composition(patient, at)
        volume = np.round(score * per_au * noise, 2)
        columns = {
            "years": at,
            "agatston": score,
            "volume": volume,
            "low_density": np.round(volume * low, 2),
        }
        for name, values in columns.items():
            table[f"{scan}_{name}"] = np.where(seen, values, np.nan)
    return pd.DataFrame(table)


def _composition(patient: Columns, years: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Volume in mm3 per unit of the score, and the share of it below 200 HU, after ``years``."""
    score = patient["cac_agatston"].astype(float)
    present = score > 0
    own = patient["cac_volume"].astype(float) / np.where(present, score, 1.0)
    per_au = np.where(present, own, _VOLUME_PER_AU)
    thins = _MATURES + _ON_STATIN * (patient["_statin"] > 0)
    # attenuation falls from the peak to the edge of a lesion as in the lesion table
    peak = 100 * np.clip(3 / per_au, 1.0, 4.0) + 50
    low = 1 - np.clip(1 - 70 / (peak - 130), 0, 1) ** 1.5
    denser = np.exp(-thins * years)
    return per_au * np.sqrt(np.maximum(denser, 0.5)), low * denser
