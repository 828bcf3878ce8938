"""How good a cell's risks are, on the patients it did not see."""

from __future__ import annotations

import numpy as np

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.brier import integrated_brier_score, integrated_null_brier_score
from models.metrics.calibration.calibration_curve import calibration_distances
from models.metrics.calibration.level_and_slope import observed_over_expected
from models.metrics.concordance import harrell_c, uno_c
from models.metrics.follow_up import FollowUp


def score_risks(
    endpoint: Endpoint,
    risks: FloatArray,
    times: FloatArray,
    horizons: tuple[float, float],
    truth: FloatArray | None = None,
) -> dict[str, float]:
    """Figures of risks (n, t) by ``times``.

    Ranking is by the risk by the last time, up to which pairs and Brier scores count. With the
    true risk by that time: the oracle's C less the method's, and the root mean squared error.
    Raises ValueError where a risk is no number or outside 0 to 1.
    """
    if risks.shape != (len(endpoint), len(times)):
        raise ValueError(f"risks must be {(len(endpoint), len(times))}, got {risks.shape}")
    if not np.isfinite(risks).all() or risks.min() < -1e-6 or risks.max() > 1 + 1e-6:
        raise ValueError("risks must be numbers between 0 and 1")
    risks = np.clip(risks, 0.0, 1.0)
    follow_up, last = FollowUp.of(endpoint), float(times[-1])
    figures = {
        "uno_c": uno_c(follow_up, risks[:, -1], last),
        "harrell_c": harrell_c(follow_up, risks[:, -1], last),
        "integrated_brier": integrated_brier_score(follow_up, risks, times),
        "integrated_brier_null": integrated_null_brier_score(follow_up, times),
    }
    for name, horizon in zip(("median", "late"), horizons, strict=True):
        risk = risks[:, int(np.argmin(np.abs(times - horizon)))]
        figures[f"ici_{name}"] = calibration_distances(follow_up, risk, horizon).ici
        figures[f"oe_{name}"] = observed_over_expected(follow_up, risk, horizon)
    if truth is not None:
        oracle = harrell_c(follow_up, truth, last)
        figures["oracle_gap"] = oracle - figures["harrell_c"]
        figures["rmse"] = float(np.sqrt(np.mean((risks[:, -1] - truth) ** 2)))
    return figures
