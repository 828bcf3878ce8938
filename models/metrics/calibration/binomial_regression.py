"""Regression of a yes/no state on a few covariates, each patient with a weight.

With inverse-probability-of-censoring weights this is the direct binomial regression of the
cumulative incidence at one horizon (Scheike, Zhang and Gerds 2008, Biometrika 95:205); with the
complementary log-log link it is the Fine-Gray model at that horizon. With weights of one and the
logit link it is logistic regression.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray

Link = Literal["cloglog", "logit"]

_SMALLEST_RISK = 1e-8


def link_risk(risk: npt.ArrayLike, link: Link) -> FloatArray:
    """The risk on the scale of the linear predictor; 0 and 1 are drawn in by 1e-8."""
    inside = np.clip(np.asarray(risk, dtype=np.float64), _SMALLEST_RISK, 1 - _SMALLEST_RISK)
    if link == "logit":
        return np.log(inside) - np.log1p(-inside)
    return np.log(-np.log1p(-inside))


def unlink(predictor: npt.ArrayLike, link: Link) -> FloatArray:
    """The risk that belongs to a linear predictor."""
    bounded = np.clip(np.asarray(predictor, dtype=np.float64), -30, 30)
    if link == "logit":
        return 1 / (1 + np.exp(-bounded))
    return -np.expm1(-np.exp(np.minimum(bounded, 3.2)))


def fit_binomial(
    design: npt.ArrayLike,
    outcome: npt.ArrayLike,
    weight: npt.ArrayLike,
    link: Link,
    offset: npt.ArrayLike = 0.0,
    start: npt.ArrayLike | None = None,
) -> FloatArray:
    """Coefficients (p,) for ``design`` (n, p), ``outcome`` (n,) and ``weight`` (n,).

    Newton's method with step halving, from ``start`` (p,) or from a constant risk. NaN where it
    does not converge, as with perfectly separated patients or outcomes that are all alike.
    """
    from models.metrics.calibration.binomial_pass import find_minimum

    # a copy: numba would compile another pass for arrays that may not be written
    w = np.array(weight, dtype=np.float64)
    x, y = np.ascontiguousarray(design, np.float64), np.ascontiguousarray(outcome, np.float64)
    counted = y[w > 0]
    if not len(counted) or (counted == counted[0]).all():
        return np.full(x.shape[1], np.nan)
    shift = np.ascontiguousarray(np.broadcast_to(np.asarray(offset, dtype=np.float64), w.shape))
    first = _constant_risk(x, y, w, shift, link) if start is None else start
    beta = np.array(first, dtype=np.float64)
    if not find_minimum(x, y, w, shift, beta, link == "cloglog"):
        beta[:] = np.nan
    return beta


def _constant_risk(
    x: FloatArray, y: FloatArray, w: FloatArray, shift: FloatArray, link: Link
) -> FloatArray:
    """The coefficients nearest to giving everyone who counts the same risk."""
    counts = w > 0
    wanted = link_risk(np.average(y, weights=w), link) - shift[counts]
    return np.asarray(np.linalg.lstsq(x[counts], wanted, rcond=None)[0], dtype=np.float64)
