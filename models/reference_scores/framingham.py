"""Framingham's general cardiovascular risk of 2008, from lipids or from body mass index."""

from __future__ import annotations

from typing import Literal

import numpy as np

from features.array_types import FloatArray
from models.reference_scores.publication import read_entry, read_publication
from models.reference_scores.reference_score import ReferenceScore, Values, add_up

Version = Literal["lipid", "bmi"]

_SHARED = ("age", "sex", "systolic_bp", "bp_treated", "smoking_status", "diabetes")
_OWN: dict[Version, tuple[str, ...]] = {
    "lipid": ("total_cholesterol", "hdl_cholesterol"),
    "bmi": ("bmi",),
}
_LOGGED = {"age": "ln_age", "total_cholesterol": "ln_tc", "hdl_cholesterol": "ln_hdl"} | {
    "bmi": "ln_bmi"
}


class FraminghamCvd(ReferenceScore):
    """risk = 1 - S0 ** exp(sum of coefficient x value - mean), by sex; logarithms are natural.

    Ethnicity is not asked for; the people it was derived from were nearly all White. Source:
    D'Agostino RB et al. Circulation 2008;117:743-753.
    """

    def __init__(self, version: Version) -> None:
        entry = read_entry("framingham_general_cvd_2008.json")
        self.version = version
        self.name = f"framingham_cvd_{version}"
        self.title = f"Framingham general CVD 2008, {'lipids' if version == 'lipid' else 'BMI'}"
        self.publication = read_publication(entry)
        self._coefficients = entry["coefficients"][version]

    def required_inputs(self, horizon: float) -> tuple[str, ...]:
        """The shared inputs, and either the lipids or body mass index."""
        return (*_SHARED, *_OWN[self.version])

    def compute(self, values: Values, horizon: float) -> FloatArray:
        """Risk (m,) of any cardiovascular disease by ten years."""
        pressure, treated = np.log(values["systolic_bp"]), values["bp_treated"]
        terms = {
            "ln_sbp_treated": treated * pressure,
            "ln_sbp_untreated": (1.0 - treated) * pressure,
            "smoker": values["smoking_status"],
            "diabetes": values["diabetes"],
            **{_LOGGED[name]: np.log(values[name]) for name in ("age", *_OWN[self.version])},
        }
        risk = {sex: _risk(terms, self._coefficients[sex]) for sex in ("female", "male")}
        return np.where(values["sex"] == 1, risk["male"], risk["female"])


def _risk(terms: dict[str, FloatArray], coefficients: dict[str, float]) -> FloatArray:
    total = add_up(terms, coefficients, "S0", "mean")
    return 1.0 - coefficients["S0"] ** np.exp(total - coefficients["mean"])
