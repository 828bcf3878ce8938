"""Calcium: its burden on scales a hazard follows, and in which vessels it lies."""

from __future__ import annotations

from features.array_types import FloatArray
from features.derivation.arrays import flag, log_plus_one
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation
from features.derivation.scan.burden import (
    VESSELS,
    agatston,
    has_none,
    vessel_score,
    volume,
    zero_without_calcium,
)
from features.derivation.scan.percentile import cac_percentile

_MCCLELLAND_2009 = "McClelland RL et al. Am J Cardiol 2009;103:59-63"
_DETRANO = "Detrano R et al. N Engl J Med 2008;358:1336-1345"


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


FEATURES = (
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
