"""What is said of two scans: real or noise, how fast, and whether that was to be expected.

Limits of noise: Chung H et al. AJR 2008;190:W122, doi:10.2214/AJR.07.2726 (MESA, replicate scans of
3,380 people with calcium). From zero: Sevrukov AB et al. AJR 2005 (abstract). These and the
definitions of rates stand in data/reference/progression.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.derivation.calcium import BANDS, agatston, volume
from features.derivation.calcium_change import Measure, annual_change, rescan_limit, root_change
from features.derivation.characteristics import bmi as body_mass_index
from features.derivation.columns import Columns, ratio, where
from features.derivation.scan_technique import made_alike
from features.dictionary.dictionary import Dictionary
from models.progression.law.growth_law import Patients
from models.progression.law.published_law import classify
from models.progression.predictor import ProgressionPredictor

RISE, WITHIN_NOISE, FALL = "rise", "within_noise", "fall"
NOT_COMPARABLE, UNKNOWN = "not_comparable", "unknown"

SENTENCES: Mapping[str, str] = {
    RISE: "a rise beyond what a rescan of the same day would show",
    WITHIN_NOISE: "no more than a rescan of the same day may show: neither growth nor regression",
    FALL: (
        "a fall beyond what a rescan of the same day would show: check both scans; no therapy "
        "has been shown to reverse established calcium"
    ),
    NOT_COMPARABLE: (
        "the scans are not comparable: they were not made alike (scanner, slices, voltage, gating)"
    ),
    UNKNOWN: "no limit is published for this change, or a score is missing",
}

DEFINITIONS: Mapping[str, str] = {
    "agatston_per_year": "(later - first) / years, AU a year; fast from 100 (MESA, CRIC)",
    "percent_per_year": (
        "100 * (later - first) / first / years, percent a year; fast from 15 (Raggi); none from "
        "zero, and of a small first score mostly noise"
    ),
    "root_change": (
        "sqrt(later) - sqrt(first), over the whole interval; progression from 2.5 (Hokanson JE "
        "et al. AJR 2004;182:1327, of volumes; registries use it on Agatston scores as well)"
    ),
}

DENSIFIED = (
    "the score rises while low-density calcium does not: plaque grows denser, as it does on a "
    "statin. This is no reason to stop it"
)

FROM_ZERO = 11.6
FAST, SLOW = 0.8, 0.2
SEEN_BEFORE = (
    "the score is 0 though the earlier scan showed calcium. The 0 counts as it is, as of a person "
    "without calcium: check both scans first"
)

PRIOR = "prior_"
_OF_A_SCAN = ("calcium", "morphology")
VANISHED = "calcium_seen_before"
"""The column of `SEEN_BEFORE`."""
TEXTS = ("change_verdict", "volume_verdict", "growth_published", "growth_model")


def detectable_rise(
    first: FloatArray, bmi: FloatArray, measure: Measure = "agatston"
) -> FloatArray:
    """The upper 95 % limit of a rescan difference, (n,): AU, or mm3 of volume.

    ``first``: first score or volume; ``bmi`` in kg/m2, where it is missing MESA's mean. From zero
    there is a limit of the Agatston score only, and NaN for volume. A score just above zero is no
    more exact than one of zero: the formula, which would say so of a few units, is held there.
    """
    from_zero = FROM_ZERO if measure == "agatston" else np.nan
    limit = np.fmax(rescan_limit(first, bmi, measure), from_zero)
    return np.where(first == 0, from_zero, np.where(first > 0, limit, np.nan))


def limit_of_rescan(columns: Columns) -> FloatArray:
    """How far in AU a rescan of the earlier score may differ (n,): what its verdict goes by."""
    return detectable_rise(columns["prior_cac_agatston"], columns.derived(body_mass_index))


def judge_change(
    first: FloatArray,
    later: FloatArray,
    bmi: FloatArray,
    comparable: npt.NDArray[np.bool_] | None = None,
    measure: Measure = "agatston",
) -> npt.NDArray[np.object_]:
    """The verdict (n,) on each change: one of the keys of `SENTENCES`.

    ``comparable``: (n,), None where all scans were made alike. A fall is judged by the limit of the
    first score. A fall is never called regression.
    """
    limit = detectable_rise(first, bmi, measure)
    change = later - first
    verdict = np.full(np.shape(change), UNKNOWN, dtype=object)
    known = ~np.isnan(change)
    verdict[known & (np.abs(change) <= limit)] = WITHIN_NOISE
    verdict[known & (change > limit)] = RISE
    verdict[known & (-change > limit)] = FALL
    # no change is no change, whatever the limit
    verdict[known & (change == 0)] = WITHIN_NOISE
    if comparable is not None:
        verdict[known & ~comparable] = NOT_COMPARABLE
    return verdict


def is_densified(
    verdict: npt.NDArray[np.object_],
    on_statin: npt.NDArray[np.bool_],
    low_density_before: FloatArray,
    low_density_now: FloatArray,
) -> npt.NDArray[np.bool_]:
    """Where (n,) a real rise on a statin goes with no more low-density calcium (`DENSIFIED`).

    ``low_density_before``, ``_now``: volume of 130 to 199 HU in mm3. Unknown volumes explain
    nothing.
    """
    return np.asarray((verdict == RISE) & on_statin & (low_density_now <= low_density_before))


def judge_change_alone(columns: Columns) -> dict[str, npt.NDArray[Any]]:
    """What published limits and laws say of the change since the earlier scan, without any model.

    ``change_verdict``: a key of `SENTENCES`, by score; ``volume_verdict`` by volume;
    both "" without an earlier scan. ``change_per_year``, ``percent_per_year``, ``root_change``:
    `DEFINITIONS`. ``growth_published``: slow, expected or rapid by the percentile kept (HNR).
    ``densified``: 1 where a rise on a statin is of density (`is_densified`), 0 where not. Of scans
    that are not comparable nothing but that is said: no rate, no pace. ``calcium_seen_before``: 1
    where the score is 0 and the earlier scan showed calcium (`SEEN_BEFORE`), also of these.
    """
    first, before = columns["prior_cac_agatston"], columns["prior_cac_volume"]
    rows = np.flatnonzero(~np.isnan(first) | ~np.isnan(before))
    wanted = [name for name in _names_read() if name in columns]
    twice = Columns(columns.covariates[wanted].iloc[rows], columns.dictionary)
    return {name: _spread(judged, rows, len(first)) for name, judged in _judge(twice).items()}


def _spread(judged: npt.NDArray[Any], rows: npt.NDArray[np.intp], n: int) -> npt.NDArray[Any]:
    """What is said of these rows; of the others of n "", NaN or 0."""
    nothing = {"O": "", "f": np.nan, "i": 0}[judged.dtype.kind]
    spread = np.full(n, nothing, judged.dtype)
    spread[rows] = judged
    return spread


@cache
def _names_read() -> tuple[str, ...]:
    """The variables that changes between two scans are judged by."""
    columns = Columns(pd.DataFrame(), Dictionary.load())
    _judge(columns)
    return tuple(sorted(columns.read))


def _judge(columns: Columns) -> dict[str, npt.NDArray[Any]]:
    first, now = columns["prior_cac_agatston"], columns.derived(agatston)
    years, bmi = columns["prior_scan_years"], columns.derived(body_mass_index)
    before, after = columns["prior_cac_volume"], columns.derived(volume)
    published = classify(first, now, columns["age"] - years, columns["sex"] == 1, years)
    alike = taken_alike(columns)
    published[np.isnan(columns["sex"]) | ~alike] = ""
    verdict = np.where(np.isnan(first), "", judge_change(first, now, bmi, alike))
    by_volume = judge_change(before, after, bmi, alike, measure="volume")
    by_year = columns.derived(annual_change)
    low = [columns[f"{when}cac_volume_{BANDS[0]}"] for when in ("prior_", "")]
    denser = is_densified(verdict, columns["statin_intensity"] > 0, low[0], low[1])
    return {
        "change_verdict": verdict,
        "volume_verdict": np.where(np.isnan(before), "", by_volume),
        "change_per_year": where(alike, by_year, np.nan).round(2),
        "percent_per_year": where(alike, ratio(100 * by_year, first), np.nan).round(2),
        "root_change": where(alike, columns.derived(root_change), np.nan).round(3),
        "growth_published": published,
        "densified": denser.astype(np.int64),
        VANISHED: ((now == 0) & ((first > 0) | (before > 0))).astype(np.int64),
    }


def taken_alike(columns: Columns) -> npt.NDArray[np.bool_]:
    """Whether nothing differs (n,) that is known of how both scans were made."""
    return np.asarray(columns.derived(made_alike) == 1)


def covariates_then(columns: Columns) -> pd.DataFrame:
    """The covariates (n, variables) at the earlier scan: its calcium, and the age on its day.

    Of calcium no more is known than was recorded of that scan. All else stands for what it was.
    """
    now, known = columns.covariates, columns.dictionary
    calcium = {name for name in known if known[name].group in _OF_A_SCAN}
    then = {str(name): now[name] for name in now if name not in calcium}
    for name in sorted(calcium & set(now)):
        if name.startswith(PRIOR) and name.removeprefix(PRIOR) in calcium:
            then[name.removeprefix(PRIOR)] = now[name]
    if "age" in then:
        years = pd.Series(columns["prior_scan_years"], now.index)
        then["age"] = pd.Series(columns["age"], now.index) - years
    return pd.DataFrame(then, index=now.index)


def judge_by_model(
    columns: Columns, predictor: ProgressionPredictor, features: pd.DataFrame
) -> npt.NDArray[np.object_]:
    """Slow, expected or rapid (n,) by the model: below its 20 %, above its 80 % for such a patient.

    ``features``: of `covariates_then`, so that nothing that came later foretells itself; "" where
    the scans are not comparable.
    """
    first, now = columns["prior_cac_agatston"], columns.derived(agatston)
    years, bmi = columns["prior_scan_years"], columns.derived(body_mass_index)
    compared = where(taken_alike(columns), first, np.nan)
    return classify_by_model(predictor, features, compared, now, years, bmi)


def classify_by_model(
    predictor: ProgressionPredictor,
    features: pd.DataFrame,
    first: FloatArray,
    now: FloatArray,
    years: FloatArray,
    bmi: FloatArray,
) -> npt.NDArray[np.object_]:
    """ "slow", "expected" or "rapid" (n,): where the score of now lay in the model's forecast.

    "" where a score is missing or the scans lie further apart than those learnt from.
    """
    found = np.full(len(first), "", dtype=object)
    usable = ~np.isnan(first) & ~np.isnan(now) & (years > 0) & (years <= predictor.longest)
    if not usable.any():
        return found
    rows = np.flatnonzero(usable)
    then = features.iloc[rows].copy()
    # where the score of that scan is none that features were made of
    then["log_cac"], then["cac_zero"] = np.log1p(first[rows]), (first[rows] == 0).astype(float)
    patients: Patients = predictor.patients(then, first[rows], bmi[rows])
    at = predictor.law.cdf(patients, np.maximum(now[rows], 0.0)[:, None], years[rows])[:, 0]
    # of a score of zero all that lies at zero is at or below it
    below = np.where(now[rows] == 0, np.minimum(at, 0.5), at)
    named = np.where(below > FAST, "rapid", np.where(below < SLOW, "slow", "expected"))
    found[rows] = named
    return found
