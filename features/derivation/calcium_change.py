"""How calcium changed since an earlier scan: how much, of what kind, and what a rescan may show.

How far two scans of the same day differ: Chung H et al. AJR 2008;190:W122, doi:10.2214/AJR.07.2726
(MESA, replicate scans of 3,380 people with calcium).

Of the kind of calcium, what is aimed at is calcium that grows denser and more solid, whatever its
amount does. Each change is now minus then, of a share or a density, so that it says nothing of how
much calcium there is. It exists where both scans showed calcium. Micro-calcification (0.5 to 15
micrometres) is far below what CT resolves: what is followed here is its visible stand-in.

Of scans that are known to have been made differently no change follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from features.array_types import FloatArray
from features.derivation.calcium import agatston, has_none, volume
from features.derivation.columns import (
    Columns,
    Derivation,
    first_known,
    flag,
    log_plus_one,
    ratio,
    signed_log,
    where,
)
from features.derivation.morphology import density_score
from features.derivation.scan_technique import made_alike

Measure = Literal["agatston", "volume"]

# Mean of MESA (Budoff MJ et al. Eur Heart J 2018;39:2401, table 1), where it is not known.
USUAL_BMI = 28.3

# share of the score, of its square root, of the body mass index; constant
_COEFFICIENTS: Mapping[Measure, tuple[float, float, float, float]] = {
    "agatston": (0.17, 4.89, 0.44, -10.84),
    "volume": (0.16, 4.30, 0.23, -5.00),
}
_BUDOFF_2013 = "Budoff MJ et al. J Am Coll Cardiol 2013;61:1231-1239"
_HOKANSON = "Hokanson JE et al. AJR 2004;182:1327"
_STATIN = (
    "van Rosendael AR et al. JAMA Cardiol 2021;6:1257, doi:10.1001/jamacardio.2021.3055 (calcium "
    "turns denser under statins; read in source)"
)


def rescan_limit(first: FloatArray, bmi: FloatArray, measure: Measure) -> FloatArray:
    """The upper 95 % limit of a rescan difference (n,), AU or mm3, around a first one above zero.

    ``bmi`` in kg/m2; where it is missing MESA's mean is taken.
    """
    share, root, weight, constant = _COEFFICIENTS[measure]
    body = np.where(np.isnan(bmi), USUAL_BMI, bmi)
    positive = np.maximum(first, 0.0)
    limit = share * positive + root * np.sqrt(positive) + weight * body + constant
    return np.asarray(np.maximum(limit, 0.0))


def rescan_spread(score: FloatArray, bmi: FloatArray) -> FloatArray:
    """Standard deviation (n,) of a rescan difference in AU around a score above zero.

    The published limit is the upper end of a 95 % interval of normal differences. What body mass
    adds is held at 0 or more, so that a higher true score is never less likely to pass a threshold.
    """
    share, root, weight, constant = _COEFFICIENTS["agatston"]
    body = np.where(np.isnan(bmi), USUAL_BMI, bmi)
    limit = share * score + root * np.sqrt(np.maximum(score, 0.0))
    return np.asarray((limit + np.maximum(weight * body + constant, 0.0)) / 1.96)


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


def _of_scans_made_alike(*changes: Derivation) -> tuple[Derivation, ...]:
    """The changes, unknown where the two scans are known to have been made differently."""

    def alike(change: Derivation) -> Derivation:
        return replace(change, compute=lambda x: x.derived(made_alike) * change.compute(x))

    return tuple(map(alike, changes))


SCORE_CHANGE = _of_scans_made_alike(
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


MORPHOLOGY_CHANGE = _of_scans_made_alike(
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
