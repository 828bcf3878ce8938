"""What it takes for values to contradict one another: the parts that rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from features.array_types import BoolArray
from features.derivation.calcium import BAND_VOLUMES, VESSEL_SCORES
from features.derivation.columns import Columns
from features.derivation.therapy import INTENSITY, STATIN_DETAILS

# Single voxels that are too small to be scored may still count in a volume.
MORE_THAN_SPECKS_MM3 = 50.0


@dataclass(frozen=True)
class Combination:
    """``broken`` tells, row by row, where the variables contradict one another.

    A comparison with a missing value is false, so a gap never breaks a rule. ``may_change``: each
    of the variables may have been true on a day of its own. ``gaps``: it can be broken by some of
    the variables, so that a file need not have all of their columns.
    """

    name: str
    variables: tuple[str, ...]
    broken: Callable[[Columns], BoolArray]
    remedy: str
    may_change: bool = True
    gaps: bool = False

    def applies(self, there: Collection[str]) -> bool:
        """Whether these variables are enough to break the rule."""
        known = sum(name in there for name in self.variables)
        return known > 1 if self.gaps else known == len(self.variables)


def more_than(column: str, other: str, relative: float = 0.0, absolute: float = 0.0) -> Combination:
    """``column`` may exceed ``other`` by a relative or absolute tolerance, not by more."""

    def broken(x: Columns) -> BoolArray:
        allowed = np.maximum(x[other] * (1 + relative), x[other] + absolute)
        return np.asarray(x[column] > allowed)

    return Combination(f"{column} above {other}", (column, other), broken, "Correct one of the two")


def vessels_differ(x: Columns) -> BoolArray:
    """All four beside the total; of fewer, whether they exceed it."""
    total, vessels = x["cac_agatston"], sum(x[name] for name in VESSEL_SCORES)
    known = sum(np.nan_to_num(x[name]) for name in VESSEL_SCORES)
    # Rounding of four scores, or 2 % of the total, is no contradiction.
    allowed = np.maximum(0.02 * total, 2)
    return np.asarray((np.abs(vessels - total) > allowed) | (known - total > allowed))


def vessels_miscounted(x: Columns) -> BoolArray:
    """More vessels with a score than are counted; where all four are known, fewer as well.

    Some count the left main with the LAD.
    """
    lm, *others = (x[name] for name in VESSEL_SCORES)
    lad, number = others[0], x["vessel_count"]
    fewest = sum(score > 0 for score in others) + ((lm > 0) & ~(lad > 0))
    whole = ~np.isnan(lm + sum(others))
    return np.asarray((fewest > number) | (whole & (fewest + ((lm > 0) & (lad > 0)) < number)))


def bands_exceed(x: Columns) -> BoolArray:
    """Volumes by density, as many as are known, beside the whole."""
    volume, bands = x["cac_volume"], sum(np.nan_to_num(x[name]) for name in BAND_VOLUMES)
    return np.asarray(bands > np.maximum(1.05 * volume, volume + 2))


def index_differs(x: Columns) -> BoolArray:
    """By more than a rounded height or weight explains."""
    worked_out = x["weight"] / (x["height"] / 100) ** 2
    return np.asarray(np.abs(x["bmi"] - worked_out) > 0.15 * x["bmi"])


def steps_apart(x: Columns) -> BoolArray:
    """A statin that is of high intensity by one and of low by the other.

    Guidelines draw the line between neighbouring intensities differently, but not so far off.
    """
    recorded, drug, dose = x["statin_intensity"], x["statin_drug"], x["statin_dose"]
    told = np.full(len(recorded), np.nan)
    for position, name in enumerate(x.dictionary["statin_drug"].codes):
        for least, intensity in INTENSITY[name][::-1]:
            step = x.dictionary["statin_intensity"].codes.index(intensity)
            told = np.where((drug == position) & (dose >= least), step, told)
    return np.asarray((recorded > 0) & (np.abs(recorded - told) > 1))


def counted(name: str) -> tuple[Combination, Combination]:
    """A number of lesions or vessels, and a score, of which one alone is zero."""
    both, remedy = (name, "cac_agatston"), "Correct one of the two"
    return (
        Combination(
            f"{name} above zero with an Agatston score of zero",
            both,
            lambda x: (x[name] > 0) & (x["cac_agatston"] == 0),
            remedy,
        ),
        Combination(
            f"{name} of zero with an Agatston score above zero",
            both,
            lambda x: (x[name] == 0) & (x["cac_agatston"] > 0),
            remedy,
        ),
    )


def is_one_of(x: Columns, name: str, *codes: str) -> BoolArray:
    """Where the category has one of the codes."""
    return np.asarray(np.any([x.is_code(name, code) == 1 for code in codes], axis=0))


def without_a_statin(detail: str) -> Combination:
    """A detail of a statin where none is taken."""
    return Combination(
        f"{detail} without a statin",
        (detail, "statin_intensity"),
        lambda x: _tells_of_a_statin(x, detail) & is_one_of(x, "statin_intensity", "none"),
        "Correct one of the two",
    )


def _tells_of_a_statin(x: Columns, detail: str) -> BoolArray:
    """A name is that of a statin that is taken; a dose or years of 0 are of none."""
    return np.asarray(~np.isnan(x[detail]) if detail == "statin_drug" else x[detail] > 0)


def anticoagulant_differs(x: Columns) -> BoolArray:
    """The class beside the yes or no of a vitamin K antagonist."""
    by_class = x.is_code("anticoagulant", "vitamin_k_antagonist")
    known = ~np.isnan(by_class) & ~np.isnan(x["vitamin_k_antagonist"])
    return np.asarray(known & (by_class != x["vitamin_k_antagonist"]))


def in_a_man(name: str) -> Combination:
    """What only women have."""
    return Combination(
        f"{name} in a man",
        (name, "sex"),
        # a recorded "no" is true of a man, too
        lambda x: (x[name] > 0) & is_one_of(x, "sex", "male"),
        "Leave it empty or correct the sex",
        may_change=False,
    )


def without_lipid_therapy(drug: str) -> Combination:
    """A lipid-lowering drug where any is denied."""
    return Combination(
        f"{drug} without lipid-lowering therapy",
        (drug, "lipid_lowering"),
        lambda x: (
            (_tells_of_a_statin(x, drug) if drug in STATIN_DETAILS else x[drug] == 1)
            & (x["lipid_lowering"] == 0)
        ),
        "Correct one of the two",
    )
