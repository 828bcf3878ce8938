"""Kaplan-Meier of the censoring: how likely a patient is still to be under observation."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray


def kaplan_meier_of_censoring(
    at_risk: FloatArray, ended: FloatArray, censored: FloatArray
) -> FloatArray:
    """G(t) = P(C > t) just after each of the m distinct times, (m,).

    ``at_risk``, ``ended`` (events of any kind) and ``censored`` are (m,) numbers of patients.
    Where an event and a censoring share a time the event comes first, so that whoever had the
    event is no longer at risk of being censored: G(t) is the product of
    1 - censored / (at_risk - ended). A weight must use the left limit G(t-): with G(t), the
    patient's own competitors for the same instant would count against it.

    One curve serves all patients: where censoring depends on what also marks risk (in SMART it
    does, with a C of 0.71), every observed risk and weight leans with it.
    """
    left = at_risk - ended
    hazard = np.divide(censored, left, out=np.zeros(len(left)), where=left > 0)
    return np.cumprod(1.0 - hazard, dtype=np.float64)
