"""The few figures that the first paragraph speaks in, from the evaluation with most patients."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

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
    """The model at one horizon (years) on ``n`` patients; metrics by name.

    ``others``: the same at the other horizons whose calibration was measured, by time.
    """

    evaluation: str
    horizon: float
    n: int
    events: int
    figures: dict[str, Figure]
    others: tuple[Performance, ...] = ()

    def __getitem__(self, metric: str) -> Figure:
        return self.figures.get(metric, Figure(float("nan"), float("nan"), float("nan")))

    @property
    def is_calibrated(self) -> bool:
        """Whether as many patients had the event as predicted, within a tenth."""
        return abs(self["observed_over_expected"].estimate - 1) <= CALIBRATION_TOLERANCE

    @property
    def as_well(self) -> tuple[Performance, ...]:
        """The other horizons at which it is calibrated."""
        return tuple(one for one in self.others if one.is_calibrated)

    @property
    def off(self) -> tuple[Performance, ...]:
        """The other horizons at which it is not."""
        return tuple(one for one in self.others if not one.is_calibrated)

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
    """The model at the last horizon, and at the others; None before anything was evaluated."""
    columns = ("evaluation", "model", "metric", "horizon", "estimate", "lower", "upper", "n")
    metrics = material.table("metrics", *columns, "events")
    evaluation, horizon = main_evaluation(material), material.last_horizon
    own = metrics[(metrics["evaluation"] == evaluation) & (metrics["model"] == "calcirisk")]
    horizons = sorted(map(float, own["horizon"].unique()))
    at = {years: _read(evaluation, years, own[own["horizon"] == years]) for years in horizons}
    if horizon not in at:
        return None
    ratio = "observed_over_expected"
    others = [one for years, one in at.items() if years != horizon and ratio in one.figures]
    return replace(at[horizon], others=tuple(others))


def _read(evaluation: str, horizon: float, rows: pd.DataFrame) -> Performance:
    figures = {
        str(row["metric"]): Figure(row["estimate"], row["lower"], row["upper"])
        for row in rows.to_dict("records")
        if row["estimate"] == row["estimate"]
    }
    sizes = int(rows["n"].max()), int(rows["events"].max())
    return Performance(evaluation, horizon, *sizes, figures)
