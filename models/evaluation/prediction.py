"""One model's risks of a set of patients, prepared so that resamples are measured fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.evaluation.metric import INTEGRATED_METRICS, METRICS
from models.metrics.aalen_johansen import observed_risk
from models.metrics.auc import auc
from models.metrics.brier import brier_score
from models.metrics.calibration.binomial_regression import link_risk
from models.metrics.calibration.calibration_curve import CalibrationCurve, CurveBasis
from models.metrics.calibration.level_and_slope import mean_risk
from models.metrics.concordance import Ranking, harrell_c, uno_c
from models.metrics.follow_up import FollowUp
from models.metrics.integrated_brier import RisksOverTime
from models.metrics.resampled.curve_distances import measure_curve_distances
from models.metrics.resampled.regression import Regression
from models.metrics.resampled.resamples import Resamples

N_CURVE_POINTS = 60


@dataclass(frozen=True)
class PreparedRisk:
    """Risks (n,) by one horizon, ranked, with their spline and the points of the curve to draw.

    ``follow_up``: of the patients they were prepared for; ``level``, ``line``, ``curve``: their
    calibration regressions, intercept alone, straight and smooth.
    """

    follow_up: FollowUp = field(repr=False)
    risk: FloatArray
    horizon: float
    ranking: Ranking
    basis: CurveBasis
    curve_points: FloatArray
    level: Regression = field(repr=False)
    line: Regression = field(repr=False)
    curve: Regression = field(repr=False)

    @classmethod
    def of(cls, follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> PreparedRisk:
        """Raises HorizonError where the horizon lies beyond follow-up."""
        follow_up.check_horizon(horizon)
        given = np.asarray(risk, dtype=np.float64)
        low, high = np.quantile(given, [0.01, 0.99])
        ranking, basis = Ranking.of(follow_up, given), CurveBasis.of(follow_up, given)
        points = np.linspace(low, high, N_CURVE_POINTS)
        weight = follow_up.known_state_weights(horizon)
        level, line, curve = (
            one.fit(weight) for one in _regressions(follow_up, given, horizon, basis)
        )
        return cls(follow_up, given, horizon, ranking, basis, points, level, line, curve)

    def measure(self) -> tuple[FloatArray, FloatArray]:
        """The METRICS (m,), and the calibration curve at ``curve_points``."""
        follow_up, risk, horizon = self.follow_up, self.risk, self.horizon
        observed, expected = observed_risk(follow_up, horizon), mean_risk(follow_up, risk)
        brier = brier_score(follow_up, risk, horizon)
        null = brier_score(follow_up, np.full(len(risk), observed), horizon)
        curve = CalibrationCurve(self.basis.link, self.basis.knots, self.curve.beta)
        distances = self.basis.distances(follow_up, curve)
        values = {
            "c_index": harrell_c(follow_up, self.ranking, horizon),
            "uno_c": uno_c(follow_up, self.ranking, horizon),
            "auc": auc(follow_up, self.ranking, horizon),
            "brier": brier,
            "null_brier": null,
            "mean_risk": expected,
            "observed_risk": observed,
            "calibration_in_the_large": self.level.beta[0],
            "calibration_slope": self.line.beta[1],
            "ici": distances.ici,
            "e50": distances.e50,
            "e90": distances.e90,
        }
        return _figures(values), curve.at(self.curve_points)

    def measure_resamples(self, resamples: Resamples) -> tuple[FloatArray, FloatArray]:
        """The same (b, m) and (b, points) of resamples of the patients.

        DISTANCES are those of each curve from that of the patients, as `distance_interval` needs
        them. NaN where nobody in a resample was followed up to the horizon.
        """
        risk, horizon = self.risk, self.horizon
        reached = resamples.reach(horizon)
        weights, observed = resamples.weights(horizon), resamples.observed_risk(horizon)
        happened = self.level.happened
        weight_of_events = weights @ happened
        harrell, uno = resamples.concordance(self.ranking, horizon)
        curves = self.curve.refit(weights)
        ici, e50, e90 = measure_curve_distances(self.basis, self.curve, curves, resamples)
        other = weights.sum(axis=1) - weight_of_events
        null = weight_of_events * (1 - observed) ** 2 + other * observed**2
        values = {
            "c_index": harrell,
            "uno_c": uno,
            "auc": resamples.auc(self.ranking, horizon),
            "brier": resamples.per_patient(weights @ (happened - risk) ** 2),
            "null_brier": resamples.per_patient(null),
            "mean_risk": resamples.per_patient(risk @ resamples.counts),
            "observed_risk": observed,
            "calibration_in_the_large": self.level.refit(weights)[:, 0],
            "calibration_slope": self.line.refit(weights)[:, 1],
            "ici": ici,
            "e50": e50,
            "e90": e90,
        }
        figures = _figures(values)
        figures[~reached] = np.nan
        return figures, self.basis.draw(curves, self.curve_points)


def _regressions(
    follow_up: FollowUp, risk: FloatArray, horizon: float, basis: CurveBasis
) -> tuple[Regression, Regression, Regression]:
    """Level, line and curve, each to be looked for from perfect calibration on."""
    linked, happened = link_risk(risk, basis.link), follow_up.has_event_by(horizon)
    ones = np.ones((len(linked), 1))
    return (
        Regression(ones, happened, basis.link, linked, np.zeros(1)),
        Regression(
            np.column_stack([ones, linked]),
            happened,
            basis.link,
            0.0,
            np.array([0.0, 1.0]),
            bool(np.ptp(linked) > 0),
        ),
        Regression(basis.design, happened, basis.link, 0.0, basis.perfect),
    )


def _figures(values: dict[str, Any]) -> FloatArray:
    """(..., m) the METRICS of the values and what follows from them."""
    observed, expected = np.asarray(values["observed_risk"]), np.asarray(values["mean_risk"])
    values |= {
        "ipa": 1 - _ratio(values["brier"], values["null_brier"]),
        "observed_over_expected": _ratio(observed, expected),
    }
    return np.stack([values[metric.name] for metric in METRICS], axis=-1).astype(np.float64)


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> FloatArray:
    """NaN where there is no whole."""
    below = np.asarray(whole, dtype=np.float64)
    return np.asarray(np.divide(part, below, out=np.full(below.shape, np.nan), where=below > 0))


@dataclass(frozen=True)
class Measured:
    """(h, m) METRICS by horizon, (i,) INTEGRATED_METRICS, (h, points) calibration curves.

    Of resamples each has a first axis (b,).
    """

    at_horizons: FloatArray
    integrated: FloatArray
    curves: FloatArray


def measure(prepared: Sequence[PreparedRisk], over_time: RisksOverTime | None = None) -> Measured:
    """Everything about one model on its patients; integrated figures need its risks over time."""
    parts = [one.measure() for one in prepared]
    integrated = np.full(len(INTEGRATED_METRICS), np.nan)
    if over_time is not None:
        integrated = _integrate(*over_time.measure(prepared[0].follow_up))
    return Measured(
        np.array([figures for figures, _ in parts]),
        integrated,
        np.array([curve for _, curve in parts]),
    )


def measure_resamples(
    resamples: Resamples, prepared: Sequence[PreparedRisk], over_time: RisksOverTime | None = None
) -> Measured:
    """The same of each resample, first axis (b,)."""
    parts = [one.measure_resamples(resamples) for one in prepared]
    integrated = np.full((len(resamples), len(INTEGRATED_METRICS)), np.nan)
    if over_time is not None:
        integrated = _integrate(*over_time.measure_resamples(resamples))
    return Measured(
        np.stack([figures for figures, _ in parts], axis=1),
        integrated,
        np.stack([curves for _, curves in parts], axis=1),
    )


def _integrate(brier: npt.ArrayLike, null: npt.ArrayLike) -> FloatArray:
    """(..., i) INTEGRATED_METRICS."""
    return np.stack([brier, null, 1 - _ratio(brier, null)], axis=-1)
