"""Newton's method for a binomial regression: deviance and its derivatives in a pass. Compiled.

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
_MAX_STEPS, _MAX_HALVINGS, _MAX_SWEEPS = 40, 8, 30
_LARGEST_STEP, _SMALL_STEP, _NEGLIGIBLE = 10.0, 1e-8, 1e-12


@compiled(exact=True)
def differentiate(
    x: FloatArray,
    y: FloatArray,
    w: FloatArray,
    shift: FloatArray,
    beta: FloatArray,
    is_cloglog: bool,
) -> tuple[FloatArray, FloatArray, float]:
    """Score (p,), information (p, p) and deviance at ``beta``.

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
        pull, mass, loss = of_cloglog(eta, y[i], w[i]) if is_cloglog else of_logit(eta, y[i], w[i])
        deviance += loss
        for j in range(p):
            score[j] += pull * x[i, j]
            for k in range(j + 1):
                information[j, k] += mass * x[i, j] * x[i, k]
    for j in range(p):
        for k in range(j):
            information[k, j] = information[j, k]
    return score, information, deviance


@compiled(exact=True)
def of_cloglog(eta: float, y: float, w: float) -> tuple[float, float, float]:
    """What one patient adds to score, information and deviance; risk is 1 - exp(-exp(eta))."""
    hazard = np.exp(min(max(eta, _LOWEST), _HIGHEST))
    if y == 1:
        risk = -np.expm1(-hazard)
        odds = hazard * np.exp(-hazard) / risk
        return w * odds, w * odds * (hazard + odds - 1), -w * np.log(risk)
    return -w * hazard, w * hazard, w * hazard


@compiled(exact=True)
def of_logit(eta: float, y: float, w: float) -> tuple[float, float, float]:
    """The same where risk is 1 / (1 + exp(-eta))."""
    risk = 1 / (1 + np.exp(-min(max(eta, -_FARTHEST), _FARTHEST)))
    risk = min(max(risk, _EDGE), 1 - _EDGE)
    return w * (y - risk), w * risk * (1 - risk), -w * np.log(risk if y == 1 else 1 - risk)


@compiled(exact=True)
def find_minimum(
    x: FloatArray,
    y: FloatArray,
    w: FloatArray,
    shift: FloatArray,
    beta: FloatArray,
    is_cloglog: bool,
) -> bool:
    """Move ``beta`` (p,) to where the deviance is least; whether it got there.

    Newton's method; a step that raises the deviance is halved.
    """
    step, tried = np.zeros(len(beta)), np.zeros(len(beta))
    score, information, loss = differentiate(x, y, w, shift, beta, is_cloglog)
    for _ in range(_MAX_STEPS):
        _solve(information, score, step)
        size = 0.0
        for j in range(len(beta)):
            step[j] = min(max(step[j], -_LARGEST_STEP), _LARGEST_STEP)
            size = max(size, abs(step[j]))
        for j in range(len(beta)):
            tried[j] = beta[j] + step[j]
        if size < _SMALL_STEP:
            beta[:] = tried
            return True
        score, information, reached = differentiate(x, y, w, shift, tried, is_cloglog)
        halvings = 0
        while reached > loss + 1e-9 * abs(loss) and halvings < _MAX_HALVINGS:
            halvings += 1
            for j in range(len(beta)):
                step[j] *= 0.5
                tried[j] = beta[j] + step[j]
            score, information, reached = differentiate(x, y, w, shift, tried, is_cloglog)
        beta[:] = tried
        loss = reached
    return False


@compiled(exact=True)
def _solve(information: FloatArray, score: FloatArray, step: FloatArray) -> None:
    """The shortest step (p,) that solves for it, by the eigenvectors (Jacobi 1846).

    Directions of which the information says next to nothing are left alone.
    """
    p = len(score)
    turned, vectors = information.copy(), np.zeros((p, p))
    for j in range(p):
        vectors[j, j] = 1.0
    for _ in range(_MAX_SWEEPS):
        beside, along = 0.0, 0.0
        for i in range(p):
            along += turned[i, i] ** 2
            for j in range(i):
                beside += turned[i, j] ** 2
        if not beside > 1e-32 * along:
            break
        for i in range(p):
            for j in range(i + 1, p):
                if turned[i, j] == 0.0:
                    continue
                slope = (turned[j, j] - turned[i, i]) / (2.0 * turned[i, j])
                t = 1.0 / (abs(slope) + np.sqrt(slope * slope + 1.0))
                t = t if slope >= 0 else -t
                c = 1.0 / np.sqrt(t * t + 1.0)
                s = t * c
                for k in range(p):
                    one, two = turned[k, i], turned[k, j]
                    turned[k, i], turned[k, j] = c * one - s * two, s * one + c * two
                for k in range(p):
                    one, two = turned[i, k], turned[j, k]
                    turned[i, k], turned[j, k] = c * one - s * two, s * one + c * two
                    one, two = vectors[k, i], vectors[k, j]
                    vectors[k, i], vectors[k, j] = c * one - s * two, s * one + c * two
    top = 0.0
    for k in range(p):
        top = max(top, abs(turned[k, k]))
        step[k] = 0.0
    for k in range(p):
        if not abs(turned[k, k]) > _NEGLIGIBLE * top:
            continue
        share = 0.0
        for j in range(p):
            share += vectors[j, k] * score[j]
        for j in range(p):
            step[j] += vectors[j, k] * share / turned[k, k]
