"""Whether intervals hold the truth, where the truth is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray

CAC_GROUPS = ("0", "1-99", "100-399", "400 and above")
_CUTS = (1.0, 100.0, 400.0)


def cac_group(score: FloatArray) -> npt.NDArray[np.intp]:
    """Position in ``CAC_GROUPS`` (n,) of Agatston scores without missing values."""
    return np.asarray(np.digitize(score, _CUTS), dtype=np.intp)


def measure_coverage(
    limits: FloatArray, truth: FloatArray, group: npt.NDArray[np.intp]
) -> pd.DataFrame:
    """Share of patients whose true risk (n,) lies within low and high (n, 2), by CAC group.

    Rows "all" and ``CAC_GROUPS``; columns ``patients``, ``coverage``, ``width`` (mean width of the
    interval, as a fraction). A group without patients is left out.
    """
    held = (limits[:, 0] <= truth) & (truth <= limits[:, 1])
    width = limits[:, 1] - limits[:, 0]
    masks = {"all": np.ones(len(truth), bool)}
    masks |= {name: group == position for position, name in enumerate(CAC_GROUPS)}
    rows = {
        name: {
            "patients": int(mask.sum()),
            "coverage": held[mask].mean(),
            "width": width[mask].mean(),
        }
        for name, mask in masks.items()
        if mask.any()
    }
    return pd.DataFrame.from_dict(rows, orient="index")
