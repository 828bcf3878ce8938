"""Models on one set of patients, and how good their risks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from features.array_types import FloatArray
    from features.endpoint import Endpoint
    from models.evaluation.performance import EvaluationResult

MIN_AT_RISK = 20
"""A horizon that fewer patients are followed up to is left out."""


@dataclass(frozen=True)
class Evaluation:
    """Models on one set of patients: their risks {model: (n, h)} and how good these are.

    ``over_time`` {model: (n, t)}: risks by the `time_steps`; empty for a yes/no cohort.
    """

    X: pd.DataFrame
    endpoint: Endpoint
    horizons: tuple[float, ...]
    risks: dict[str, FloatArray]
    result: EvaluationResult
    over_time: Mapping[str, FloatArray] = field(default_factory=dict)
