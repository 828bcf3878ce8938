"""How calcium changed since an earlier scan."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.arrays import first_known, flag, ratio, signed_log
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation
from features.derivation.scan.burden import agatston, has_none, volume

_BUDOFF_2013 = "Budoff MJ et al. J Am Coll Cardiol 2013;61:1231-1239"
_HOKANSON = "Hokanson JE et al. AJR 2004;182:1327"


def annual_change(columns: Columns) -> FloatArray:
    """Change of the Agatston score, AU a year, (n,)."""
    change = columns.derived(agatston) - columns["prior_cac_agatston"]
    return ratio(change, columns["prior_scan_years"])


def annual_percent_change(columns: Columns) -> FloatArray:
    """Change of the Agatston score, percent of the earlier one a year, (n,); NaN from zero."""
    return 100.0 * ratio(columns.derived(annual_change), columns["prior_cac_agatston"])


def root_change(columns: Columns) -> FloatArray:
    """Square root of volume now minus at the earlier scan, (n,); of the score without volumes.

    Source: Hokanson JE et al. AJR 2004;182:1327.
    """
    by_volume = np.sqrt(columns.derived(volume)) - np.sqrt(columns["prior_cac_volume"])
    by_score = np.sqrt(columns.derived(agatston)) - np.sqrt(columns["prior_cac_agatston"])
    return first_known(by_volume, by_score)


def _had_none(columns: Columns) -> FloatArray:
    prior = columns["prior_cac_agatston"]
    return flag(prior == 0, prior)


FEATURES = (
    Derivation(
        "cac_change_per_year",
        "prior_cac_agatston",
        lambda columns: signed_log(columns.derived(annual_change)),
        "change of the score, AU a year, signed ln(|x| + 1)",
        _BUDOFF_2013,
        monotone=1,
        why_monotone="It rises with the latest score",
    ),
    Derivation(
        "cac_percent_change_per_year",
        "prior_cac_agatston",
        lambda columns: signed_log(columns.derived(annual_percent_change)),
        "change of the score, percent a year, signed ln(|x| + 1)",
        _BUDOFF_2013,
        monotone=1,
        why_monotone="It rises with the latest score",
    ),
    Derivation(
        "cac_new",
        "prior_cac_agatston",
        lambda columns: columns.derived(_had_none) * (1 - columns.derived(has_none)),
        "calcium where the earlier scan had none: yes or no",
        "Kronmal RA et al. Circulation 2007;115:2722-2730",
        monotone=1,
        why_monotone="It needs calcium in the latest scan",
    ),
    Derivation(
        "cac_zero_twice",
        "prior_cac_agatston",
        lambda columns: columns.derived(_had_none) * columns.derived(has_none),
        "no calcium at either scan: yes or no",
        "Lehmann N et al. Circulation 2018;137:665-679",
        monotone=-1,
        why_monotone="It needs a latest scan without calcium",
    ),
    Derivation(
        "cac_root_change_per_year",
        "prior_cac_volume",
        lambda columns: ratio(columns.derived(root_change), columns["prior_scan_years"]),
        "difference of the square roots of volume, a year",
        _HOKANSON,
        monotone=1,
        why_monotone="It rises with the latest volume",
    ),
)
