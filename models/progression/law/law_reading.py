"""Chances, quantiles and means read from the growth law, in numpy: what a served model needs.

`models.progression.law.compiled_law.distribution` gives the same numbers for whole batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_spread
from models.progression.law.growth_law import FIRST_VISIBLE, GrowthLaw, Patients
from models.progression.law.normal import normal_cdf

POINTS = 21  # of a patient's own grid, even in the square root of the score
MARGIN = 2.6  # spreads of a rescan by which the grid goes beyond the lowest and highest true score
DRAWN = 2  # times that the two points around a quantile are drawn together
_CHUNK = 1_000


def distribution(
    law: GrowthLaw,
    patients: Patients,
    thresholds: Sequence[float],
    years: Sequence[float],
    quantiles: Sequence[float],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Exceedance (n, y, t), quantiles (n, y, q) and mean (n, y) of the score after ``years``.

    NaN where the first score is missing. Quantiles are read from the distribution function between
    points of a patient's own, drawn together around each, so that they rise with the share.
    """
    n = len(patients)
    passed = np.full((n, len(years), len(thresholds)), np.nan)
    scores, mean = (
        np.full((n, len(years), len(quantiles)), np.nan),
        np.full((n, len(years)), np.nan),
    )
    for start in range(0, n, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, n))
        rows = rows[patients.first[rows] >= 0]
        for position, after in enumerate(years):
            found = _at(law, patients.take(rows), thresholds, float(after), quantiles)
            passed[rows, position], scores[rows, position], mean[rows, position] = found
    return passed, scores, mean


def _at(
    law: GrowthLaw,
    patients: Patients,
    thresholds: Sequence[float],
    after: float,
    quantiles: Sequence[float],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    years = np.full(len(patients), after)
    low, high, mean = _reach(law, patients, years)
    wanted = np.broadcast_to(np.array(thresholds, np.float64), (len(patients), len(thresholds)))
    passed = np.clip(1.0 - law.cdf(patients, wanted, years), 0.0, 1.0)
    first = np.sqrt(np.maximum(low - MARGIN * rescan_spread(low, patients.bmi), FIRST_VISIBLE))
    last = np.sqrt(high + MARGIN * rescan_spread(high, patients.bmi))
    roots = first[:, None] + (last - first)[:, None] * np.linspace(0, 1, POINTS)
    reached = np.maximum.accumulate(law.cdf(patients, roots**2, years), axis=1)
    scores = np.empty((len(patients), len(quantiles)))
    for column, share in enumerate(quantiles):
        scores[:, column] = _read(law, patients, years, roots, reached, share)
    return passed, scores, mean


def _reach(
    law: GrowthLaw, patients: Patients, years: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lowest and highest true score of the law's nodes, and the mean of what a scan shows."""
    low, high, mean = (np.zeros(len(patients)) for _ in range(3))
    grows = patients.first > 0
    for rows in (grows, ~grows):
        if not rows.any():
            continue
        of, after = patients.take(rows), years[rows]
        if rows is grows:
            true = law.grown(of.first, of.log_rate, after)
            weights = np.broadcast_to(np.array(law.weights), true.shape)
            none = np.zeros(len(of))
        else:
            cells = law.begun(of.log_rate, after)
            hazard = law.hazard(of.log_onset, after)
            began = law.onset_weights(hazard)[:, :, None] * law.begun_rates[1]
            true, weights = cells.reshape(len(of), -1), began.reshape(len(of), -1)
            none = np.exp(-hazard)
        spread = rescan_spread(true, of.bmi[:, None])
        z = (true - FIRST_VISIBLE) / spread
        shown = true * normal_cdf(z) + spread * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        artefacts = none * law.artefact * (FIRST_VISIBLE + law.artefact_mean)
        low[rows], high[rows] = true.min(axis=1), true.max(axis=1)
        mean[rows] = (weights * shown).sum(axis=1) + artefacts
    return low, high, mean


def _read(
    law: GrowthLaw,
    patients: Patients,
    years: FloatArray,
    roots: FloatArray,
    reached: FloatArray,
    share: float,
) -> FloatArray:
    """Scores (n,) at which the distribution function (n, POINTS) passes the share.

    Between two points by the rule of false position, along the root of the score.
    """
    rows = np.arange(len(roots))
    after = np.clip((reached < share).sum(axis=1), 1, POINTS - 1)
    low, high = roots[rows, after - 1], roots[rows, after]
    at_low, at_high = reached[rows, after - 1], reached[rows, after]
    for _ in range(DRAWN):
        root = _between(low, high, at_low, at_high, share)
        at = law.cdf(patients, (root**2)[:, None], years)[:, 0]
        above = at < share
        low, at_low = np.where(above, root, low), np.where(above, at, at_low)
        high, at_high = np.where(above, high, root), np.where(above, at_high, at)
    root = _between(low, high, at_low, at_high, share)
    lowest = np.where(roots[:, 0] ** 2 <= FIRST_VISIBLE, 0.0, roots[:, 0] ** 2)
    return np.where(share <= reached[:, 0], lowest, root**2)


def _between(
    low: FloatArray, high: FloatArray, at_low: FloatArray, at_high: FloatArray, share: float
) -> FloatArray:
    width = at_high - at_low
    part = (share - at_low) / np.where(width > 0, width, 1.0)
    return np.asarray(low + np.where(width > 0, np.clip(part, 0.0, 1.0), 1.0) * (high - low))
