"""The few figures that the first paragraph speaks in, from the evaluation with most patients."""

from __future__ import annotations

from dataclasses import dataclass

from models.report.comparison import main_evaluation
from models.report.material import Material

CALIBRATION_TOLERANCE = 0.1


@dataclass(frozen=True)
class Figure:
    """An estimate and its 95 % limits, NaN where there are none."""

    estimate: float
    lower: float
    upper: float

    @property
    def has_limits(self) -> bool:
        """Whether both limits are known."""
        return self.lower == self.lower and self.upper == self.upper


@dataclass(frozen=True)
class Performance:
    """The model at one horizon (years) on ``n`` patients; metrics by name."""

    evaluation: str
    horizon: float
    n: int
    events: int
    figures: dict[str, Figure]

    def __getitem__(self, metric: str) -> Figure:
        return self.figures.get(metric, Figure(float("nan"), float("nan"), float("nan")))

    @property
    def is_calibrated(self) -> bool:
        """Whether as many patients had the event as predicted, within a tenth."""
        return abs(self["observed_over_expected"].estimate - 1) <= CALIBRATION_TOLERANCE

    @property
    def may_be_calibrated(self) -> bool:
        """Whether the interval holds 1."""
        ratio = self["observed_over_expected"]
        return ratio.has_limits and ratio.lower <= 1 <= ratio.upper

    @property
    def is_surely_calibrated(self) -> bool:
        """Whether the whole interval lies within that tenth."""
        ratio = self["observed_over_expected"]
        reach = max(abs(ratio.lower - 1), abs(ratio.upper - 1))
        return ratio.has_limits and reach <= CALIBRATION_TOLERANCE


def summarise_performance(material: Material) -> Performance | None:
    """The model at the last horizon; None before anything was evaluated."""
    columns = ("evaluation", "model", "metric", "horizon", "estimate", "lower", "upper", "n")
    metrics = material.table("metrics", *columns, "events")
    evaluation, horizon = main_evaluation(material), material.last_horizon
    own = metrics[
        (metrics["evaluation"] == evaluation)
        & (metrics["horizon"] == horizon)
        & (metrics["model"] == "calcirisk")
    ]
    if own.empty:
        return None
    figures = {
        str(row["metric"]): Figure(row["estimate"], row["lower"], row["upper"])
        for row in own.to_dict("records")
    }
    sizes = int(own["n"].max()), int(own["events"].max())
    return Performance(evaluation, horizon, *sizes, figures)
