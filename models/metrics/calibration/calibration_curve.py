"""The smooth calibration curve, and how far risks lie from it (ICI, E50, E90).

The state at the horizon is regressed, by direct binomial regression, on a restricted cubic spline
of the linked risk with three knots at its 10th, 50th and 90th percentiles (Austin, Harrell and van
Klaveren 2020, Stat Med 39:2714; Austin et al. 2022, Diagn Progn Res 6:2, who fit Fine-Gray to the
same basis). Where risks take few values the curve is the straight line on the linked scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.learners.shapes.bends import restricted_cubic
from models.metrics.calibration.binomial_regression import Link, fit_binomial, link_risk, unlink
from models.metrics.calibration.level_and_slope import calibration_link
from models.metrics.follow_up import FollowUp, check_risk

_KNOT_QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class CalibrationCurve:
    """Predicted risk to smoothed observed risk."""

    link: Link
    knots: FloatArray
    coefficients: FloatArray

    def at(self, risk: npt.ArrayLike) -> FloatArray:
        """Observed risk of patients with these predicted risks, same shape."""
        return unlink(
            _design(link_risk(risk, self.link), self.knots) @ self.coefficients, self.link
        )


@dataclass(frozen=True)
class CurveBasis:
    """The spline of these risks, made once for many resamples of the patients."""

    risk: FloatArray
    link: Link
    knots: FloatArray = field(repr=False)
    design: FloatArray = field(repr=False)

    @classmethod
    def of(cls, follow_up: FollowUp, risk: npt.ArrayLike) -> CurveBasis:
        """The basis for the (n,) risks of these patients."""
        given = check_risk(follow_up, risk)
        link = calibration_link(follow_up)
        linked = link_risk(given, link)
        knots = np.unique(np.quantile(linked, _KNOT_QUANTILES))
        return cls(given, link, knots, _design(linked, knots))

    def fit(self, follow_up: FollowUp, horizon: float) -> CalibrationCurve:
        """The curve of this sample at the horizon. Raises HorizonError beyond follow-up."""
        weight, outcome = follow_up.known_state_weights(horizon), follow_up.has_event_by(horizon)
        start = self.perfect
        coefficients = fit_binomial(self.design, outcome, weight, self.link, start=start)
        return CalibrationCurve(self.link, self.knots, coefficients)

    @property
    def perfect(self) -> FloatArray:
        """(p,) the coefficients of perfect calibration, where a fit begins to look."""
        coefficients = np.zeros(self.design.shape[1])
        coefficients[1:2] = 1.0
        return coefficients

    def draw(self, betas: FloatArray, risk: npt.ArrayLike) -> FloatArray:
        """(b, k) the curves with coefficients (b, p) at these risks (k,)."""
        points = _design(link_risk(risk, self.link), self.knots)
        return unlink(betas @ points.T, self.link)

    def smooth(self, curve: CalibrationCurve) -> FloatArray:
        """(n,) what the curve makes of each patient's risk."""
        return unlink(self.design @ curve.coefficients, self.link)

    def distances(
        self, follow_up: FollowUp, curve: CalibrationCurve, origin: FloatArray | None = None
    ) -> CalibrationDistances:
        """ICI, E50 and E90 of this sample, measured from its own curve.

        With ``origin`` (n,), such as another sample's smooth risks, the distances from these.
        """
        gap = np.abs(self.smooth(curve) - (self.risk if origin is None else origin))
        if not np.isfinite(gap).all():
            return CalibrationDistances(*[float("nan")] * 3)
        order = np.argsort(gap)
        reached = np.cumsum(follow_up.counts[order]) / follow_up.size
        middle, ninth = (gap[order][np.searchsorted(reached, q - 1e-12)] for q in (0.5, 0.9))
        ici = np.average(gap, weights=follow_up.counts)
        return CalibrationDistances(float(ici), float(middle), float(ninth))


@dataclass(frozen=True)
class CalibrationDistances:
    """Mean (ICI), median (E50) and 90th percentile (E90) of |curve - risk|, as fractions.

    They cannot be negative, so noise alone makes them positive: read them beside their intervals,
    which begin at 0 where noise would do (models/metrics/bootstrap.py: distance_interval).
    """

    ici: float
    e50: float
    e90: float


def calibration_curve(follow_up: FollowUp, risk: npt.ArrayLike, horizon: float) -> CalibrationCurve:
    """Smooth curve of observed on the (n,) predicted risks at the horizon (years)."""
    return CurveBasis.of(follow_up, risk).fit(follow_up, horizon)


def calibration_distances(
    follow_up: FollowUp, risk: npt.ArrayLike, horizon: float
) -> CalibrationDistances:
    """ICI, E50 and E90 of the (n,) predicted risks at the horizon (years)."""
    basis = CurveBasis.of(follow_up, risk)
    return basis.distances(follow_up, basis.fit(follow_up, horizon))


def _design(linked: FloatArray, knots: FloatArray) -> FloatArray:
    """(..., p) intercept, linear term and, with three knots, Harrell's restricted cubic term."""
    columns = [np.ones_like(linked)]
    if len(knots) > 1:
        columns.append(linked)
    if len(knots) == len(_KNOT_QUANTILES):
        columns.append(restricted_cubic(linked[..., None], knots[None])[..., 0])
    return np.stack(columns, axis=-1)
