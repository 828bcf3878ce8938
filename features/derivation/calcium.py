"""Calcium: how much, in which vessels, and where that stands among people of the same kind.

Percentiles for age, sex and ethnicity: McClelland RL et al. Circulation 2006;113:30-37, table 2
(MESA, 45 years and older, four ethnic groups); Hoff JA et al. Am J Cardiol 2001;87:1335-1339 (no
ethnicity), for those below 45 years or of no or another ethnicity.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.derivation.columns import Columns, Derivation, first_known, flag, log_plus_one, where
from features.dictionary.data_files import data_file

VESSELS = ("lm", "lad", "lcx", "rca")
BANDS = ("130_199", "200_299", "300_399", "400_plus")
VESSEL_SCORES = tuple(f"cac_agatston_{vessel}" for vessel in VESSELS)
BAND_VOLUMES = tuple(f"cac_volume_{band}" for band in BANDS)
EARLIER_CALCIUM = ("prior_cac_agatston", "prior_cac_volume")
OF_CALCIUM = (
    *("cac_volume", "cac_mass", "cac_density_hu", "cac_density_score", "largest_lesion_volume"),
    *BAND_VOLUMES,
    *("lesion_count", "spotty_lesion_count", "sheet_lesion_count", "vessel_count"),
)
"""What is above 0 where there is calcium alone."""
_MCCLELLAND_2009 = "McClelland RL et al. Am J Cardiol 2009;103:59-63"
_DETRANO = "Detrano R et al. N Engl J Med 2008;358:1336-1345"
MESA_FROM_YEARS = 45
HIGHEST = 99.9
_SEXES = ("Female", "Male")
_ETHNICITIES = ("White", "Black", "Hispanic", "Chinese")
# The open bands are taken to be five years wide, as their neighbours are.
_HOFF_AGES = {"<40": 37.5, ">74": 77.5}
_LOWEST_SCORE = float(np.log1p(1.0))


def agatston(columns: Columns) -> FloatArray:
    """Total Agatston score, AU, (n,): as recorded, else the sum of the four vessels.

    That no lesion was counted is no score of 0: of who was not scanned there are none to count.
    """
    vessels = [columns[name] for name in VESSEL_SCORES]
    return first_known(columns["cac_agatston"], np.sum(vessels, axis=0))


def read_score(score: float) -> float:
    """A score as it is said and classed, AU: zero is no calcium at all, any calcium is at least 1.

    >>> read_score(0.0), read_score(0.3), read_score(12.4)
    (0.0, 1.0, 12.4)
    """
    return max(score, 1.0) if score > 0 else score


def has_none(columns: Columns) -> FloatArray:
    """1 where the total score is 0, (n,)."""
    score = columns.derived(agatston)
    return flag(score == 0, score)


def volume(columns: Columns) -> FloatArray:
    """Calcium volume, mm3, (n,): as recorded, else the sum of the four bands of density."""
    bands = [columns[name] for name in BAND_VOLUMES]
    return zero_without_calcium(columns, first_known(columns["cac_volume"], np.sum(bands, axis=0)))


def zero_without_calcium(columns: Columns, values: FloatArray) -> FloatArray:
    """The values, (n,); a missing one is 0 where the score is known to be 0."""
    return where(np.isnan(values) & (columns.derived(agatston) == 0), 0.0, values)


def vessel_score(columns: Columns, vessel: str) -> FloatArray:
    """Agatston score of one vessel, AU, (n,)."""
    return zero_without_calcium(columns, columns[f"cac_agatston_{vessel}"])


def vessel_scores(columns: Columns) -> FloatArray:
    """Agatston scores of left main, LAD, LCX and RCA, AU, (4, n)."""
    return np.array([vessel_score(columns, vessel) for vessel in VESSELS])


def arterial_age(score: FloatArray) -> FloatArray:
    """Age in years, (n,), at which this score is the expected one: 39.1 + 7.25 ln(CAC + 1).

    Source: McClelland RL et al. Am J Cardiol 2009;103:59-63.
    """
    return 39.1 + 7.25 * log_plus_one(score)


def _vessel_feature(vessel: str) -> Derivation:
    name = f"cac_agatston_{vessel}"
    return Derivation(
        f"log_{name}",
        name,
        lambda columns: log_plus_one(vessel_score(columns, vessel)),
        "ln(x + 1)",
        "",
    )


def _left_main(columns: Columns) -> FloatArray:
    score = vessel_score(columns, "lm")
    return flag(score > 0, score)


CALCIUM = (
    Derivation(
        "log_cac",
        "cac_agatston",
        lambda columns: log_plus_one(columns.derived(agatston)),
        "ln(Agatston + 1)",
        _DETRANO,
    ),
    Derivation(
        "cac_zero",
        "cac_agatston",
        has_none,
        "no calcium at all: yes or no",
        _DETRANO,
        monotone=-1,
        why_monotone="The flag is set where the score is lowest",
    ),
    Derivation(
        "cac_percentile",
        "cac_agatston",
        lambda columns: columns.derived(cac_percentile),
        "percentile for age, sex and ethnicity",
        "McClelland RL et al. Circulation 2006;113:30-37; Hoff JA et al. Am J Cardiol 2001;87:1335",
        shown_only="It falls as age rises, and age may only raise risk",
    ),
    Derivation(
        "arterial_age",
        "cac_agatston",
        lambda columns: arterial_age(columns.derived(agatston)),
        "39.1 + 7.25 ln(Agatston + 1), years",
        _MCCLELLAND_2009,
        shown_only="The logarithm of the score on another scale",
    ),
    Derivation(
        "arterial_age_excess",
        "cac_agatston",
        lambda columns: arterial_age(columns.derived(agatston)) - columns["age"],
        "arterial age minus age, years",
        _MCCLELLAND_2009,
        shown_only="It falls as age rises, and age may only raise risk",
    ),
    *(_vessel_feature(vessel) for vessel in VESSELS),
    Derivation(
        "left_main_calcium",
        "cac_agatston_lm",
        _left_main,
        "any calcium in the left main: yes or no",
        "Lahti SJ et al. Atherosclerosis 2019 (CAC Consortium)",
    ),
    Derivation(
        "log_cac_volume",
        "cac_volume",
        lambda columns: log_plus_one(columns.derived(volume)),
        "ln(mm3 + 1)",
        "Criqui MH et al. JAMA 2014;311:271-278",
    ),
    Derivation(
        "log_cac_mass",
        "cac_mass",
        lambda columns: log_plus_one(zero_without_calcium(columns, columns["cac_mass"])),
        "ln(mg + 1)",
        "",
    ),
)


@dataclass(frozen=True)
class PercentileTable:
    """``log_scores``: ln(score + 1), (strata, ages, percents), at the middle of each age band."""

    ages: FloatArray
    percents: FloatArray
    log_scores: FloatArray

    def at(self, stratum: npt.NDArray[np.intp], age: FloatArray) -> FloatArray:
        """(n, percents) ln(score + 1), linear in age between the middles of the bands."""
        left = np.clip(np.searchsorted(self.ages, age, "right") - 1, 0, len(self.ages) - 2)
        weight = (age - self.ages[left]) / (self.ages[left + 1] - self.ages[left])
        weight = np.clip(weight, 0.0, 1.0)
        # percent after percent, so that each is one stretch of memory
        by_percent = self.log_scores.transpose(2, 0, 1).reshape(len(self.percents), -1)
        cell = stratum * len(self.ages) + left
        younger, older = by_percent.take(cell, axis=1), by_percent.take(cell + 1, axis=1)
        return np.asarray(((1 - weight) * younger + weight * older).T)


def cac_percentile(columns: Columns) -> FloatArray:
    """Percentile, (n,) 0 to 99.9, of the total Agatston score for age, sex and ethnicity.

    NaN where score, age or sex is missing.
    """
    score, age, sex = columns.derived(agatston), columns["age"], columns["sex"]
    ethnicity = columns["ethnicity"]
    result = np.full(len(score), np.nan)
    known = ~np.isnan([score, age, sex]).any(axis=0)
    mesa = known & (age >= MESA_FROM_YEARS) & (ethnicity < len(_ETHNICITIES))
    for rows, table, groups in (
        (mesa, mesa_table, len(_ETHNICITIES)),
        (known & ~mesa, hoff_table, 1),
    ):
        if rows.any():
            group = ethnicity[rows] if groups > 1 else np.zeros(int(rows.sum()))
            stratum = (sex[rows] * groups + group).astype(np.intp)
            curves = table().at(stratum, age[rows])
            result[rows] = percentile_on_curve(score[rows], curves, table().percents)
    return result


def percentile_on_curve(score: FloatArray, curves: FloatArray, percents: FloatArray) -> FloatArray:
    """Percentile of each score, (n,), on its own curve (n, percents) of ln(score + 1).

    Linear in ln(score + 1) between the curve's points; above the last one the share of people
    above falls exponentially, as steep as in the last interval. Many people have a score of
    zero: they share the middle of the ranks below a score of 1.
    """
    positive = np.maximum(_interpolate(np.log1p(score), curves, percents), 0.0)
    middle_of_zeros = _interpolate(np.full(len(score), _LOWEST_SCORE), curves, percents) / 2
    percentile = where(score > 0, np.maximum(positive, middle_of_zeros), middle_of_zeros)
    return where(score >= 0, np.minimum(percentile, HIGHEST), np.nan)


def _interpolate(log_score: FloatArray, curves: FloatArray, percents: FloatArray) -> FloatArray:
    knots = [np.zeros(len(curves)), *curves.T]
    shares = [0.0, *percents]
    result = np.zeros(len(curves))
    for left in range(len(knots) - 1):
        width = knots[left + 1] - knots[left]
        slope = (shares[left + 1] - shares[left]) / where(width > 0, width, 1.0)
        inside = shares[left] + slope * (log_score - knots[left])
        # where it lies above a later knot, too, that one has the last word
        result = where(log_score >= knots[left], inside, result)
    above = 100.0 - shares[-1]
    beyond = np.maximum(log_score - knots[-1], 0.0)
    tail = 100.0 - above * np.exp(-slope * beyond / above)
    return where(log_score >= knots[-1], tail, result)


@cache
def mesa_table() -> PercentileTable:
    """McClelland 2006: strata are sex (female, male) times white, black, hispanic, chinese."""
    strata = [(sex, group) for sex in _SEXES for group in _ETHNICITIES]
    rows = _read("reference/mesa_cac_percentile_cutoffs.csv")
    keyed = [((row["sex"], row["race"]), row) for row in rows]
    return _table(strata, keyed, ("p25", "p50", "p75", "p90", "p95"))


@cache
def hoff_table() -> PercentileTable:
    """Hoff 2001: strata are female, male."""
    rows = _read("reference/hoff2001_cac_percentile_cutoffs.csv")
    keyed = [((row["sex"],), row) for row in rows]
    return _table([(sex,) for sex in _SEXES], keyed, ("p25", "p50", "p75", "p90"))


def _read(name: str) -> list[dict[str, str]]:
    with data_file(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _table(
    strata: Sequence[tuple[str, ...]],
    keyed_rows: Sequence[tuple[tuple[str, ...], dict[str, str]]],
    columns: tuple[str, ...],
) -> PercentileTable:
    scores = {
        (stratum, _middle(row["age_band"])): [float(row[column]) for column in columns]
        for stratum, row in keyed_rows
    }
    ages = sorted({age for _, age in scores})
    grid = [[scores[stratum, age] for age in ages] for stratum in strata]
    percents = np.array([float(column[1:]) for column in columns])
    return PercentileTable(np.array(ages), percents, np.log1p(np.array(grid)))


def _middle(age_band: str) -> float:
    if age_band in _HOFF_AGES:
        return _HOFF_AGES[age_band]
    first, last = (float(age) for age in age_band.split("-"))
    return (first + last + 1) / 2
