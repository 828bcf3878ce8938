"""How the kind of calcium changed since an earlier scan: from spotty and faint to large and dense.

What is aimed at is calcium that grows denser and more solid, whatever its amount does. Each change
is now minus then, of a share or a density, so that it says nothing of how much calcium there is.
It exists where both scans showed calcium. Micro-calcification (0.5 to 15 micrometres) is far
below what CT resolves: what is followed here is its visible stand-in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.array_types import FloatArray
from features.derivation.arrays import log_plus_one, ratio, where
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation
from features.derivation.scan.burden import agatston, volume
from features.derivation.scan.morphology import density_score

_STATIN = (
    "van Rosendael AR et al. JAMA Cardiol 2021;6:1257, doi:10.1001/jamacardio.2021.3055 (calcium "
    "turns denser under statins; read in source)"
)


def _where_calcified(columns: Columns, values: FloatArray) -> FloatArray:
    """The values, (n,), NaN unless the latest scan showed calcium."""
    return where(columns.derived(agatston) > 0, values, np.nan)


def density_score_change(columns: Columns) -> FloatArray:
    """Mean density factor now minus at the earlier scan, -3 to 3, (n,)."""
    change = columns.derived(density_score) - columns["prior_cac_density_score"]
    return _where_calcified(columns, change)


def density_hu_change(columns: Columns) -> FloatArray:
    """Mean density now minus at the earlier scan, HU, (n,)."""
    change = columns["cac_density_hu"] - columns["prior_cac_density_hu"]
    return _where_calcified(columns, change)


def volume_share_change(*bands: str) -> Callable[[Columns], FloatArray]:
    """Function of columns: share of the volume in these bands, now minus then, -1 to 1."""

    def change(columns: Columns) -> FloatArray:
        now = np.sum([columns[f"cac_volume_{band}"] for band in bands], axis=0)
        then = np.sum([columns[f"prior_cac_volume_{band}"] for band in bands], axis=0)
        share = np.minimum(ratio(now, columns.derived(volume)), 1.0)
        return share - np.minimum(ratio(then, columns["prior_cac_volume"]), 1.0)

    return change


def count_share_change(kind: str) -> Callable[[Columns], FloatArray]:
    """Function of columns: share of the lesions of a kind, now minus then, -1 to 1."""

    def change(columns: Columns) -> FloatArray:
        now = ratio(columns[f"{kind}_lesion_count"], columns["lesion_count"])
        then = ratio(columns[f"prior_{kind}_lesion_count"], columns["prior_lesion_count"])
        return np.minimum(now, 1.0) - np.minimum(then, 1.0)

    return change


def lesion_count_change(columns: Columns) -> FloatArray:
    """Difference of ln(lesions + 1), now minus then, (n,)."""
    return log_plus_one(columns["lesion_count"]) - log_plus_one(columns["prior_lesion_count"])


FEATURES = (
    Derivation(
        "cac_density_score_change",
        "prior_cac_density_score",
        density_score_change,
        "density factor now minus at the earlier scan",
        _STATIN,
    ),
    Derivation(
        "cac_density_hu_change",
        "prior_cac_density_hu",
        density_hu_change,
        "mean density now minus at the earlier scan, HU",
        _STATIN,
    ),
    Derivation(
        "low_density_share_change",
        "prior_cac_volume_130_199",
        volume_share_change("130_199"),
        "share of the volume at 130-199 HU, now minus at the earlier scan",
        _STATIN,
    ),
    Derivation(
        "middle_density_share_change",
        "prior_cac_volume_200_299",
        volume_share_change("200_299", "300_399"),
        "share of the volume at 200-399 HU, now minus at the earlier scan",
        _STATIN,
    ),
    Derivation(
        "high_density_share_change",
        "prior_cac_volume_400_plus",
        volume_share_change("400_plus"),
        "share of the volume at 400 HU up, now minus at the earlier scan",
        _STATIN,
    ),
    Derivation(
        "spotty_share_change",
        "prior_spotty_lesion_count",
        count_share_change("spotty"),
        "share of lesions that are spotty, now minus at the earlier scan",
        "PMC6963848 (review)",
    ),
    Derivation(
        "sheet_share_change",
        "prior_sheet_lesion_count",
        count_share_change("sheet"),
        "share of lesions that are large and dense, now minus at the earlier scan",
        "PMC6963848 (review)",
    ),
    Derivation(
        "log_lesion_count_change",
        "prior_lesion_count",
        lesion_count_change,
        "ln(lesions + 1), now minus at the earlier scan",
        "PMC6963848 (review)",
    ),
)
