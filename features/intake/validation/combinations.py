"""Combinations of values that cannot be true of one patient: a table of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.array_types import BoolArray
from features.derivation.columns import Columns
from features.derivation.morphology import SLICE_MM, possible_density_score
from features.intake.validation.findings import Findings

_VESSELS = ("cac_agatston_lm", "cac_agatston_lad", "cac_agatston_lcx", "cac_agatston_rca")
_BANDS = ("cac_volume_130_199", "cac_volume_200_299", "cac_volume_300_399", "cac_volume_400_plus")


@dataclass(frozen=True)
class Combination:
    """``broken`` tells, row by row, where the variables contradict one another.

    A comparison with a missing value is false, so a gap never breaks a rule. ``may_change``: each
    of the variables may have been true on a day of its own.
    """

    name: str
    variables: tuple[str, ...]
    broken: Callable[[Columns], BoolArray]
    remedy: str
    may_change: bool = True


def _more_than(
    column: str, other: str, relative: float = 0.0, absolute: float = 0.0
) -> Combination:
    """``column`` may exceed ``other`` by a relative or absolute tolerance, not by more."""

    def broken(x: Columns) -> BoolArray:
        allowed = np.maximum(x[other] * (1 + relative), x[other] + absolute)
        return np.asarray(x[column] > allowed)

    return Combination(f"{column} above {other}", (column, other), broken, "Correct one of the two")


def _vessels_differ(x: Columns) -> BoolArray:
    total, vessels = x["cac_agatston"], sum(x[name] for name in _VESSELS)
    # Rounding of four scores, or 2 % of the total, is no contradiction.
    return np.asarray(np.abs(vessels - total) > np.maximum(0.02 * total, 2))


def _bands_exceed(x: Columns) -> BoolArray:
    volume, bands = x["cac_volume"], sum(np.nan_to_num(x[name]) for name in _BANDS)
    return np.asarray(bands > np.maximum(1.05 * volume, volume + 2))


def _index_differs(x: Columns) -> BoolArray:
    worked_out = x["weight"] / (x["height"] / 100) ** 2
    return np.asarray(np.abs(x["bmi"] - worked_out) > 0.15 * x["bmi"])


def _is(x: Columns, name: str, *codes: str) -> BoolArray:
    """Where the category has one of the codes."""
    return np.asarray(np.any([x.is_code(name, code) == 1 for code in codes], axis=0))


def _without_a_statin(detail: str) -> Combination:
    return Combination(
        f"{detail} without a statin",
        (detail, "statin_intensity"),
        lambda x: ~np.isnan(x[detail]) & _is(x, "statin_intensity", "none"),
        "Correct one of the two",
    )


def _anticoagulant_differs(x: Columns) -> BoolArray:
    by_class = x.is_code("anticoagulant", "vitamin_k_antagonist")
    known = ~np.isnan(by_class) & ~np.isnan(x["vitamin_k_antagonist"])
    return np.asarray(known & (by_class != x["vitamin_k_antagonist"]))


def _in_a_man(name: str) -> Combination:
    return Combination(
        f"{name} in a man",
        (name, "sex"),
        # a recorded "no" is true of a man, too
        lambda x: (x[name] > 0) & _is(x, "sex", "male"),
        "Leave it empty or correct the sex",
        may_change=False,
    )


def _without_lipid_therapy(drug: str) -> Combination:
    return Combination(
        f"{drug} without lipid-lowering therapy",
        (drug, "lipid_lowering"),
        lambda x: (x[drug] == 1) & (x["lipid_lowering"] == 0),
        "Correct one of the two",
    )


COMBINATIONS: tuple[Combination, ...] = (
    Combination(
        "years since quitting in a never-smoker",
        ("years_since_quitting", "smoking_status"),
        lambda x: (x["years_since_quitting"] > 0) & _is(x, "smoking_status", "never"),
        "Leave the years empty or correct the status",
        may_change=False,
    ),
    Combination(
        "years since quitting in a current smoker",
        ("years_since_quitting", "smoking_status"),
        lambda x: (x["years_since_quitting"] > 0) & _is(x, "smoking_status", "current"),
        "Leave the years empty or correct the status",
    ),
    Combination(
        "pack-years in a never-smoker",
        ("pack_years", "smoking_status"),
        lambda x: (x["pack_years"] > 0) & _is(x, "smoking_status", "never"),
        "Set the pack-years to 0 or correct the status",
        may_change=False,
    ),
    Combination(
        "cigarettes a day without smoking now",
        ("cigarettes_per_day", "smoking_status"),
        lambda x: (x["cigarettes_per_day"] > 0) & _is(x, "smoking_status", "never", "former"),
        "Set the cigarettes to 0 or correct the status",
    ),
    Combination(
        "vessel scores that do not add up to the total",
        (*_VESSELS, "cac_agatston"),
        _vessels_differ,
        "Correct the total or the vessels",
    ),
    *(_more_than(vessel, "cac_agatston", 0.02, 2) for vessel in _VESSELS),
    Combination(
        "Agatston score above zero with a volume of zero",
        ("cac_volume", "cac_agatston"),
        lambda x: (x["cac_volume"] == 0) & (x["cac_agatston"] > 0),
        "Correct one of the two",
    ),
    Combination(
        "volumes by density that exceed the whole volume",
        (*_BANDS, "cac_volume"),
        _bands_exceed,
        "Correct the volume or its bands",
    ),
    Combination(
        "lesions or vessels counted with an Agatston score of zero",
        ("lesion_count", "cac_agatston"),
        lambda x: (x["lesion_count"] > 0) & (x["cac_agatston"] == 0),
        "Correct one of the two",
    ),
    _more_than("spotty_lesion_count", "lesion_count"),
    _more_than("sheet_lesion_count", "lesion_count"),
    _more_than("prior_spotty_lesion_count", "prior_lesion_count"),
    _more_than("prior_sheet_lesion_count", "prior_lesion_count"),
    _more_than("largest_lesion_volume", "cac_volume", 0.05, 2),
    Combination(
        "an earlier scan without its date",
        ("prior_cac_agatston", "prior_scan_years"),
        lambda x: ~np.isnan(x["prior_cac_agatston"]) & np.isnan(x["prior_scan_years"]),
        "Give prior_scan_years or leave the earlier score empty",
    ),
    Combination(
        "diastolic pressure at or above systolic",
        ("diastolic_bp", "systolic_bp"),
        lambda x: x["diastolic_bp"] >= x["systolic_bp"],
        "They may be swapped",
    ),
    Combination(
        "HDL at or above total cholesterol",
        ("hdl_cholesterol", "total_cholesterol"),
        lambda x: x["hdl_cholesterol"] >= x["total_cholesterol"],
        "They may be swapped or in different units",
    ),
    Combination(
        "LDL at or above total cholesterol",
        ("ldl_cholesterol", "total_cholesterol"),
        lambda x: x["ldl_cholesterol"] >= x["total_cholesterol"],
        "They may be swapped or in different units",
    ),
    Combination(
        "statin years without a statin",
        ("statin_years", "statin_intensity"),
        lambda x: (x["statin_years"] > 0) & _is(x, "statin_intensity", "none"),
        "Statin years count present use: set them to 0",
    ),
    Combination(
        "a statin without lipid-lowering therapy",
        ("statin_intensity", "lipid_lowering"),
        lambda x: (
            _is(x, "statin_intensity", "low", "moderate", "high") & (x["lipid_lowering"] == 0)
        ),
        "Correct one of the two",
    ),
    *(_without_a_statin(detail) for detail in ("statin_drug", "statin_dose")),
    Combination(
        "an anticoagulant that contradicts the vitamin K antagonist",
        ("anticoagulant", "vitamin_k_antagonist"),
        _anticoagulant_differs,
        "Correct one of the two",
    ),
    *(_in_a_man(name) for name in ("preeclampsia", "menopause_age")),
    _more_than("menopause_age", "age"),
    _more_than("noncalcified_plaque_volume", "plaque_volume", 0.05, 2),
    *(_without_lipid_therapy(drug) for drug in ("ezetimibe", "pcsk9_inhibitor", "bempedoic_acid")),
    Combination(
        "body mass index that height and weight contradict",
        ("bmi", "height", "weight"),
        _index_differs,
        "Check the units of height and weight",
    ),
    _more_than("years_since_quitting", "age"),
    _more_than("statin_years", "age"),
    _more_than("prior_scan_years", "age"),
)


def check_combinations(columns: Columns, findings: Findings) -> None:
    """Reject the rows (index of the covariates) that break a rule whose variables are all there."""
    there, rows = set(columns.covariates.columns), columns.covariates.index
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for rule in COMBINATIONS:
            if there.issuperset(rule.variables):
                broken = rule.broken(columns)
                if broken.any():
                    named = ", ".join(rule.variables)
                    findings.reject(named, rule.name, rule.remedy, pd.Series(broken, rows))
    _warn_of_impossible_density(columns, findings)


def _warn_of_impossible_density(columns: Columns, findings: Findings) -> None:
    """A score that no density of 1 to 4 gives at its volume; the rows stay, without a density."""
    if not {"cac_agatston", "cac_volume"} <= set(columns.covariates.columns):
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        score = SLICE_MM * columns["cac_agatston"] / columns["cac_volume"]
    known = (columns["cac_volume"] > 0) & (columns["cac_agatston"] > 0)
    impossible = int((known & np.isnan(possible_density_score(score))).sum())
    if impossible:
        rule = "is not 1 to 4 times the area at this volume, so that density is left missing"
        remedy = "Give a score and volume of slices of 3 mm, not an interpolated volume"
        findings.warn("cac_agatston", rule, remedy, impossible)
