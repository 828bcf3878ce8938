"""What a person asks of `calcirisk forecast`, and what each column of its output means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.progression.forecaster import THRESHOLDS
from models.progression.predictor import QUANTILES
from pipeline.scoring.columns import (
    IDENTIFIER,
    describe_change,
    describe_origin,
    describe_reasons,
    number_column,
    text_column,
)
from pipeline.scoring.request import ScoreRequest


@dataclass(frozen=True)
class ForecastRequest(ScoreRequest):
    """What to forecast. ``horizons``: years ahead, None for those of the model.

    ``n_reasons``: contributions to the expected score after the last of the years. ``thresholds``:
    scores whose passing is wanted, AU. Categories, comparison and intervals are those of risks.
    """

    n_reasons: int = 0
    thresholds: tuple[float, ...] = THRESHOLDS

    @property
    def settings(self) -> dict[str, Any]:
        """What is asked for, plainly. Raises ConfigError where nobody can have it."""
        wanted = self.wanted
        return {
            "years": wanted.horizons,
            "thresholds": self.thresholds,
            "reasons": wanted.reasons,
            "points": wanted.points,
            "keep": wanted.keep,
        }


def describe_forecast(
    request: ForecastRequest, years: Sequence[float], with_change: bool
) -> Mapping[str, dict[str, Any]]:
    """Every column of the output in its order: its type, and what it means."""
    told = {IDENTIFIER: text_column("patient identifier, as in the source")}
    for after in years:
        score = f"Agatston score that a scan after {after:g} years would show"
        told[f"cac_{after:g}y"] = number_column(f"expected {score}, AU; empty without a score now")
        for share in QUANTILES:
            name = f"cac_{after:g}y_q{round(100 * share):02d}"
            told[name] = number_column(f"quantile {share:g} of the {score}, AU")
        for threshold in dict.fromkeys((0.0, *request.thresholds)):
            name = f"above_{threshold:g}_{after:g}y"
            told[name] = number_column(f"chance that it is above {threshold:g} AU, as a fraction")
    if with_change:
        told |= describe_change()
        told["growth_model"] = text_column(
            "slow (below 20 %), expected or rapid (above 80 %) for such a patient by the model; "
            "empty where it cannot say, or the scans are not comparable"
        )
    reason = f"the score expected after {years[-1]:g} years"
    told |= describe_reasons(reason, request.n_reasons, request.points, "AU")
    return {**told, **describe_origin(request.keep)}
