"""How two scans were made: what of the earlier one may be set beside the latest."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
from features.derivation.columns import Columns, where

COMPARABLE = "prior_scan_comparable"
# How a scan was made, and by how much it may differ; types of scanner and gating by their codes.
_TECHNIQUE = {"scan_technique": 0.5, "slice_thickness": 0.1, "tube_voltage": 0.5, "ecg_gating": 0.5}
OF_TECHNIQUE = (*_TECHNIQUE, *(f"prior_{name}" for name in _TECHNIQUE), COMPARABLE)
"""What says whether two scans were made alike; no more than that follows from it."""


def find_differences(columns: Columns) -> dict[str, BoolArray]:
    """By variable of how a scan is made: where (n,) this one and the earlier one differ in it.

    What is not known of one of them speaks against nothing. Who knows both may have said that they
    differ (`COMPARABLE`): `calcirisk lesions` compares what headers say of machine and kernel.
    """
    differs = {
        name: np.abs(columns[name] - columns[f"prior_{name}"]) > tolerance
        for name, tolerance in _TECHNIQUE.items()
    }
    if COMPARABLE in columns.dictionary:  # not in that of a model trained before it was known
        differs[COMPARABLE] = columns[COMPARABLE] == 0
    return differs


def made_alike(columns: Columns) -> FloatArray:
    """1, (n,), where nothing differs that is known of how both scans were made, else NaN."""
    return where(np.any(list(find_differences(columns).values()), axis=0), np.nan, 1.0)
