"""What `mlflow.models.evaluate` measures of a logged model: C-index, calibration, Brier score."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.metrics.brier import brier_score, index_of_prediction_accuracy
from models.metrics.calibration.level_and_slope import calibration_slope, observed_over_expected
from models.metrics.concordance import harrell_c
from models.metrics.follow_up import FollowUp

if TYPE_CHECKING:
    from mlflow.models import EvaluationMetric

_MEASURES: dict[str, tuple[Callable[[FollowUp, FloatArray, float], float], bool]] = {
    "c_index": (harrell_c, True),
    "observed_over_expected": (observed_over_expected, True),
    "calibration_slope": (calibration_slope, True),
    "brier": (brier_score, False),
    "ipa": (index_of_prediction_accuracy, True),
}


def survival_metrics(horizon: float) -> list[EvaluationMetric]:
    """``extra_metrics`` for `mlflow.models.evaluate`, censoring and competing events allowed for.

    ``targets`` must name the column of events (0, 1, 2) and ``predictions`` the risk by the
    ``horizon`` (years), such as ``risk_10y``; the data must have a column ``time`` (years).
    """
    from mlflow.models import make_metric

    return [
        make_metric(
            eval_fn=_measure(name, horizon),
            greater_is_better=greater,
            name=f"{name}_{horizon:g}y",
        )
        for name, (_, greater) in _MEASURES.items()
    ]


def _measure(name: str, horizon: float) -> Any:
    measure, _ = _MEASURES[name]

    def eval_fn(predictions: pd.Series, targets: pd.Series, time: pd.Series) -> float:
        endpoint = Endpoint(np.asarray(time, np.float64), np.asarray(targets).astype(np.int8))
        risk = np.asarray(predictions, dtype=np.float64)
        return float(measure(FollowUp.of(endpoint), risk, horizon))

    return eval_fn
