"""The Pooled Cohort Equations: ten-year risk of atherosclerotic cardiovascular disease."""

from __future__ import annotations

import numpy as np

from features.array_types import BoolArray, FloatArray
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

_REQUIRED = (
    "age",
    "sex",
    "ethnicity",
    "total_cholesterol",
    "hdl_cholesterol",
    "systolic_bp",
    "bp_treated",
    "diabetes",
    "smoking_status",
)
_OWN_COEFFICIENTS = ("white", "black")


class PooledCohortEquations(ReferenceScore):
    """risk = 1 - S0 ** exp(sum of coefficient x value - mean), by sex and ethnicity.

    Age, cholesterol, HDL cholesterol and systolic pressure (treated or not) enter by their
    natural logarithms, some of them times ln(age). Ethnicity: White and Black have coefficients
    of their own; for all other groups the White ones are used, as the guideline lets a clinician
    do, and `coverage` counts them as assumed. Source: Goff DC et al. Circulation 2014;129:S49-S73.
    """

    name = "pce"
    title = "Pooled Cohort Equations 2013"

    def __init__(self) -> None:
        entry = read_entry("pce_2013.json")
        self.publication = read_publication(entry)
        self._coefficients = entry["coefficients"]

    def required_inputs(self, horizon: float) -> tuple[str, ...]:
        """The inputs of all four equations."""
        return _REQUIRED

    def judge(self, inputs: Inputs, horizon: float) -> list[Finding]:
        """Ethnic groups without coefficients of their own."""
        codes = DICTIONARY["ethnicity"].codes
        others = [codes.index(code) for code in codes if code not in _OWN_COEFFICIENTS]
        rule = "neither White nor Black, so the coefficients of White people are used"
        return [Finding("assumed", "ethnicity", rule, np.isin(inputs["ethnicity"], others))]

    def compute(self, values: Values, horizon: float) -> FloatArray:
        """Risk (m,) of a first hard atherosclerotic event by ten years."""
        black, male = is_of(values, "black") == 1, values["sex"] == 1
        risk = np.empty(len(male))
        for group, coefficients in self._coefficients.items():
            ethnicity, sex = group.split("_")
            rows = (black == (ethnicity == "black")) & (male == (sex == "male"))
            terms = _build_terms(values, rows)
            total = add_up(terms, coefficients, "S0", "mean")
            risk[rows] = 1.0 - coefficients["S0"] ** np.exp(total - coefficients["mean"])
        return risk


def _build_terms(values: Values, rows: BoolArray) -> dict[str, FloatArray]:
    age, pressure = np.log(values["age"][rows]), np.log(values["systolic_bp"][rows])
    treated, smoker = values["bp_treated"][rows], values["smoking_status"][rows]
    plain = {
        "tc": np.log(values["total_cholesterol"][rows]),
        "hdl": np.log(values["hdl_cholesterol"][rows]),
        "sbp_treated": treated * pressure,
        "sbp_untreated": (1.0 - treated) * pressure,
    }
    return {
        "ln_age": age,
        "ln_age_sq": age**2,
        **{f"ln_{name}": term for name, term in plain.items()},
        **{f"ln_age_ln_{name}": age * term for name, term in plain.items()},
        "smoker": smoker,
        "ln_age_smoker": age * smoker,
        "diabetes": values["diabetes"][rows],
    }
