"""SCORE2 and SCORE2-OP: ten-year cardiovascular risk in four European regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from features.array_types import FloatArray
from models.reference_scores.publication import read_entry, read_publication
from models.reference_scores.reference_score import Finding, Inputs, ReferenceScore, Values, add_up

Region = Literal["low", "moderate", "high", "very_high"]

# The dictionary's factor for cholesterol.
_MG_DL_PER_MMOL_L = 38.67
_REQUIRED = (
    "age",
    "sex",
    "smoking_status",
    "systolic_bp",
    "diabetes",
    "total_cholesterol",
    "hdl_cholesterol",
)


class Score2(ReferenceScore):
    """SCORE2 (ages 40 to 69) or, with ``older``, SCORE2-OP (70 to 89), recalibrated to a region.

    With lp the sum of coefficient x value minus the mean, the uncalibrated risk is
    1 - S0 ** exp(lp), so that its complementary log-log is ln(-ln S0) + lp, and
    risk = 1 - exp(-exp(scale1 + scale2 x (ln(-ln S0) + lp))). Ethnicity is not asked for. The
    region is the country's, by its cardiovascular mortality; no region holds outside Europe.
    SCORE2 is not meant for people with diabetes, SCORE2-OP is. Sources: Eur Heart J
    2021;42:2439-2454 and 2455-2467.
    """

    def __init__(self, region: Region, older: bool = False) -> None:
        self._entry = read_entry("score2_op_2021.json" if older else "score2_2021.json")
        self.region = region
        self.older = older
        self.name = "score2_op" if older else "score2"
        label = "SCORE2-OP" if older else "SCORE2"
        self.title = f"{label} 2021, {region.replace('_', ' ')} risk region"
        self.publication = read_publication(self._entry)

    def required_inputs(self, horizon: float) -> tuple[str, ...]:
        """The inputs of both equations; SCORE2 asks for diabetes to leave it out."""
        return _REQUIRED

    def judge(self, inputs: Inputs, horizon: float) -> list[Finding]:
        """People with diabetes, for whom SCORE2 is not meant."""
        if self.older:
            return []
        ill = inputs["diabetes"] == 1
        return [Finding("not for these patients", "diabetes", "no diabetes", ill)]

    def compute(self, values: Values, horizon: float) -> FloatArray:
        """Risk (m,) of cardiovascular disease by ten years."""
        terms = _build_terms(values, self._entry["centres"])
        risk = {sex: self._risk(terms, sex) for sex in ("female", "male")}
        return np.where(values["sex"] == 1, risk["male"], risk["female"])

    def _risk(self, terms: Mapping[str, FloatArray], sex: str) -> FloatArray:
        coefficients = self._entry["coefficients"][sex]
        intercept, slope = self._entry["scales"][sex][self.region]
        predictor = add_up(terms, coefficients, "S0", "mean") - coefficients["mean"]
        uncalibrated = np.log(-np.log(coefficients["S0"])) + predictor
        risk: FloatArray = -np.expm1(-np.exp(intercept + slope * uncalibrated))
        return risk


def _build_terms(values: Values, centres: Mapping[str, Any]) -> dict[str, FloatArray]:
    measured = {
        "age": values["age"],
        "systolic_bp": values["systolic_bp"],
        "total_cholesterol": values["total_cholesterol"] / _MG_DL_PER_MMOL_L,
        "hdl_cholesterol": values["hdl_cholesterol"] / _MG_DL_PER_MMOL_L,
    }
    terms = {
        name: (value - centres[name][0]) / centres[name][1] for name, value in measured.items()
    }
    terms |= {"current_smoker": values["smoking_status"], "diabetes": values["diabetes"]}
    age = terms["age"]
    return terms | {f"age_{name}": age * term for name, term in terms.items() if name != "age"}
