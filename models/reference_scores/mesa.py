"""MESA's ten-year risk of coronary heart disease, with and without coronary calcium."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from models.reference_scores.publication import read_entry, read_publication
from models.reference_scores.reference_score import (
    DICTIONARY,
    Finding,
    Inputs,
    ReferenceScore,
    Values,
    add_up,
    is_of,
)

_GROUPS = ("white", "black", "hispanic", "chinese")
_CLINICAL = (
    "age",
    "sex",
    "ethnicity",
    "diabetes",
    "smoking_status",
    "total_cholesterol",
    "hdl_cholesterol",
    "lipid_lowering",
    "systolic_bp",
    "bp_treated",
    "family_history",
)


class MesaChd(ReferenceScore):
    """risk = 1 - S0 ** exp(sum of coefficient x value); calcium enters as ln(CAC + 1).

    Ethnicity: White is the reference; Black, Hispanic and Chinese have coefficients; South Asian
    and other patients have no risk, as MESA enrolled none. MESA asked for a heart attack of a
    first-degree relative at any age, where the dictionary knows premature disease. Source:
    McClelland RL et al. J Am Coll Cardiol 2015;66:1643-1653.
    """

    def __init__(self, with_cac: bool) -> None:
        entry = read_entry("mesa_chd_2015.json")
        self.with_cac = with_cac
        self.name = "mesa_chd_cac" if with_cac else "mesa_chd"
        self.title = f"MESA CHD 2015, {'with' if with_cac else 'without'} coronary calcium"
        self.publication = read_publication(entry)
        self._coefficients = entry["coefficients"]["with_cac" if with_cac else "without_cac"]

    def required_inputs(self, horizon: float) -> tuple[str, ...]:
        """The clinical inputs, and the Agatston score where the equation uses it."""
        return (*_CLINICAL, "cac_agatston") if self.with_cac else _CLINICAL

    def judge(self, inputs: Inputs, horizon: float) -> list[Finding]:
        """Ethnic groups that MESA did not enrol."""
        codes = DICTIONARY["ethnicity"].codes
        foreign = [codes.index(code) for code in codes if code not in _GROUPS]
        rule = f"ethnicity {', '.join(_GROUPS[:-1])} or {_GROUPS[-1]}"
        outside = np.isin(inputs["ethnicity"], foreign)
        return [Finding("not for these patients", "ethnicity", rule, outside)]

    def compute(self, values: Values, horizon: float) -> FloatArray:
        """Risk (m,) of coronary heart disease by ten years."""
        terms = {
            "age": values["age"],
            "male": values["sex"],
            **{f"race_{group}": is_of(values, group) for group in _GROUPS[1:]},
            "diabetes": values["diabetes"],
            "current_smoker": values["smoking_status"],
            "total_cholesterol_mgdl": values["total_cholesterol"],
            "hdl_mgdl": values["hdl_cholesterol"],
            "lipid_medication": values["lipid_lowering"],
            "sbp_mmhg": values["systolic_bp"],
            "bp_medication": values["bp_treated"],
            "family_history_mi": values["family_history"],
        }
        if self.with_cac:
            terms["ln_cac_plus_1"] = np.log1p(values["cac_agatston"])
        total = add_up(terms, self._coefficients, "S0")
        risk: FloatArray = 1.0 - self._coefficients["S0"] ** np.exp(total)
        return risk
