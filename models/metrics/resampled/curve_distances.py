"""How far the calibration curves of resamples lie from that of all patients."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from models.metrics.calibration.calibration_curve import CalibrationCurve, CurveBasis
from models.metrics.resampled.regression import Regression
from models.metrics.resampled.resamples import Resamples

_NEAR = 6.0  # change of a linear predictor that the compiled loop answers


def measure_curve_distances(
    basis: CurveBasis, fitted: Regression, betas: FloatArray, resamples: Resamples
) -> FloatArray:
    """(3, b) `CalibrationDistances` of each resample's curve, of coefficients (b, p), from it."""
    found = np.full((3, len(betas)), np.nan)
    change = betas - fitted.beta
    known = np.isfinite(change).all(axis=1)
    reach = np.abs(basis.design @ change.T).max(axis=0)
    near = known & (reach <= _NEAR) & (basis.link == "cloglog")
    if near.any():
        from models.metrics.resampled.compiled_calibration import measure_distances

        changes = np.zeros((int(near.sum()), 3))
        changes[:, : change.shape[1]] = change[near]
        found[:, near] = measure_distances(
            *fitted.columns, fitted.hazard, changes, resamples.by_resample[near]
        )
    far = np.flatnonzero(known & ~near)
    if len(far):
        origin = basis.smooth(CalibrationCurve(basis.link, basis.knots, fitted.beta))
    for b in far:
        curve = CalibrationCurve(basis.link, basis.knots, betas[b])
        own = basis.distances(resamples.sample(int(b)), curve, origin)
        found[:, b] = own.ici, own.e50, own.e90
    return found
