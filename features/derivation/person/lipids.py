"""Lipids: what is measured, what follows from it, and what it was before treatment."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.derivation.arrays import first_known, flag, ratio, where
from features.derivation.columns import Columns
from features.derivation.derivation import Derivation, logged, recorded

FRIEDEWALD_LIMIT = 400.0
# Lowering of LDL-C by intensity none, low, moderate, high: the guideline's classes are below 30 %,
# 30-49 % and 50 % or more; a round value of each.
STATIN_LOWERING = (0.0, 0.25, 0.40, 0.50)

_GRUNDY = "Grundy SM et al. Circulation 2019;139:e1082-e1143 (2018 AHA/ACC cholesterol guideline)"
_FRIEDEWALD = "Friedewald WT et al. Clin Chem 1972;18:499-502"
_DISCORDANT = "Johannesen CDL et al. J Am Coll Cardiol 2021;77:1439-1450"


def friedewald(total: FloatArray, hdl: FloatArray, triglycerides: FloatArray) -> FloatArray:
    """LDL cholesterol, mg/dL, (n,), by total - HDL - triglycerides / 5, all in mg/dL.

    NaN where triglycerides are 400 mg/dL or more or the result is not positive.
    Source: Friedewald WT et al. Clin Chem 1972;18:499-502.
    """
    estimate = total - hdl - triglycerides / 5.0
    return where((triglycerides < FRIEDEWALD_LIMIT) & (estimate > 0), estimate, np.nan)


def ldl(columns: Columns) -> FloatArray:
    """LDL cholesterol, mg/dL, (n,): as recorded, else by Friedewald."""
    estimate = friedewald(
        columns["total_cholesterol"], columns["hdl_cholesterol"], columns["triglycerides"]
    )
    return first_known(columns["ldl_cholesterol"], estimate)


def non_hdl(columns: Columns) -> FloatArray:
    """Total minus HDL cholesterol, mg/dL, (n,)."""
    return columns["total_cholesterol"] - columns["hdl_cholesterol"]


def untreated_ldl(columns: Columns) -> FloatArray:
    """LDL cholesterol, mg/dL, (n,), as it would be without the statin that is recorded.

    LDL / (1 - lowering), lowering 0, 25, 40, 50 % for no, low, moderate, high intensity.
    Source: classes of intensity in Grundy SM et al. Circulation 2019;139:e1082-e1143.
    """
    intensity = columns["statin_intensity"]
    known = ~np.isnan(intensity)
    lowering = np.array(STATIN_LOWERING)[where(known, intensity, 0).astype(np.intp)]
    return where(known, columns.derived(ldl) / (1.0 - lowering), np.nan)


FEATURES: tuple[Derivation, ...] = (
    *recorded("total_cholesterol"),
    Derivation(
        "ldl_cholesterol",
        "ldl_cholesterol",
        lambda columns: columns.derived(ldl),
        "mg/dL; by Friedewald where not recorded and triglycerides are below 400 mg/dL",
        _FRIEDEWALD,
    ),
    Derivation(
        "ldl_untreated",
        "ldl_cholesterol",
        untreated_ldl,
        "LDL cholesterol without the recorded statin, mg/dL",
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
        monotone=1,
        why_monotone="It falls as HDL rises",
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
    *logged("lpa"),
    Derivation(
        "lpa_high",
        "lpa",
        lambda columns: flag(columns["lpa"] >= 50, columns["lpa"]),
        "50 mg/dL or more, a risk enhancer: yes or no",
        _GRUNDY,
    ),
)
