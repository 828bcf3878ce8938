"""Lipids: what is measured, what follows from it, and what it was before treatment."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.columns import (
    Columns,
    Derivation,
    first_known,
    flag,
    logged,
    ratio,
    recorded,
    where,
)

SAMPSON_LIMIT = 800.0
LOWEST_LDL = 5.0  # mg/dL: what the dictionary holds possible
# Lowering of LDL-C by intensity none, low, moderate, high: the guideline's classes are below 30 %,
# 30-49 % and 50 % or more; a round value of each.
STATIN_LOWERING = (0.0, 0.25, 0.40, 0.50)

_GRUNDY = "Grundy SM et al. Circulation 2019;139:e1082-e1143 (2018 AHA/ACC cholesterol guideline)"
_SAMPSON = "Sampson M et al. JAMA Cardiol 2020;5:540-548"
_DISCORDANT = "Johannesen CDL et al. J Am Coll Cardiol 2021;77:1439-1450"


def sampson(total: FloatArray, hdl: FloatArray, triglycerides: FloatArray) -> FloatArray:
    """LDL cholesterol, mg/dL, (n,), by the equation of the NIH, all in mg/dL.

    TC/0.948 - HDL/0.971 - (TG/8.56 + TG non-HDL/2140 - TG^2/16100) - 9.44; NaN where triglycerides
    are above 800 mg/dL or the result is not positive. Unlike Friedewald's sum it holds at
    low LDL and high triglycerides: it takes that one's place everywhere.
    Source: Sampson M et al. JAMA Cardiol 2020;5:540-548.
    """
    estimate = _sampson(total, hdl, triglycerides)
    return where(estimate > 0, estimate, np.nan)


def _sampson(total: FloatArray, hdl: FloatArray, triglycerides: FloatArray) -> FloatArray:
    """What the equation gives, below 0 too; NaN where triglycerides are above its limit."""
    remnants = triglycerides / 8.56 + triglycerides * (total - hdl) / 2140
    remnants = remnants - triglycerides**2 / 16100
    estimate = total / 0.948 - hdl / 0.971 - remnants - 9.44
    return where(triglycerides <= SAMPSON_LIMIT, estimate, np.nan)


def ldl(columns: Columns) -> FloatArray:
    """LDL cholesterol, mg/dL, (n,): as recorded, else by Sampson's equation.

    Where that gives less than anybody has, HDL and remnants are all of the total, and LDL is read
    as the lowest there is and not as a gap, which would be filled in with more than is left.
    """
    total, hdl = columns["total_cholesterol"], columns["hdl_cholesterol"]
    lowest = np.minimum(LOWEST_LDL, total - hdl)
    estimate = np.maximum(_sampson(total, hdl, columns["triglycerides"]), lowest)
    return first_known(columns["ldl_cholesterol"], estimate)


def non_hdl(columns: Columns) -> FloatArray:
    """Total minus HDL cholesterol, mg/dL, (n,)."""
    return columns["total_cholesterol"] - columns["hdl_cholesterol"]


def untreated_ldl(columns: Columns) -> FloatArray:
    """LDL cholesterol, mg/dL, (n,), without the statin that is recorded.

    Measured before treatment where that is recorded and no statin is denied, else
    LDL / (1 - lowering), lowering 0, 25, 40, 50 % for no, low, moderate, high intensity.
    Source: classes of intensity in Grundy SM et al. Circulation 2019;139:e1082-e1143.
    """
    intensity, before = columns["statin_intensity"], columns["ldl_before_treatment"]
    known = ~np.isnan(intensity)
    lowering = np.array(STATIN_LOWERING)[where(known, intensity, 0).astype(np.intp)]
    worked_out = where(known, columns.derived(ldl) / (1.0 - lowering), np.nan)
    return where((intensity == 0) | np.isnan(before), worked_out, before)


LIPIDS: tuple[Derivation, ...] = (
    *recorded("total_cholesterol"),
    Derivation(
        "ldl_cholesterol",
        "ldl_cholesterol",
        lambda columns: columns.derived(ldl),
        "mg/dL; by Sampson's equation where not recorded and triglycerides are 800 mg/dL or less, "
        "5 at least",
        _SAMPSON,
    ),
    Derivation(
        "ldl_untreated",
        "ldl_cholesterol",
        untreated_ldl,
        "LDL cholesterol before or without the recorded statin, mg/dL",
        _GRUNDY,
    ),
    *recorded("hdl_cholesterol"),
    Derivation(
        "non_hdl_cholesterol",
        "total_cholesterol",
        non_hdl,
        "total - HDL, mg/dL",
        _GRUNDY,
        shown_only="The difference of two features",
    ),
    Derivation(
        "cholesterol_ratio",
        "total_cholesterol",
        lambda columns: ratio(columns["total_cholesterol"], columns["hdl_cholesterol"]),
        "total / HDL cholesterol",
        "Emerging Risk Factors Collaboration. JAMA 2009;302:1993-2000",
    ),
    Derivation(
        "remnant_cholesterol",
        "triglycerides",
        lambda columns: columns.derived(non_hdl) - columns.derived(ldl),
        "total - HDL - LDL, mg/dL",
        "Varbo A et al. J Am Coll Cardiol 2013;61:427-436",
        shown_only="It falls as LDL rises, and LDL may only raise risk",
    ),
    *logged("triglycerides"),
    Derivation(
        "log_triglycerides_hdl_ratio",
        "triglycerides",
        lambda columns: np.log(ratio(columns["triglycerides"], columns["hdl_cholesterol"])),
        "ln(triglycerides / HDL)",
        "da Luz PL et al. Clinics 2008;63:427-432",
    ),
    *recorded("apob"),
    Derivation(
        "apob_ldl_ratio",
        "apob",
        lambda columns: ratio(columns["apob"], columns.derived(ldl)),
        "apolipoprotein B / LDL cholesterol: high where they disagree",
        _DISCORDANT,
        monotone=0,
        why_monotone="In UK Biobank the ratio added nothing",
        shown_only="It rises with ApoB and falls with LDL, and both may only raise risk",
    ),
    # By number and by mass: each on its own scale, none converted to the other.
    *logged("lpa_molar"),
    Derivation(
        "lpa_molar_high",
        "lpa_molar",
        lambda columns: flag(columns["lpa_molar"] >= 125, columns["lpa_molar"]),
        "125 nmol/L or more, a risk enhancer: yes or no",
        _GRUNDY,
    ),
    *logged("lpa_mass"),
    Derivation(
        "lpa_mass_high",
        "lpa_mass",
        lambda columns: flag(columns["lpa_mass"] >= 50, columns["lpa_mass"]),
        "50 mg/dL or more, a risk enhancer: yes or no",
        _GRUNDY,
    ),
)
