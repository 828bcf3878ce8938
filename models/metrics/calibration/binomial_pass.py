"""One pass over the patients of a binomial regression: deviance and its derivatives. Compiled.

A bootstrap of calibration is mostly these. The deviance is convex under both links, so that its
own second derivatives (Newton) lead to the same coefficients as expected ones (Fisher scoring),
in half the passes, and ask for one exponential of most patients. Imports numba at its top: import
this where it is used. `tests/models/metrics/test_binomial_regression.py` holds it to numpy.
"""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from models.compilation import compiled

_LOWEST, _HIGHEST = -27.6, 3.2
"""Of the linear predictor of the complementary log-log link: risks of 1e-12, and of 1 - 2e-11."""

_EDGE = 1e-12
_FARTHEST = 30.0


@compiled(exact=True)
def pass_cloglog(
    x: FloatArray, y: FloatArray, w: FloatArray, shift: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Score (p,), information (p, p) and deviance at ``beta``; risk is 1 - exp(-exp(eta)).

    ``x`` (n, p), ``y``, ``w``, ``shift`` (n,). Who weighs nothing is passed over.
    """
    n, p = x.shape
    score, information, deviance = np.zeros(p), np.zeros((p, p)), 0.0
    for i in range(n):
        if w[i] <= 0:
            continue
        eta = shift[i]
        for j in range(p):
            eta += x[i, j] * beta[j]
        hazard = np.exp(min(max(eta, _LOWEST), _HIGHEST))
        if y[i] == 1:
            risk = -np.expm1(-hazard)
            odds = hazard * np.exp(-hazard) / risk
            deviance -= w[i] * np.log(risk)
            pull, mass = w[i] * odds, w[i] * odds * (hazard + odds - 1)
        else:
            deviance += w[i] * hazard
            pull, mass = -w[i] * hazard, w[i] * hazard
        for j in range(p):
            score[j] += pull * x[i, j]
            for k in range(j + 1):
                information[j, k] += mass * x[i, j] * x[i, k]
    for j in range(p):
        for k in range(j):
            information[k, j] = information[j, k]
    return score, information, deviance


@compiled(exact=True)
def pass_logit(
    x: FloatArray, y: FloatArray, w: FloatArray, shift: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """The same where risk is 1 / (1 + exp(-eta))."""
    n, p = x.shape
    score, information, deviance = np.zeros(p), np.zeros((p, p)), 0.0
    for i in range(n):
        if w[i] <= 0:
            continue
        eta = shift[i]
        for j in range(p):
            eta += x[i, j] * beta[j]
        risk = 1 / (1 + np.exp(-min(max(eta, -_FARTHEST), _FARTHEST)))
        risk = min(max(risk, _EDGE), 1 - _EDGE)
        deviance -= w[i] * np.log(risk if y[i] == 1 else 1 - risk)
        pull, mass = w[i] * (y[i] - risk), w[i] * risk * (1 - risk)
        for j in range(p):
            score[j] += pull * x[i, j]
            for k in range(j + 1):
                information[j, k] += mass * x[i, j] * x[i, k]
    for j in range(p):
        for k in range(j):
            information[k, j] = information[j, k]
    return score, information, deviance
