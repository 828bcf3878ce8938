"""Disease of the arteries that is known of a patient: whose next event is not the first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.dictionary.prior import Priors

KNOWN_DISEASE = ("prior_cad", "prior_stroke", "prior_pad", "prior_aaa", "prior_pci")
_TENTHS = 10  # an exact share would tell how many patients have it


def share_with_known_disease(values: pd.DataFrame, weight: FloatArray | None = None) -> float:
    """Share of the patients (n,) with known disease, in tenths; 0 where nobody's is recorded.

    ``values``: 0 or 1 by `KNOWN_DISEASE`, NaN where unknown; columns may be absent. Who is recorded
    to have one has it, who is not recorded to have or not to have any is not counted. Where a
    disease is recorded of those who have it alone, as in a list of diagnoses, a gap is a no.
    """
    recorded = values[[name for name in KNOWN_DISEASE if name in values]].to_numpy(np.float64)
    never_denied = (recorded == 1.0).any(axis=0) & ~(recorded == 0.0).any(axis=0)
    recorded = np.where(never_denied & np.isnan(recorded), 0.0, recorded)
    told = ~np.isnan(recorded).all(axis=1)
    if not told.any():
        return 0.0
    has = (recorded[told] == 1.0).any(axis=1)
    share = np.average(has, weights=None if weight is None else weight[told])
    return float(np.round(share * _TENTHS) / _TENTHS)


def known_among(
    priors: Priors | None, values: pd.DataFrame, weight: FloatArray, any_death: bool
) -> Priors:
    """What is known among these patients (n,); ``values`` as of `share_with_known_disease`.

    A share that the priors say holds: a model need not be shown who has the disease.
    """
    known = priors or Priors()
    share = known.known_disease
    if share is None:
        share = share_with_known_disease(values, weight)
    return known.among(share, any_death)
