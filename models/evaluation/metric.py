"""The figures every model is measured by, and how to read each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """``better`` says which way is good; "ideal" means the closer to ``ideal`` the better.

    ``is_distance``: it cannot be negative and noise makes it positive, so that its limits are those
    of `distance_interval`, and a difference of two of them has none (docs/decisions/0025).
    """

    name: str
    label: str
    better: Literal["higher", "lower", "ideal"]
    ideal: float | None = None
    is_distance: bool = False


METRICS: tuple[Metric, ...] = (
    Metric("c_index", "Harrell's C", "higher"),
    Metric("uno_c", "Uno's C", "higher"),
    Metric("auc", "AUC", "higher"),
    Metric("brier", "Brier score", "lower"),
    Metric("null_brier", "Brier score of the null model", "lower"),
    Metric("ipa", "Index of prediction accuracy", "higher"),
    Metric("mean_risk", "Mean predicted risk", "ideal"),
    Metric("observed_risk", "Observed risk", "ideal"),
    Metric("observed_over_expected", "Observed over expected", "ideal", 1.0),
    Metric("calibration_in_the_large", "Calibration in the large", "ideal", 0.0),
    Metric("calibration_slope", "Calibration slope", "ideal", 1.0),
    Metric("ici", "Integrated calibration index", "lower", is_distance=True),
    Metric("e50", "Median calibration error", "lower", is_distance=True),
    Metric("e90", "90th percentile of the calibration error", "lower", is_distance=True),
)
"""Measured at every horizon."""

INTEGRATED_METRICS: tuple[Metric, ...] = (
    Metric("integrated_brier", "Brier score, mean over time up to the horizon", "lower"),
    Metric("integrated_null_brier", "The same of the null model", "lower"),
    Metric("integrated_ipa", "Index of prediction accuracy, over the same time", "higher"),
)
"""Measured once, up to the last horizon, where risks over time are known."""

DISTANCES = tuple(metric.name for metric in METRICS if metric.is_distance)
"""Metrics whose draws are distances between curves."""

COMPARED = ("c_index", "uno_c", "auc", "brier", "ipa", "integrated_brier")
"""Metrics whose paired differences are of use."""


def name_at(metric: str, horizon: float) -> str:
    """``c_index_10y``: the flat name of a metric at a horizon in years."""
    return f"{metric}_{horizon:g}y"
