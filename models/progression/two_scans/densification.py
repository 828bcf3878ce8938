"""A score that rises because plaque grows denser, as it does on a statin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.progression.two_scans.repeatability import RISE

DENSIFIED = (
    "the score rises while low-density calcium does not: plaque grows denser, as it does on a "
    "statin. This is no reason to stop it"
)


def explain_rise(
    verdict: npt.NDArray[np.object_],
    on_statin: npt.NDArray[np.bool_],
    low_density_before: FloatArray,
    low_density_now: FloatArray,
) -> npt.NDArray[np.object_]:
    """`DENSIFIED` (n,) where a real rise on a statin goes with no more low-density calcium.

    ``low_density_before``, ``_now``: volume of 130 to 199 HU in mm3. "" everywhere else: unknown
    volumes explain nothing.
    """
    denser = low_density_now <= low_density_before
    return np.where((verdict == RISE) & on_statin & denser, DENSIFIED, "")
