"""One model's risks of a set of patients, prepared so that resamples are measured fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.evaluation.metric import INTEGRATED_METRICS, METRICS
from models.metrics.aalen_johansen import observed_risk
from models.metrics.auc import auc
from models.metrics.brier import brier_score
from models.metrics.calibration.binomial_regression import Beginning, link_risk
from models.metrics.calibration.calibration_curve import CalibrationCurve, CurveBasis
from models.metrics.calibration.level_and_slope import (
    calibration_in_the_large,
    calibration_line,
    mean_risk,
)
from models.metrics.concordance import Ranking, harrell_c, uno_c
from models.metrics.follow_up import FollowUp
from models.metrics.integrated_brier import RisksOverTime

N_CURVE_POINTS = 60

Near = tuple[Beginning | None, Beginning | None, Beginning | None]
"""Of level, line and curve; None where there is nothing to begin from."""


@dataclass(frozen=True)
class Fits:
    """The calibration regressions of a sample, and where those of its resamples begin."""

    level: float
    line: FloatArray
    curve: CalibrationCurve

    @classmethod
    def of(
        cls, follow_up: FollowUp, risk: FloatArray, horizon: float, basis: CurveBasis, near: Near
    ) -> Fits:
        """Of this sample, looked for where ``near`` says."""
        level, line, bent = near
        return cls(
            calibration_in_the_large(follow_up, risk, horizon, level or (0.0,)),
            calibration_line(follow_up, risk, horizon, line or (0.0, 1.0)),
            basis.fit(follow_up, horizon, bent),
        )

    def begin(
        self, follow_up: FollowUp, risk: FloatArray, horizon: float, basis: CurveBasis
    ) -> Near:
        """Where the regressions of resamples begin: where these ended."""
        given, happened = link_risk(risk, basis.link), follow_up.has_event_by(horizon)
        ones = np.ones((len(given), 1))
        line = np.column_stack([ones, given])
        level = np.array([self.level])
        return (
            Beginning.at(level, ones, happened, basis.link, given),
            Beginning.at(self.line, line, happened, basis.link),
            Beginning.at(self.curve.coefficients, basis.design, happened, basis.link),
        )


@dataclass(frozen=True)
class PreparedRisk:
    """Risks (n,) by one horizon, ranked, with their spline and the points of the curve to draw.

    ``near`` is where the calibration of the sample they were prepared for ended, ``smooth`` (n,)
    what its curve makes of each risk.
    """

    risk: FloatArray
    horizon: float
    ranking: Ranking
    basis: CurveBasis
    curve_points: FloatArray
    near: Near = field(repr=False)
    smooth: FloatArray

    @classmethod
    def of(cls, follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> PreparedRisk:
        """Raises HorizonError where the horizon lies beyond follow-up."""
        follow_up.check_horizon(horizon)
        given = np.asarray(risk, dtype=np.float64)
        low, high = np.quantile(given, [0.01, 0.99])
        ranking, basis = Ranking.of(follow_up, given), CurveBasis.of(follow_up, given)
        points = np.linspace(low, high, N_CURVE_POINTS)
        fits = Fits.of(follow_up, given, horizon, basis, (None, None, None))
        near, smooth = fits.begin(follow_up, given, horizon, basis), basis.smooth(fits.curve)
        return cls(given, horizon, ranking, basis, points, near, smooth)

    def measure(
        self, follow_up: FollowUp, is_resample: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """The METRICS, and the calibration curve at ``curve_points``, of this sample.

        In a resample DISTANCES are those of its curve from ``smooth``, as `distance_interval` needs
        them.
        """
        risk, horizon = self.risk, self.horizon
        observed, expected = observed_risk(follow_up, horizon), mean_risk(follow_up, risk)
        brier = brier_score(follow_up, risk, horizon)
        null = brier_score(follow_up, np.full(len(risk), observed), horizon)
        near = self.near if is_resample else (None, None, None)
        fits = Fits.of(follow_up, risk, horizon, self.basis, near)
        origin = self.smooth if is_resample else None
        distances = self.basis.distances(follow_up, fits.curve, origin)
        values = {
            "c_index": harrell_c(follow_up, self.ranking, horizon),
            "uno_c": uno_c(follow_up, self.ranking, horizon),
            "auc": auc(follow_up, self.ranking, horizon),
            "brier": brier,
            "null_brier": null,
            "ipa": _share_taken_away(brier, null),
            "mean_risk": expected,
            "observed_risk": observed,
            "observed_over_expected": observed / expected if expected > 0 else np.nan,
            "calibration_in_the_large": fits.level,
            "calibration_slope": fits.line[1],
            "ici": distances.ici,
            "e50": distances.e50,
            "e90": distances.e90,
        }
        figures = np.array([values[metric.name] for metric in METRICS])
        return figures, fits.curve.at(self.curve_points)


@dataclass(frozen=True)
class Measured:
    """(h, m) METRICS by horizon, (i,) INTEGRATED_METRICS, (h, points) calibration curves."""

    at_horizons: FloatArray
    integrated: FloatArray
    curves: FloatArray


def measure(
    follow_up: FollowUp,
    prepared: Sequence[PreparedRisk],
    over_time: RisksOverTime | None = None,
    is_resample: bool = False,
) -> Measured:
    """Everything about one model on one sample; integrated figures need its risks over time."""
    parts = [one.measure(follow_up, is_resample) for one in prepared]
    at_horizons = np.array([figures for figures, _ in parts])
    integrated = np.full(len(INTEGRATED_METRICS), np.nan)
    if over_time is not None:
        brier, null = over_time.measure(follow_up)
        integrated = np.array([brier, null, _share_taken_away(brier, null)])
    return Measured(at_horizons, integrated, np.array([curve for _, curve in parts]))


def _share_taken_away(brier: float, null: float) -> float:
    return 1 - brier / null if null > 0 else float("nan")
