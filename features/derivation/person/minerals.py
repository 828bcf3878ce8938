"""Vitamins and minerals, and the emerging therapies that are recorded beside them."""

from __future__ import annotations

from features.array_types import FloatArray
from features.derivation.arrays import flag
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation, logged, recorded

# ng/mL of 25(OH)D. The committee's concern begins at 125 to 150 nmol/L, which is 50 to 60 ng/mL.
DEFICIENT_BELOW, EXCESS_ABOVE = 20.0, 50.0

_HOLICK = "Holick MF et al. J Clin Endocrinol Metab 2011;96:1911-1930"
_IOM = "Institute of Medicine. Dietary reference intakes for calcium and vitamin D, 2011, p. 444"
_ANDERSON = "Anderson JJB et al. J Am Heart Assoc 2016;5:e003815"


def is_vitamin_d_deficient(columns: Columns) -> FloatArray:
    """1 below 20 ng/mL, (n,). Source: Holick MF et al. J Clin Endocrinol Metab 2011;96:1911."""
    return flag(columns["vitamin_d"] < DEFICIENT_BELOW, columns["vitamin_d"])


def is_vitamin_d_excess(columns: Columns) -> FloatArray:
    """1 above 50 ng/mL, (n,). Source: Institute of Medicine 2011, p. 444."""
    return flag(columns["vitamin_d"] > EXCESS_ABOVE, columns["vitamin_d"])


def total_calcium(columns: Columns) -> FloatArray:
    """Calcium from food and supplements, mg a day, (n,)."""
    return columns["calcium_diet"] + columns["calcium_supplement"]


FEATURES: tuple[Derivation, ...] = (
    *logged("vitamin_k2"),
    *recorded("vitamin_d"),
    Derivation(
        "vitamin_d_deficient",
        "vitamin_d",
        is_vitamin_d_deficient,
        "below 20 ng/mL: yes or no",
        _HOLICK,
    ),
    Derivation(
        "vitamin_d_excess", "vitamin_d", is_vitamin_d_excess, "above 50 ng/mL: yes or no", _IOM
    ),
    *logged("vitamin_d_supplement"),
    *recorded("magnesium", "magnesium_intake", "calcium_diet"),
    *logged("calcium_supplement"),
    Derivation(
        "calcium_total",
        "calcium_diet",
        total_calcium,
        "food and supplements, mg/day",
        _ANDERSON,
        shown_only="The sum of two variables",
    ),
    *recorded(
        "chelation",
        "calcification_inhibitor",
        "bmp_inhibitor",
        "lithotripsy",
        "gene_nano_therapy",
    ),
)
